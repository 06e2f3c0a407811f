/**
 * The page: a picture comes in, a network colours it, and what somebody does to it is asked of the engine.
 */
import { saysClasses } from "./answers.js";
import { Client } from "./client.js";
import { Comparison } from "./comparison.js";
import { MOST_PIXELS, Unreadable, openPicture, save, withAtMost } from "./files.js";
import { Hints } from "./hints.js";
import { listenForPictures, showExamples } from "./incoming.js";
import { Samples } from "./samples.js";
import { STOPPED, serve } from "./server.js";
import { Stage } from "./stage.js";
import { Changes, coloured, subjectOf } from "./state.js";
import { Teacher } from "./teacher.js";
import { enable, fillWords, say } from "./words.js";

/** @typedef {import("./engine.js").Part} Part */
/** @typedef {import("./files.js").Opened} Opened */
/** @typedef {import("./stage.js").Place} Place */
/** @typedef {import("./state.js").Change} Change */
/** @typedef {import("./state.js").Spot} Spot */
/** @typedef {{networks: Omit<Part, "numbers">[], examples: string[]}} Contents */

const MOST_ENLARGED = 128 * 128; // pixels of a picture that is enlarged: a second or two of work

/** What a network is for. @param {Part} part @returns {"enlarge" | "paint" | "colour"} */
function purposeOf({ facts: { degradation, answer } }) {
  if (degradation.kind === "low_resolution") return "enlarge";
  return degradation.kind === "hints" && saysClasses(answer) ? "paint" : "colour";
}

/** How a picture begins with a network: as the network colours it. @param {Part} part @param {number} which */
function startOf({ facts: { answer } }, which) {
  const temperature = answer.kind === "palette" || answer.kind === "ab_bins" ? answer.temperature : 1;
  return { which, spots: /** @type {Spot[]} */ ([]), chosen: null, temperature, sample: null };
}

class App {
  /** @param {Contents} contents @param {Part[]} parts @param {string} program */
  constructor(contents, parts, program) {
    this.parts = parts;
    this.client = new Client(parts, program);
    this.changes = new Changes({ picture: null, ...startOf(parts[0], 0) });
    /** @type {import("./resize.js").Levels} - the picture as the network is given it. */
    this.low = { width: 1, height: 1, data: new Uint8ClampedArray(4), channels: 4 };
    /** @type {import("./resize.js").Levels | null} - the enlarged picture, once it is there. */
    this.result = null;
    /** @type {{picture: Opened | null, which: number} | null} - what the engine works with. */
    this.used = null;
    this.working = this.again = this.saving = false;
    this.shown = -1; // the network that the panels are for
    /** How many pictures are on their way into the engine: until then there is nothing to ask. */
    this.entering = 0;
    const go = (/** @type {Change} */ change) => this.attempt(() => this.go(change));
    const tell = (/** @type {string} */ text) => this.tell(text);
    this.stage = new Stage(element, {
      place: (at) => this.attempt(async () => { if (!this.entering) await this.hints.add(at); }),
      choose: (number) => this.hints.choose(number),
      drag: (number, to, name) => this.hints.move(number, to, name),
      dropped: () => this.hints.dropped(),
      remove: (at) => this.hints.removeAt(at),
      nudge: (by) => this.hints.nudge(by),
      visit: (at) => this.attempt(async () => this.tell(await this.hints.describe(at))),
    });
    this.hints = new Hints(element, {
      go, tell,
      refresh: () => this.attempt(() => this.refresh()),
      state: () => this.state,
      attempt: (work) => this.attempt(work),
      choose: (number) => this.changes.choose(number),
      reveal: (at) => this.stage.reveal(at),
      look: async (at) => (await this.looks([{ colour: null, ...at }]))[0],
      likeliest: (at, others) => this.client.ask("likeliest", { ...this.question(), ...at, hints: coloured(others) }),
      size: () => this.low,
    });
    this.samples = new Samples(element, {
      go, tell,
      progress: (says) => this.progress(says),
      draw: (seeds, advance) => this.client.ask("draw", { ...this.question(), seeds }, advance),
      attempt: (work) => this.attempt(work),
    });
    this.comparison = new Comparison(element);
    this.teacher = new Teacher(element, (block) => this.client.ask("features", { ...this.question(), block }));
    this.listen();
    this.showNetworks();
    const open = (/** @type {Blob | string} */ source, /** @type {string} */ name) => this.open(source, name);
    listenForPictures(element, open, () => this.fail(say("noPicture")));
    showExamples(element("examples"), contents.examples, open);
    this.show();
    if (contents.examples.length) this.open(contents.examples[0], say("example", { number: 1 }));
  }

