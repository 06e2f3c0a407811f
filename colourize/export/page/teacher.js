/**
 * What the network saw, for who wants to know: its input, and the feature maps of its parts.
 */
import { saysClasses } from "./answers.js";
import { canvasOf, show } from "./files.js";
import { say } from "./words.js";

/** @typedef {import("./engine.js").Part} Part */
/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {{channels: number, height: number, width: number, levels: Uint8ClampedArray}} Features */

const MOST_MAPS = 64;

export class Teacher {
  /** @param {(id: string) => any} element @param {(block: string) => Promise<Features>} features */
  constructor(element, features) {
    this.element = element;
    this.features = features;
    element("block").addEventListener("change", () => this.showBlock());
    element("teacher").addEventListener("toggle", () => this.showBlock());
  }

  /** Another network is used. @param {Part} part */
  use({ graph }) {
    this.element("block").replaceChildren(...Object.keys(graph.blocks).map((name) => new Option(name, name)));
  }

  /**
   * @param {Part} part @param {Levels} low - its input as a picture.
   * @param {number} [milliseconds] - that the network took, where it gave colours. @param {boolean} [hinted]
   */
  explain({ facts }, low, milliseconds = 0, hinted = false) {
    const { answer, degradation } = facts;
    const values = {
      width: low.width, height: low.height, weights: facts.parameters.toLocaleString(), milliseconds: Math.max(Math.round(milliseconds), 1),
      hints: hinted ? say("teacherHints") : "",
      factor: degradation.kind === "low_resolution" ? degradation.factor : 1,
      answer: saysClasses(answer)
        ? say("answerClasses", { count: answer.kind === "palette" ? answer.colours.length : answer.kind === "ab_bins" ? answer.centres.length : 0 })
        : say("answerValues"),
    };
    this.element("explanation").textContent = say(degradation.kind === "low_resolution" ? "teacherEnlarge" : "teacherColour", values);
    show(this.element("input"), low);
    return this.showBlock();
  }

  async showBlock() {
    const block = this.element("block").value;
    if (!this.element("teacher").open || !block) return;
    const { channels, height, width, levels } = await this.features(block);
    if (block !== this.element("block").value) return;
    this.element("block-shown").textContent = say("blockShown", { channels, height, width });
    this.element("features").setAttribute("aria-label", say("features", { block }));
    this.element("features").replaceChildren(...Array.from({ length: Math.min(channels, MOST_MAPS) }, (_, channel) => {
      const data = new Uint8ClampedArray(4 * height * width).fill(255);
      for (let pixel = 0; pixel < height * width; pixel++) data.fill(levels[channel * height * width + pixel], 4 * pixel, 4 * pixel + 3);
      return canvasOf({ width, height, data, channels: 4 });
    }));
  }
}
