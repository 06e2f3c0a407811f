/**
 * The picture with its hints: what is shown, and what pointer and keys do to it.
 */
import { show } from "./files.js";
import { legibleOn } from "./names.js";
import { say } from "./words.js";

/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {{row: number, column: number}} Place - a pixel of the picture at the size at which colours are predicted. */
/**
 * What the stage reports; the steps of one drag share a name.
 * @typedef {{place: (at: Place) => void, choose: (number: number) => void, drag: (number: number, to: Place, name: string) => void,
 *   dropped: () => void, remove: (at: Place) => void, nudge: (by: Place) => void, visit: (at: Place) => void}} Reports
 */
/**
 * A pointer that is down: on which mark (-1: none), how far from its middle, and where it began.
 * @typedef {{pointer: number, mark: number, off: [number, number], from: [number, number], moved: boolean}} Press
 */

const NEAR = 18; // CSS pixels from a mark's middle that still hit it
const TAP = 8; // CSS pixels that a tap may move
const CLEAR = 18; // CSS pixels from a mark's middle to the divider, so that the mark's surroundings are seen
const HANDLE = 44; // the width of the divider's handle, which stays inside the picture; see page.css
const START = 35; // per cent of the picture that are first shown without colour
const LEAP = 8; // pixels that the cursor moves with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
/** From sure to unsure; the same colours as the scale in page.css. */
const SCALE = [[36, 74, 160], [42, 138, 150], [140, 190, 96], [255, 226, 64]];

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
    /** @type {Press | null} */
    this.press = null;
    this.slider.addEventListener("input", () => this.split(Number(this.slider.value)));
    this.area.addEventListener("touchstart", (event) => {
      if (event.touches.length === 1 && this.markAt(event.touches[0]) >= 0) event.preventDefault(); // no scrolling then
    }, { passive: false });
    this.area.addEventListener("pointerdown", (event) => this.down(event));
    this.area.addEventListener("pointermove", (event) => this.move(event));
    this.area.addEventListener("pointerup", (event) => this.up(event));
    this.area.addEventListener("pointercancel", () => this.release());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("focus", () => this.showCursor());
    this.area.addEventListener("blur", () => this.showCursor());
    this.split(START);
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
    this.release();
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

  /**
   * How much of the picture, from the left, is shown without colour. The divider is at its handle's middle, and at the
   * picture's edge at 0 and 100.
   * @param {number} share - in per cent.
   */
  split(share) {
    const inside = `calc(${HANDLE / 2}px + (100% - ${HANDLE}px) * ${share / 100})`;
    this.slider.value = String(share);
    this.slider.setAttribute("aria-valuetext", say("splitAt", { share }));
    this.frame.style.setProperty("--split", share <= 0 ? "0px" : share >= 100 ? "100%" : inside);
  }

  /** Put the divider where it is at the start. */
  begin() {
    this.split(START);
  }

  /** Whether the divider hides all that is not the picture without colour. */
  get hidesAll() {
    return Number(this.slider.value) >= 100;
  }

  /** The divider's share at so many CSS pixels from the left. @param {number} x */
  shareAt(x) {
    return Math.min(Math.max(Math.floor(((x - HANDLE / 2) / (this.area.clientWidth - HANDLE)) * 100), 0), 100);
  }

  /** Move the divider as far as needed to show the colours around a place. @param {Place} place */
  reveal({ column }) {
    const share = this.shareAt(((column + 0.5) / this.width) * this.area.clientWidth - CLEAR);
    if (share < Number(this.slider.value)) this.split(share);
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
      mark.style.cssText = `left: ${((column + 0.5) / this.width) * 100}%; top: ${((row + 0.5) / this.height) * 100}%; background: ${look}; color: ${legibleOn(look)}`;
      return mark;
    }));
    this.showCursor();
  }

  /** The number of the mark at a place; -1: none. @param {Place} place */
  markOn({ row, column }) {
    return this.marks.findIndex((mark) => mark.row === row && mark.column === column);
  }

  showCursor() {
    const { cursor, cursorBox: { style } } = this;
    this.cursorBox.hidden = !this.paints || !this.area.matches(":focus-visible");
    this.cursorBox.classList.toggle("around", this.markOn(cursor) >= 0);
    style.left = `${(cursor.column / this.width) * 100}%`;
    style.top = `${(cursor.row / this.height) * 100}%`;
    style.width = `${100 / this.width}%`;
    style.height = `${100 / this.height}%`;
  }

  /** The place of a pointer, or of what is so many CSS pixels beside it. @param {PointerEvent} event @param {[number, number]} [off] @returns {Place} */
  placeOf(event, off = [0, 0]) {
    const { left, top, width, height } = this.area.getBoundingClientRect();
    const within = (/** @type {number} */ share, /** @type {number} */ size) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
    return { row: within((event.clientY + off[1] - top) / height, this.height), column: within((event.clientX + off[0] - left) / width, this.width) };
  }

  /** Whether a pointer is over the picture, which is what it began on. @param {PointerEvent} event */
  isOver({ clientX, clientY }) {
    const { left, top, right, bottom } = this.area.getBoundingClientRect();
    return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
  }

  /** How far the middle of each mark lies from a point of the window. @param {{clientX: number, clientY: number}} point */
  awayFrom({ clientX, clientY }) {
    const { left, top, width, height } = this.area.getBoundingClientRect();
    return this.marks.map(({ row, column }) => /** @type {[number, number]} */ (
      [left + ((column + 0.5) / this.width) * width - clientX, top + ((row + 0.5) / this.height) * height - clientY]));
  }

  /** The number of the mark that a pointer hits; -1: none. @param {{clientX: number, clientY: number}} point */
  markAt(point) {
    const distances = this.awayFrom(point).map(([x, y]) => Math.hypot(x, y)), least = Math.min(...distances);
    return this.paints && least <= NEAR ? distances.indexOf(least) : -1;
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || this.press) return;
    this.area.setPointerCapture(event.pointerId);
    const mark = this.markAt(event), off = mark < 0 ? /** @type {[number, number]} */ ([0, 0]) : this.awayFrom(event)[mark];
    this.press = { pointer: event.pointerId, mark, off, from: [event.clientX, event.clientY], moved: false };
    if (mark < 0) return;
    this.cursor = { row: this.marks[mark].row, column: this.marks[mark].column };
    this.reports.choose(mark);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { press } = this;
    if (!press || event.pointerId !== press.pointer) return;
    press.moved ||= Math.hypot(event.clientX - press.from[0], event.clientY - press.from[1]) > TAP;
    if (!press.moved) return;
    if (!this.paints) {
      this.splitAt(event);
    } else if (press.mark >= 0) {
      const to = this.placeOf(event, press.off);
      if (to.row === this.cursor.row && to.column === this.cursor.column) return;
      this.cursor = to;
      this.reports.drag(press.mark, to, `drag from ${press.from}`);
    }
  }

  /** A tap puts a hint; a finger that moved was something else. @param {PointerEvent} event */
  up(event) {
    const { press } = this;
    if (!press || event.pointerId !== press.pointer) return;
    this.release();
    if (press.mark >= 0) return;
    if (!this.paints) {
      this.splitAt(event);
    } else if (!press.moved || (event.pointerType === "mouse" && this.isOver(event))) {
      this.cursor = this.placeOf(event);
      this.reports.place(this.cursor);
    }
  }

  /** The pointer is up, or scrolls the page. */
  release() {
    const { press } = this;
    this.press = null;
    if (press?.moved && press.mark >= 0) this.reports.dropped();
  }

  /** @param {PointerEvent} event */
  splitAt(event) {
    this.split(this.shareAt(event.clientX - this.area.getBoundingClientRect().left));
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
      const there = this.markOn(this.cursor);
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
