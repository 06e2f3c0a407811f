/**
 * The picture with its hints: what is shown, and what pointer and keys do to it.
 */
import { show } from "./files.js";
import { say } from "./words.js";

/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {{row: number, column: number}} Place - a pixel of the picture at the size at which colours are predicted. */
/**
 * What the stage reports.
 * @typedef {{place: (at: Place) => void, choose: (number: number) => void, drag: (to: Place, goesOn: boolean) => void,
 *   remove: (at: Place) => void, nudge: (by: Place) => void, visit: (at: Place) => void}} Reports
 */

const NEAR = 16; // CSS pixels from a mark's middle that still hit it
const LEAP = 8; // pixels that the cursor moves with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
/** From sure to unsure, in the colours of matplotlib's inferno. */
const SCALE = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];

export class Stage {
  /** @param {(id: string) => any} element @param {Reports} reports */
  constructor(element, reports) {
    this.frame = /** @type {HTMLElement} */ (element("frame"));
    this.area = /** @type {HTMLElement} */ (element("stage"));
    this.before = /** @type {HTMLCanvasElement} */ (element("before"));
    this.after = /** @type {HTMLCanvasElement} */ (element("after"));
    this.over = /** @type {HTMLCanvasElement} */ (element("over"));
    this.markArea = /** @type {HTMLElement} */ (element("marks"));
    this.cursorBox = /** @type {HTMLElement} */ (element("cursor"));
    this.slider = /** @type {HTMLInputElement} */ (element("split"));
    this.reports = reports;
    this.paints = false;
    this.height = this.width = 1;
    /** @type {Place} */
    this.cursor = { row: 0, column: 0 };
    /** @type {(Place & {look: string})[]} */
    this.marks = [];
    /** @type {{pointer: number, moves: boolean, moved: boolean} | null} */
    this.drag = null;
    this.slider.addEventListener("input", () => this.split(Number(this.slider.value)));
    this.area.addEventListener("pointerdown", (event) => this.down(event));
    this.area.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.area.addEventListener(end, () => { this.drag = null; });
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("focus", () => this.showCursor());
    this.area.addEventListener("blur", () => { this.cursorBox.hidden = true; });
    this.split(Number(this.slider.value));
  }

  /**
   * Begin with a picture.
   * @param {Levels} grey @param {{width: number, height: number}} low - the size at which colours are predicted.
   * @param {boolean} paints - whether hints can be set.
   */
  open(grey, low, paints) {
    this.frame.style.setProperty("--aspect", String(grey.width / grey.height));
    const pixelated = Math.max(grey.width, grey.height) < 200;
    for (const canvas of [this.before, this.after]) canvas.style.imageRendering = pixelated ? "pixelated" : "auto";
    show(this.before, grey);
    this.height = low.height;
    this.width = low.width;
    this.cursor = { row: Math.floor(low.height / 2), column: Math.floor(low.width / 2) };
    this.paints = paints;
    this.area.classList.toggle("paints", paints);
    this.area.tabIndex = paints ? 0 : -1;
    this.area.setAttribute("role", paints ? "application" : "img");
    this.area.setAttribute("aria-label", say(paints ? "stagePaint" : "stage"));
    if (paints) this.area.setAttribute("aria-describedby", "keys");
    else this.area.removeAttribute("aria-describedby");
  }

  /** @param {Levels} picture */
  colour(picture) {
    show(this.after, picture);
  }

  /** How much of the picture, from the left, is shown without colour. @param {number} share - in per cent. */
  split(share) {
    this.slider.value = String(share);
    this.slider.setAttribute("aria-valuetext", say("splitAt", { share }));
    this.frame.style.setProperty("--split", String(share));
  }

