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
    const names = Object.keys(graph.blocks), last = names.length - 1;
    this.element("block").replaceChildren(...names.map((name, number) =>
      new Option(say(number === 0 ? "firstBlock" : number === last ? "lastBlock" : "middleBlock", { number }), name)));
  }

  /**
   * @param {Part} part @param {Levels} low - its input as a picture.
   * @param {number} [milliseconds] - that the network took, where it gave colours. @param {boolean} [hinted]
   */
  explain({ facts }, low, milliseconds = 0, hinted = false) {
    const { answer, degradation } = facts;
    const values = {
      width: low.width, height: low.height, weights: facts.parameters.toLocaleString(), milliseconds: Math.max(Math.round(milliseconds), 1),
      spots: hinted ? say("teacherSpots") : "",
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
    const { value: block, selectedOptions } = this.element("block");
    if (!this.element("teacher").open || !block) return;
    const { channels, height, width, levels } = await this.features(block);
    if (block !== this.element("block").value) return;
    const count = Math.min(channels, MOST_MAPS);
    this.element("block-shown").textContent = `${say(count < channels ? "mapsSome" : "mapsAll", { count, channels, height, width })} ${say("mapsHelp")}`;
    this.element("features").setAttribute("aria-label", say("features", { block: selectedOptions[0].text }));
    this.element("features").replaceChildren(...Array.from({ length: count }, (_, channel) => {
      const data = new Uint8ClampedArray(4 * height * width).fill(255);
      for (let pixel = 0; pixel < height * width; pixel++) data.fill(levels[channel * height * width + pixel], 4 * pixel, 4 * pixel + 3);
      return canvasOf({ width, height, data, channels: 4 });
    }));
  }
}
