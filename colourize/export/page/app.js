/**
 * The page: a picture comes in, a network colours it, and what somebody does to it is asked of the engine.
 */
import { saysClasses } from "./answers.js";
import { Client } from "./client.js";
import { Comparison } from "./comparison.js";
import { MOST_PIXELS, Unreadable, openPicture, save, withAtMost } from "./files.js";
import { Hints } from "./hints.js";
import { nameOf } from "./names.js";
import { Samples } from "./samples.js";
import { STOPPED, serve } from "./server.js";
import { Stage } from "./stage.js";
import { Teacher } from "./teacher.js";
import { fillWords, say } from "./words.js";

/** @typedef {import("./engine.js").Part} Part */
/** @typedef {import("./files.js").Opened} Opened */
/** @typedef {{networks: Omit<Part, "numbers">[], examples: string[]}} Contents */

const MOST_ENLARGED = 128 * 128; // pixels of a picture that is enlarged: a second or two of work
const SAMPLES = 6, ROUNDS = 16;

/** What a network is for. @param {Part} part @returns {"enlarge" | "paint" | "colour"} */
function purposeOf({ facts: { degradation, answer } }) {
  if (degradation.kind === "low_resolution") return "enlarge";
  return degradation.kind === "hints" && saysClasses(answer) ? "paint" : "colour";
}

class App {
  /** @param {Contents} contents @param {Part[]} parts @param {string} program */
  constructor(contents, parts, program) {
    this.parts = parts;
    this.client = new Client(parts, program);
    this.which = 0;
    /** @type {Opened | null} */
    this.picture = null;
    this.low = { width: 1, height: 1 };
    /** @type {import("./resize.js").Levels | null} - the enlarged picture, once it is there. */
    this.result = null;
    this.working = this.again = false;
    this.stage = new Stage(element, {
      place: (at) => this.attempt(() => this.hints.add(at)),
      choose: (number) => this.hints.choose(number),
      drag: (to, goesOn) => this.hints.drag(to, goesOn),
      remove: (at) => this.hints.removeAt(at),
      nudge: (by) => this.hints.nudge(by),
      visit: (at) => this.attempt(() => this.visit(at)),
    });
    this.hints = new Hints(element, {
      changed: () => this.hintsChanged(),
      chosen: () => this.attempt(() => this.refresh()),
      tell: (text) => this.tell(text),
      fail: (text) => this.fail(text),
      likeliest: async (at, hints) => (await this.client.ask("likeliest", { ...this.question(), ...at, hints, colour: null })).likely,
      size: () => this.low,
    });
    this.samples = new Samples(element, {
      draw: (seed) => this.draw(seed),
      chosen: () => this.refresh(),
      tell: (text) => this.tell(text),
      attempt: (work) => this.attempt(work),
    });
    this.comparison = new Comparison(element);
    this.teacher = new Teacher(element, (block) => this.client.ask("features", { ...this.question(), block }));
    this.listen();
    this.showNetworks();
    this.showExamples(contents.examples);
    this.use(0);
    if (contents.examples.length) this.openExample(contents.examples[0], 0);
  }

  get part() {
    return this.parts[this.which];
  }

  get enlarges() {
    return purposeOf(this.part) === "enlarge";
  }

  get takesHints() {
    return purposeOf(this.part) === "paint";
  }

  /** What is asked about: the network, the hints and the temperature. */
  question() {
    return { which: this.which, hints: this.takesHints ? this.hints.hints : [], temperature: Number(element("temperature").value), sample: this.samples.chosen };
  }

  /** @param {string} text */
  tell(text) {
    element("status").textContent = text;
  }

  /** @param {string} text */
  fail(text) {
    element("problem").textContent = text;
    element("problem").hidden = !text;
  }

  /** Do something that may fail, and say so where it does. @param {() => Promise<void>} work */
  async attempt(work) {
    try {
      this.fail("");
      await work();
    } catch (error) {
      if (error instanceof Unreadable) this.fail(say(error.message, error.values));
      else if (!(error instanceof Error && error.message === STOPPED)) this.fail(say("failed", { reason: error instanceof Error ? error.message : error }));
    }
  }

