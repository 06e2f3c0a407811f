/**
 * Drawn colourings as small pictures to choose from.
 */
import { canvasOf } from "./files.js";
import { say } from "./words.js";

/** @typedef {import("./resize.js").Levels} Levels */

export class Samples {
  /**
   * @param {(id: string) => any} element
   * @param {{draw: (seed: number) => Promise<Levels[]>, chosen: () => Promise<void>, tell: (text: string) => void,
   *   attempt: (work: () => Promise<void>) => Promise<void>}} page
   */
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.seed = 1;
    /** Which picture with which hints the samples are of. */
    this.turn = 0;
    /** @type {number | null} - the one that is shown; null: the mean of all. */
    this.chosen = null;
    element("draw").addEventListener("click", () => page.attempt(() => this.draw()));
    element("mean").addEventListener("click", () => page.attempt(() => this.choose(null)));
  }

  /** Forget all: the picture or its hints have changed. */
  reset() {
    this.turn++;
    this.chosen = null;
    this.element("drawn").replaceChildren();
    this.element("mean").hidden = true;
    this.element("draw").textContent = say("draw");
  }

  async draw() {
    const wasShown = this.chosen !== null;
    this.reset(); // the engine forgets the samples before
    const { turn } = this;
    if (wasShown) await this.page.chosen();
    const pictures = await this.page.draw(this.seed);
    this.seed += pictures.length;
    if (turn !== this.turn) return;
    this.element("drawn").replaceChildren(...pictures.map((picture, number) => {
      const item = document.createElement("li"), choose = document.createElement("button"), canvas = canvasOf(picture);
      choose.type = "button";
      choose.setAttribute("aria-label", say("sample", { number: number + 1 }));
      choose.setAttribute("aria-pressed", "false");
      choose.addEventListener("click", () => this.page.attempt(() => this.choose(number)));
      choose.append(canvas);
      item.append(choose);
      return item;
    }));
    this.element("draw").textContent = say("drawAgain");
    this.page.tell(say("drawn"));
  }

  /** @param {number | null} number */
  async choose(number) {
    this.chosen = number;
    [...this.element("drawn").querySelectorAll("button")].forEach((each, place) =>
      each.setAttribute("aria-pressed", String(place === number)));
    this.element("mean").hidden = number === null;
    await this.page.chosen();
    this.page.tell(number === null ? say("meanShown") : say("sampleChosen", { number: number + 1 }));
  }
}