  get state() {
    return this.changes.now;
  }

  get picture() {
    return this.state.picture;
  }

  get part() {
    return this.parts[this.state.which];
  }

  get enlarges() {
    return purposeOf(this.part) === "enlarge";
  }

  get takesHints() {
    return purposeOf(this.part) === "paint";
  }

  /** What is asked about. @returns {import("./server.js").Question} */
  question() {
    const { which, spots, temperature, sample } = this.state;
    return { which, hints: coloured(spots), temperature, sample };
  }

  /** How places look now. @param {(Place & {colour: string | null})[]} places @returns {Promise<string[]>} */
  looks(places) {
    return this.client.ask("looks", { ...this.question(), places });
  }

  /** @param {string} text */
  tell(text) {
    element("status").textContent = text;
    if (text) this.fail("");
  }

  /** Say how far work is, until something else is said. @param {(share: number) => string} says @returns {(share: number) => void} */
  progress(says) {
    let last = says(0);
    this.tell(last);
    return (share) => {
      const text = says(share);
      if (text !== last && element("status").textContent === last) this.tell(last = text);
    };
  }

  /** @param {string} text */
  fail(text) {
    element("problem").textContent = text;
    element("problem").hidden = !text;
    if (text) this.tell("");
  }

  /** Do something that may fail, and say so where it does. @param {() => Promise<void>} work */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error instanceof Unreadable) this.fail(say(error.message, error.values));
      else if (!(error instanceof Error && error.message === STOPPED)) this.fail(say("failed", { reason: error instanceof Error ? error.message : error }));
    }
  }

  listen() {
    const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {() => Promise<void> | void} */ work) =>
      element(id).addEventListener(event, () => this.attempt(async () => work()));
    const temperature = element("temperature");
    addEventListener("keydown", (event) => this.key(event));
    on("save", "click", () => this.save());
    on("undo", "click", () => this.step(this.changes.undo()));
    on("redo", "click", () => this.step(this.changes.redo()));
    on("restart", "click", () => this.restart());
    on("temperature", "input", () => this.heat(Number(temperature.value)));
    on("temperature-usual", "click", () => this.cool());
    on("unsure", "change", () => {
      const isShown = element("unsure").checked, behind = isShown && this.stage.hidesAll ? [say("uncertaintyBehind")] : [];
      this.tell([say(isShown ? "uncertaintyShown" : "uncertaintyHidden"), ...behind].join(" "));
      return this.refresh();
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target instanceof HTMLInputElement && event.target.type === "text") return; // it has an undo of its own
    const key = event.key.toLowerCase(), redoes = key === "y" || (key === "z" && event.shiftKey);
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    this.attempt(() => this.step(redoes ? this.changes.redo() : this.changes.undo()));
  }

  /** Make a change, say it, and show what comes of it. @param {Change} change */
  go(change) {
    const says = this.changes.make(change), hidesMap = change.colours && element("unsure").checked;
    if (hidesMap) element("unsure").checked = false;
    return this.step(hidesMap ? `${says} ${say("uncertaintyHidden")}` : says);
  }

  /** Show the state to which somebody went. @param {string} says */
  async step(says) {
    const hadDrafts = this.samples.areShown;
    this.show();
    const gone = hadDrafts && !this.samples.areShown ? say("draftsGone") : "";
    if (says || gone) this.tell(`${says} ${gone}`.trim());
    const { picture, which } = this.state;
    if (picture === this.used?.picture && which === this.used?.which) await this.refresh();
    else await this.enter();
  }

  async restart() {
    if (this.isAtStart()) return;
    const { which } = this.state;
    await this.go({ to: startOf(this.part, which), done: say("doneRestart"), says: say("restarted") });
  }

  isAtStart() {
    const { spots, temperature, sample, which } = this.state;
    return !spots.length && sample === null && temperature === startOf(this.part, which).temperature;
  }

  /** @param {number} temperature */
  async heat(temperature) {
    if (temperature === this.state.temperature) return;
    const series = "temperature", says = this.state.series === series ? "" : say("temperatureChanged");
    await this.go({ to: { temperature }, series, says, done: say("doneTemperature", { value: said(temperature) }) });
  }

  /** Back to the usual temperature, a step of its own. */
  async cool() {
    const { temperature } = startOf(this.part, this.state.which), value = said(temperature);
    if (temperature === this.state.temperature) return;
    await this.go({ to: { temperature }, says: say("temperatureBack", { value }), done: say("doneTemperature", { value }) });
  }

  /** Open a picture. @param {Blob | string} source @param {string} name */
  open(source, name) {
    return this.attempt(async () => {
      element("frame").classList.add("busy");
      this.tell(say("opening", { name }));
      try {
        const picture = await openPicture(source, name);
        this.stage.begin();
        await this.begin({ to: { picture, ...startOf(this.part, this.state.which) }, done: say("doneOpened", { name }) });
      } finally {
        element("frame").classList.remove("busy");
      }
    });
  }

  /** Give picture and network to the engine. */
  async enter() {
    const { picture, which } = this.state;
    if (!picture) return;
    const { enlarges } = this, used = this.used = { picture, which };
    this.entering++;
    try {
      const full = enlarges ? withAtMost(picture.full, MOST_ENLARGED) : picture.full;
      await this.client.ask("open", { full, display: enlarges ? full : picture.display });
      if (this.used !== used) return; // somebody went on meanwhile
      if (enlarges) {
        await this.enlarge(full);
      } else {
        const { grey, low } = await this.client.ask("grey", { which });
        if (this.used !== used) return;
        this.low = low;
        this.stage.open(grey, low, this.takesHints);
      }
    } catch (error) {
      if (this.used === used) this.used = null; // so that it is tried again
      throw error;
    } finally {
      this.entering--;
    }
    await this.refresh();
  }

  /** Go on to another picture or network, and say what is shown then. @param {Change} change */
  async begin(change) {
    await this.go(change);
    if (this.picture && !this.enlarges) this.tell(this.introduction(this.picture));
  }

  /** What is said of a picture that was opened. @param {Opened} picture */
  introduction({ full, original: [width, height], name, notes }) {
    const bounded = full.width < width ? [say("bounded", { width, height, most: MOST_PIXELS / 1e6 })] : [];
    const next = this.takesHints ? [say("whatNext")] : [];
    return [say("opened", { name, width: full.width, height: full.height }), ...bounded, ...notes.map((note) => say(note)), ...next].join(" ");
  }

  /** @param {import("./resize.js").Levels} small */
  async enlarge(small) {
    const { used } = this;
    this.result = null;
    this.tell(say("enlarging"));
    const pictures = await this.client.ask("enlarge", { which: this.state.which });
    if (this.used !== used) return;
    this.result = pictures.network;
    this.comparison.show(pictures);
    const scaled = small.width < (this.picture?.full.width ?? 0) ? [say("small", small)] : [];
    this.tell([say("enlarged", pictures.network), ...scaled].join(" "));
    await this.teacher.explain(this.part, small);
  }

  /** What depends on spots and settings; of many changes at once the last one is enough. */
  async refresh() {
    this.again = true;
    if (this.working) return;
    this.working = true;
    try {
      while (this.again && this.picture && !this.enlarges && !this.entering) {
        this.again = false;
        const question = this.question(), { spots, chosen } = this.state;
        const { picture, seen, milliseconds } = await this.client.ask("colour", question);
        const uncertainty = element("unsure").checked && saysClasses(this.part.facts.answer) ? await this.client.ask("uncertainty", question) : null;
        const looks = spots.length ? await this.looks(spots) : [];
        if (this.again || this.entering) continue;
        this.stage.colour(picture);
        this.stage.showUncertainty(uncertainty);
        this.stage.showMarks(spots.map(({ row, column }, number) => ({ row, column, look: looks[number] })), chosen);
        if (this.takesHints) this.hints.render(looks);
        await this.teacher.explain(this.part, seen, milliseconds, question.hints.length > 0);
      }
    } finally {
      this.working = false;
    }
  }

  /** Show the state as far as no network is needed for it. */
  show() {
    const { history: { canUndo, canRedo } } = this.changes, { which, temperature, sample } = this.state;
    const start = startOf(this.part, which);
    if (which !== this.shown) this.use(which);
    enable(element("undo"), canUndo);
    enable(element("redo"), canRedo);
    enable(element("restart"), !this.isAtStart());
    enable(element("temperature-usual"), temperature !== start.temperature);
    element("temperature-usual").textContent = say("temperatureUsual", { value: said(start.temperature) });
    element("temperature").value = String(temperature);
    element("temperature-value").textContent = say("temperatureValue", { value: said(temperature) });
    this.samples.show(subjectOf(this.state), sample);
  }

  /** Show what a network can do. @param {number} which */
  use(which) {
    this.shown = which;
    [...element("networks").querySelectorAll("input")].forEach((choice, number) => { choice.checked = number === which; });
    element("frame").hidden = this.enlarges;
    element("comparison").hidden = !this.enlarges;
    element("hints").hidden = element("samples").hidden = !this.takesHints;
    element("look").hidden = !saysClasses(this.part.facts.answer) || this.enlarges;
    this.teacher.use(this.part);
  }

  async save() {
    const { picture } = this;
    if (!picture || this.saving) return;
    this.saving = true;
    enable(element("save"), false);
    try {
      await this.saveAs(picture);
    } finally {
      this.saving = false;
      enable(element("save"), true);
    }
  }

  /** @param {Opened} picture */
  async saveAs(picture) {
    const report = this.progress((share) => (share < 1 ? say("saving", { share: 10 * Math.floor(10 * share) }) : say("savingFile")));
    const levels = this.enlarges ? this.result : await this.client.ask("full", this.question(), report);
    if (!levels) return;
    report(1);
    const name = `${picture.name.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "-")}-${this.enlarges ? "enlarged" : "coloured"}.png`;
    await save(levels, name);
    this.tell(say("saved", { name, width: levels.width, height: levels.height }));
  }

  showNetworks() {
    element("networks").hidden = this.parts.length < 2;
    element("networks").append(...this.parts.map((part, which) => {
      const label = document.createElement("label"), choice = document.createElement("input");
      const { degradation } = part.facts;
      const name = say(purposeOf(part), { factor: degradation.kind === "low_resolution" ? degradation.factor : 1 });
      label.className = "inline";
      choice.type = "radio";
      choice.name = "network";
      choice.addEventListener("change", () => this.attempt(() => this.begin({ to: startOf(part, which), done: say("doneNetwork", { network: name }) })));
      label.append(choice, name);
      return label;
    }));
  }
}

/** @param {number} temperature */
const said = (temperature) => temperature.toFixed(2);

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