  listen() {
    for (const id of ["open", "photograph"]) {
      const field = /** @type {HTMLInputElement} */ (element(id));
      field.addEventListener("change", () => {
        if (field.files?.length) this.openFile(field.files[0]);
        field.value = ""; // the same file can be chosen again
      });
    }
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => this.openTransfer(event, event.dataTransfer));
    addEventListener("paste", (event) => {
      if (!(event.target instanceof HTMLInputElement)) this.openTransfer(event, event.clipboardData);
    });
    addEventListener("keydown", (event) => this.key(event));
    element("save").addEventListener("click", () => this.attempt(() => this.save()));
    element("temperature").addEventListener("input", () => this.showTemperature());
    element("temperature").addEventListener("change", () => this.attempt(() => this.refresh()));
    element("unsure").addEventListener("change", () => this.attempt(() => this.refresh()));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !this.takesHints) return;
    if (event.target instanceof HTMLInputElement && event.target.type === "text") return; // it has an undo of its own
    const key = event.key.toLowerCase(), redoes = key === "y" || (key === "z" && event.shiftKey);
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    this.attempt(() => (redoes ? this.hints.redo() : this.hints.undo()));
  }

  /** @param {Event} event @param {DataTransfer | null} transfer */
  openTransfer(event, transfer) {
    event.preventDefault();
    const files = [...(transfer?.files ?? [])], file = files.find((each) => each.type.startsWith("image/")) ?? files[0];
    if (file) this.openFile(file);
    else this.fail(say("noPicture"));
  }

  /** @param {File} file */
  openFile(file) {
    return this.attempt(async () => this.begin(await openPicture(file, file.name || "picture")));
  }

  /** @param {string} source @param {number} number */
  openExample(source, number) {
    return this.attempt(async () => this.begin(await openPicture(source, say("example", { number: number + 1 }))));
  }

  /** @param {Opened} picture */
  async begin(picture) {
    this.picture = picture;
    this.hints.reset();
    await this.reopen();
    const { full, original: [width, height], name, notes } = picture;
    const bounded = full.width < width ? [say("bounded", { width, height, most: MOST_PIXELS / 1e6 })] : [];
    if (!this.enlarges) this.tell([say("opened", { name, width: full.width, height: full.height }), ...bounded, ...notes.map((note) => say(note))].join(" "));
  }

  /** Give the picture to the network in use. */
  async reopen() {
    const { picture } = this;
    if (!picture) return;
    const full = this.enlarges ? withAtMost(picture.full, MOST_ENLARGED) : picture.full;
    await this.client.ask("open", { full, display: this.enlarges ? full : picture.display });
    this.samples.reset();
    if (this.enlarges) {
      await this.enlarge(full);
      return;
    }
    const { grey, low } = await this.client.ask("grey", { which: this.which });
    this.low = low;
    this.lowPicture = low;
    this.stage.open(grey, low, this.takesHints);
    await this.refresh();
  }

  /** @param {import("./resize.js").Levels} small */
  async enlarge(small) {
    this.result = null;
    this.tell(say("enlarging"));
    const pictures = await this.client.ask("enlarge", { which: this.which });
    this.result = pictures.network;
    this.comparison.show(pictures);
    const scaled = small.width < (this.picture?.full.width ?? 0) ? [say("small", small)] : [];
    this.tell([say("enlarged", pictures.network), ...scaled].join(" "));
    await this.teacher.explain(this.part, small);
  }

  /** What depends on hints and settings; of many changes at once the last one is enough. */
  async refresh() {
    this.again = true;
    if (this.working) return;
    this.working = true;
    try {
      while (this.again && this.picture && !this.enlarges) {
        this.again = false;
        const question = this.question(), { hints } = question;
        const { picture, milliseconds } = await this.client.ask("colour", question);
        const uncertainty = element("unsure").checked && saysClasses(this.part.facts.answer) ? await this.client.ask("uncertainty", question) : null;
        const looks = await this.client.ask("looks", question).catch(() => []);
        if (this.again) continue;
        this.stage.colour(picture);
        this.stage.showUncertainty(uncertainty);
        element("legend").hidden = !uncertainty;
        this.stage.showMarks(hints.map(({ row, column }, number) => ({ row, column, look: looks[number] })), this.hints.chosen);
        if (this.takesHints) this.hints.render(looks);
        await this.teacher.explain(this.part, this.lowPicture, milliseconds, hints.length > 0);
      }
    } finally {
      this.working = false;
    }
  }

  hintsChanged() {
    if (this.hints.hints.length && Number(element("split").value) > 0) this.stage.split(0);
    this.samples.reset();
    return this.attempt(() => this.refresh());
  }

  /** Say what lies under the cursor. @param {import("./stage.js").Place} at */
  async visit({ row, column }) {
    const there = this.hints.hints.findIndex((hint) => hint.row === row && hint.column === column);
    const { likely } = await this.client.ask("likeliest", { ...this.question(), row, column, colour: null });
    if (there >= 0) this.tell(this.hints.words("hint", there, this.hints.hints[there], likely[0].look));
    else if (likely.length) this.tell(say("cursor", { row: row + 1, column: column + 1, colour: nameOf(likely[0].look) }));
  }

  /** @param {number} seed */
  async draw(seed) {
    const bar = element("progress");
    bar.hidden = false;
    bar.value = 0;
    element("draw").disabled = true;
    this.tell(say("drawing"));
    try {
      const question = { ...this.question(), temperature: 1, count: SAMPLES, rounds: ROUNDS, seed };
      return await this.client.ask("draw", question, (share) => { bar.value = share; });
    } finally {
      bar.hidden = true;
      element("draw").disabled = false;
    }
  }

  async save() {
    if (!this.picture) return;
    const levels = this.enlarges ? this.result : await this.client.ask("full", this.question());
    if (!levels) return;
    const name = `${this.picture.name.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "-")}-${this.enlarges ? "enlarged" : "coloured"}.png`;
    await save(levels, name);
    this.tell(say("saved", { name, width: levels.width, height: levels.height }));
  }

  showTemperature() {
    element("temperature-label").textContent = say("temperature", { value: Number(element("temperature").value).toFixed(2) });
  }

  showNetworks() {
    element("networks").hidden = this.parts.length < 2;
    element("networks").append(...this.parts.map((part, number) => {
      const label = document.createElement("label"), choice = document.createElement("input");
      const { degradation } = part.facts;
      label.className = "inline";
      choice.type = "radio";
      choice.name = "network";
      choice.checked = number === 0;
      choice.addEventListener("change", () => this.attempt(async () => {
        this.use(number);
        this.hints.reset();
        await this.reopen();
      }));
      label.append(choice, say(purposeOf(part), { factor: degradation.kind === "low_resolution" ? degradation.factor : 1 }));
      return label;
    }));
  }

  /** @param {string[]} examples */
  showExamples(examples) {
    element("examples").append(...examples.map((source, number) => {
      const item = document.createElement("li"), choose = document.createElement("button"), image = document.createElement("img");
      choose.type = "button";
      image.src = source;
      image.alt = say("example", { number: number + 1 });
      choose.append(image);
      choose.addEventListener("click", () => this.openExample(source, number));
      item.append(choose);
      return item;
    }));
  }

  /** Use a network. @param {number} which */
  use(which) {
    this.which = which;
    const { answer } = this.part.facts, classes = saysClasses(answer);
    element("frame").hidden = this.enlarges;
    element("comparison").hidden = !this.enlarges;
    element("hints").hidden = element("samples").hidden = !this.takesHints;
    element("look").hidden = !classes || this.enlarges;
    element("legend").hidden = true;
    if (answer.kind === "palette" || answer.kind === "ab_bins") element("temperature").value = String(answer.temperature);
    this.showTemperature();
    this.teacher.use(this.part);
  }
}

/** @param {string} id @returns {any} */
function element(id) {
  return document.getElementById(id);
}

if (typeof document === "undefined") {
  if (typeof self !== "undefined") serve(self);
} else {
  fillWords(document);
  /** @type {Contents} */
  const contents = JSON.parse(element("contents").textContent);
  const parts = contents.networks.map((network, number) => ({ ...network, numbers: element(`numbers-${number}`).textContent.trim() }));
  Object.assign(globalThis, { app: new App(contents, parts, element("program").textContent) });
}
