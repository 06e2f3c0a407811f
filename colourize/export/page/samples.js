/**
 * Drawn colourings as small pictures to choose from.
 */
import { canvasOf } from "./files.js";
import { enable, say } from "./words.js";

/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {import("./state.js").Change} Change */

const COUNT = 6;

export class Samples {
  /**
   * @param {(id: string) => any} element
   * @param {{draw: (seeds: number[], advance: (share: number) => void) => Promise<Levels[]>, go: (change: Change) => Promise<void>,
   *   tell: (text: string) => void, progress: (says: (share: number) => string) => (share: number) => void,
   *   attempt: (work: () => Promise<void>) => Promise<void>}} page
   */
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.seed = 1;
    /** What is coloured now, and what the small pictures are of: samples of anything else are not shown. */
    this.subject = this.drawnOf = "";
    /** @type {number | null} - the seed of the colouring that is shown; null: the usual one. */
    this.chosen = null;
    this.isDrawing = false;
    element("draw").addEventListener("click", () => page.attempt(() => this.draw()));
    element("usual").addEventListener("click", () => page.attempt(() => this.choose(null)));
  }

  /** Whether there are drafts of what is coloured now. */
  get areShown() {
    return this.subject === this.drawnOf;
  }

  /** @param {string} subject - what is coloured. @param {number | null} chosen - the seed of the colouring that is shown. */
  show(subject, chosen) {
    const { element } = this;
    this.subject = subject;
    const isOf = this.areShown;
    element("drawn").hidden = !isOf;
    element("draw").textContent = say(isOf ? "drawAgain" : "draw");
    for (const choose of element("drawn").querySelectorAll("button")) {
      choose.setAttribute("aria-pressed", String(Number(choose.dataset.seed) === chosen));
    }
    enable(element("usual"), chosen !== null);
    this.chosen = chosen;
  }

  async draw() {
    if (this.isDrawing) return;
    const { element, subject } = this, bar = element("progress");
    const seeds = Array.from({ length: COUNT }, (_, number) => this.seed + number);
    this.isDrawing = true;
    bar.value = 0;
    bar.classList.add("on");
    const report = this.page.progress((share) => {
      const count = Math.floor(share * COUNT + 1e-6);
      return count ? say("drawingCount", { count }) : say("drawing");
    });
    try {
      const pictures = await this.page.draw(seeds, (share) => {
        bar.value = share;
        report(share);
      });
      this.seed += COUNT;
      this.drawnOf = subject;
      element("drawn").replaceChildren(...pictures.map((picture, number) => this.small(picture, seeds[number])));
      this.show(this.subject, this.chosen);
      this.page.tell(say(this.areShown ? "drawn" : "draftsGone"));
    } finally {
      bar.classList.remove("on");
      this.isDrawing = false;
    }
  }

  /** A colouring to choose. @param {Levels} picture @param {number} seed */
  small(picture, seed) {
    const item = document.createElement("li"), choose = document.createElement("button");
    choose.type = "button";
    choose.dataset.seed = String(seed);
    choose.setAttribute("aria-label", say("sample", { number: numberOf(seed) }));
    choose.append(canvasOf(picture));
    choose.addEventListener("click", () => this.page.attempt(() => this.choose(seed)));
    item.append(choose);
    return item;
  }

  /** @param {number | null} seed */
  async choose(seed) {
    if (seed === this.chosen) return;
    await this.page.go(seed === null
      ? { to: { sample: null }, colours: true, done: say("doneUsual"), says: say("usualShown") }
      : { to: { sample: seed }, colours: true, done: say("doneSample", { number: numberOf(seed) }), says: say("sampleChosen", { number: numberOf(seed) }) });
  }
}

/** The place among those that were drawn at once. @param {number} seed */
const numberOf = (seed) => ((seed - 1) % COUNT) + 1;