  /** @param {Maps | null} uncertainty - 0 … 1 for each pixel; null hides it. */
  showUncertainty(uncertainty) {
    this.over.hidden = !uncertainty;
    if (!uncertainty) return;
    const { width, height, data } = uncertainty, levels = new Uint8ClampedArray(4 * width * height).fill(255);
    data.forEach((value, pixel) => {
      const exact = Math.min(Math.max(value, 0), 1) * (SCALE.length - 1), first = Math.min(Math.floor(exact), SCALE.length - 2);
      SCALE[first].forEach((level, channel) => {
        levels[4 * pixel + channel] = level + (SCALE[first + 1][channel] - level) * (exact - first);
      });
    });
    show(this.over, { width, height, data: levels, channels: 4 });
  }

  /** @param {(Place & {look: string})[]} marks @param {number | null} chosen */
  showMarks(marks, chosen) {
    this.marks = marks;
    this.markArea.replaceChildren(...marks.map(({ row, column, look }, number) => {
      const mark = document.createElement("div");
      mark.className = number === chosen ? "mark chosen" : "mark";
      mark.textContent = String(number + 1);
      mark.style.cssText = `left: ${((column + 0.5) / this.width) * 100}%; top: ${((row + 0.5) / this.height) * 100}%; background: ${look}`;
      return mark;
    }));
  }

  showCursor() {
    if (!this.paints || !this.area.matches(":focus-visible")) return;
    const { style } = this.cursorBox;
    this.cursorBox.hidden = false;
    style.left = `${(this.cursor.column / this.width) * 100}%`;
    style.top = `${(this.cursor.row / this.height) * 100}%`;
    style.width = `${100 / this.width}%`;
    style.height = `${100 / this.height}%`;
  }

  /** @param {PointerEvent} event @returns {Place & {x: number, y: number, width: number, height: number}} */
  placeOf(event) {
    const { left, top, width, height } = this.area.getBoundingClientRect();
    const x = event.clientX - left, y = event.clientY - top;
    const within = (/** @type {number} */ share, /** @type {number} */ size) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
    return { row: within(y / height, this.height), column: within(x / width, this.width), x, y, width, height };
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || this.drag) return;
    const place = this.placeOf(event);
    this.area.setPointerCapture(event.pointerId);
    this.drag = { pointer: event.pointerId, moves: this.paints, moved: false };
    if (!this.paints) {
      this.split(Math.round((place.x / place.width) * 100));
      return;
    }
    this.cursor = { row: place.row, column: place.column };
    const distances = this.marks.map(({ row, column }) =>
      Math.hypot(((column + 0.5) / this.width) * place.width - place.x, ((row + 0.5) / this.height) * place.height - place.y));
    const nearest = distances.indexOf(Math.min(...distances));
    if (nearest >= 0 && distances[nearest] <= NEAR) this.reports.choose(nearest);
    else this.reports.place(this.cursor);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    const place = this.placeOf(event);
    if (!this.drag.moves) {
      this.split(Math.min(Math.max(Math.round((place.x / place.width) * 100), 0), 100));
    } else if (place.row !== this.cursor.row || place.column !== this.cursor.column) {
      this.cursor = { row: place.row, column: place.column };
      this.reports.drag(this.cursor, this.drag.moved);
      this.drag.moved = true;
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.paints || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && event.altKey) {
      this.reports.nudge({ row: arrow[0], column: arrow[1] });
    } else if (arrow) {
      const step = event.shiftKey ? LEAP : 1;
      this.cursor = {
        row: Math.min(Math.max(this.cursor.row + arrow[0] * step, 0), this.height - 1),
        column: Math.min(Math.max(this.cursor.column + arrow[1] * step, 0), this.width - 1),
      };
      this.reports.visit(this.cursor);
      this.showCursor();
    } else if (event.key === "Enter" || event.key === " ") {
      const there = this.marks.findIndex(({ row, column }) => row === this.cursor.row && column === this.cursor.column);
      if (there >= 0) this.reports.choose(there);
      else this.reports.place(this.cursor);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.reports.remove(this.cursor);
    } else {
      return;
    }
    event.preventDefault();
  }
}
