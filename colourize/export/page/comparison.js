/**
 * A picture enlarged by a network, beside what needs none; and a loupe over all three.
 */
import { show } from "./files.js";
import { say } from "./words.js";

/** @typedef {import("./resize.js").Levels} Levels */

const VIEW = 24; // pixels of the enlarged pictures that the loupe shows
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Comparison {
  /** @param {(id: string) => any} element */
  constructor(element) {
    this.element = element;
    /** @type {HTMLCanvasElement[]} */
    this.canvases = ["nearest", "lanczos", "enlarged"].map(element);
    this.labels = ["nearest", "lanczos", "network"].map((key) => say(key));
    this.loupes = this.canvases.map(() => document.createElement("canvas"));
    element("loupes").replaceChildren(...this.loupes);
    this.x = this.y = 0;
    this.canvases.forEach((canvas, number) => {
      canvas.setAttribute("aria-label", this.labels[number]);
      canvas.addEventListener("pointermove", (event) => this.point(canvas, event));
      canvas.addEventListener("pointerdown", (event) => this.point(canvas, event));
      canvas.addEventListener("keydown", (event) => this.key(event));
    });
  }

  /** @param {{nearest: Levels, lanczos: Levels, network: Levels}} pictures */
  show({ nearest, lanczos, network }) {
    [nearest, lanczos, network].forEach((picture, number) => show(this.canvases[number], picture));
    const pixelated = network.width < 400 ? "pixelated" : "auto";
    for (const canvas of this.canvases) canvas.style.imageRendering = pixelated;
    this.look(network.width / 2, network.height / 2);
  }

  /** @param {HTMLCanvasElement} canvas @param {PointerEvent} event */
  point(canvas, event) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    this.look(((event.clientX - left) / width) * canvas.width, ((event.clientY - top) / height) * canvas.height);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = MOVES[event.key];
    if (!step) return;
    const by = event.shiftKey ? 8 : 2;
    this.look(this.x + step[0] * by, this.y + step[1] * by);
    event.preventDefault();
  }

  /** Show the surroundings of a pixel of all three. @param {number} x @param {number} y */
  look(x, y) {
    const { width, height } = this.canvases[0], view = Math.min(VIEW, width, height);
    this.x = Math.min(Math.max(x, view / 2), width - view / 2);
    this.y = Math.min(Math.max(y, view / 2), height - view / 2);
    this.canvases.forEach((canvas, number) => {
      const loupe = this.loupes[number], context = loupe.getContext("2d");
      loupe.width = loupe.height = view;
      context?.drawImage(canvas, Math.round(this.x - view / 2), Math.round(this.y - view / 2), view, view, 0, 0, view, view);
    });
    const at = { column: Math.round(this.x) + 1, row: Math.round(this.y) + 1 };
    this.element("loupes").setAttribute("aria-label", say("loupeAt", at));
  }
}
