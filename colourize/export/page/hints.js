/**
 * The panel of hints: their list, the colour of the chosen one, undo and redo.
 */
import { History } from "./history.js";
import { colourFrom, nameOf } from "./names.js";
import { say } from "./words.js";

/** @typedef {import("./engine.js").Hint} Hint */
/** @typedef {import("./engine.js").Likely} Likely */
/** @typedef {import("./stage.js").Place} Place */
/** @typedef {{hints: Hint[], chosen: number | null}} State */
/**
 * What the panel needs of the page.
 * @typedef {{changed: () => Promise<void>, chosen: () => Promise<void>, tell: (text: string) => void, fail: (text: string) => void,
 *   likeliest: (at: Place, others: Hint[]) => Promise<Likely[]>, size: () => {height: number, width: number}}} Page
 */

export class Hints {
  /** @param {(id: string) => any} element @param {Page} page */
  constructor(element, page) {
    this.element = element;
    this.page = page;
    /** @type {History<State>} */
    this.history = new History({ hints: [], chosen: null });
    /** @type {Place | null} - where a hint is about to be set, as soon as its colour is known. */
    this.adding = null;
    const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {(target: any) => void} */ act) =>
      element(id).addEventListener(event, (/** @type {Event} */ { target }) => act(target));
    on("undo", "click", () => this.undo());
    on("redo", "click", () => this.redo());
    on("restart", "click", () => this.restart());
    on("remove", "click", () => this.remove(this.chosen ?? 0));
    on("field", "change", (field) => this.recolour(field.value));
    on("text", "change", (field) => this.write(field));
    for (const option of element("size").options) option.textContent = say("sizeOne", { size: option.value });
    on("size", "change", (select) => { if (this.chosen !== null) this.change(this.chosen, { size: Number(select.value) }); });
    for (const button of element("chosen").querySelectorAll("[data-move]")) {
      const [row, column] = button.dataset.move.split(",").map(Number);
      button.addEventListener("click", () => this.nudge({ row, column }));
    }
  }

  get hints() {
    return this.history.now.hints;
  }

  get chosen() {
    return this.history.now.chosen;
  }

  /** Forget all: another picture was opened. */
  reset() {
    this.adding = null;
    this.history = new History({ hints: [], chosen: null });
  }

  /** @param {State} state @param {boolean} [replaces] @param {string} [text] - what a live region says of it. */
  async go(state, replaces = false, text = "") {
    this.history.push(state, replaces);
    await this.page.changed();
    if (text) this.page.tell(text);
  }

  /** Set a hint where somebody clicked, with the likeliest colour that is there. @param {Place} at */
  async add({ row, column }) {
    const place = this.adding = { row, column }, [first] = await this.page.likeliest(place, this.hints);
    if (place !== this.adding) return;
    this.adding = null;
    const hint = { ...place, size: Number(this.element("size").value), colour: first.colour };
    const hints = [...this.hints, hint];
    await this.go({ hints, chosen: hints.length - 1 }, false, this.words("added", hints.length - 1, hint, first.look));
  }

  /** @param {string} key @param {number} number @param {Hint} hint @param {string} look */
  words(key, number, { row, column }, look) {
    return say(key, { number: number + 1, colour: nameOf(look), row: row + 1, column: column + 1 });
  }

  /** @param {number} number */
  choose(number) {
    this.history.now.chosen = number;
    this.element("size").value = String(this.hints[number].size);
    return this.page.chosen();
  }

  /** @param {number} number @param {Partial<Hint>} by @param {boolean} [replaces] @param {string} [text] */
  change(number, by, replaces = false, text = "") {
    const hints = this.hints.map((hint, each) => (each === number ? { ...hint, ...by } : hint));
    return this.go({ hints, chosen: number }, replaces, text);
  }

  /** @param {string} colour @param {string} [look] - how it looks at its place. */
  recolour(colour, look = colour) {
    if (this.chosen === null) return undefined;
    return this.change(this.chosen, { colour }, false, say("changed", { number: this.chosen + 1, colour: nameOf(look) }));
  }

  /** @param {HTMLInputElement} field */
  write(field) {
    const colour = colourFrom(field.value);
    field.setAttribute("aria-invalid", String(!colour));
    if (colour) this.recolour(colour);
    else this.page.fail(say("badColour", { text: field.value }));
  }

  /** @param {Place} to @param {boolean} goesOn - whether it is the next step of one drag. */
  drag(to, goesOn) {
    if (this.adding) {
      Object.assign(this.adding, to);
      return undefined;
    }
    return this.chosen === null ? undefined : this.change(this.chosen, to, goesOn, goesOn ? "" : this.movedTo(to));
  }

  /** @param {Place} to */
  movedTo({ row, column }) {
    return say("moved", { number: (this.chosen ?? 0) + 1, row: row + 1, column: column + 1 });
  }

  /** @param {Place} by */
  nudge(by) {
    if (this.chosen === null) return undefined;
    const { height, width } = this.page.size(), hint = this.hints[this.chosen];
    const to = {
      row: Math.min(Math.max(hint.row + by.row, 0), height - 1),
      column: Math.min(Math.max(hint.column + by.column, 0), width - 1),
    };
    return this.change(this.chosen, to, false, this.movedTo(to));
  }

  /** @param {number} number */
  remove(number) {
    const hints = this.hints.filter((_, each) => each !== number);
    return this.go({ hints, chosen: hints.length ? Math.min(number, hints.length - 1) : null }, false, say("removed", { number: number + 1 }));
  }

  /** Remove the hint at a place, or else the chosen one. @param {Place} at */
  removeAt({ row, column }) {
    const there = this.hints.findIndex((hint) => hint.row === row && hint.column === column);
    const number = there >= 0 ? there : this.chosen;
    if (number === null) this.page.tell(say("nothingHere"));
    else this.remove(number);
  }

  async undo() {
    this.history.undo();
    await this.page.changed();
    this.page.tell(say("undone", { count: this.hints.length }));
  }

  async redo() {
    this.history.redo();
    await this.page.changed();
    this.page.tell(say("redone", { count: this.hints.length }));
  }

  restart() {
    return this.go({ hints: [], chosen: null }, false, say("restarted"));
  }

  /** Show the list and the chosen hint. @param {string[]} looks - how each hint looks at its place. */
  render(looks) {
    const { element, hints, chosen } = this, focused = document.activeElement;
    const had = focused instanceof HTMLElement ? focused.dataset.key : undefined;
    element("undo").disabled = !this.history.canUndo;
    element("redo").disabled = !this.history.canRedo;
    element("restart").disabled = !hints.length;
    element("none").hidden = hints.length > 0;
    element("list").replaceChildren(...hints.map((hint, number) => {
      const item = document.createElement("li"), choose = button(`choose ${number}`, () => this.choose(number));
      choose.append(chip(looks[number]), this.words("hint", number, hint, looks[number]));
      choose.setAttribute("aria-pressed", String(number === chosen));
      const remove = button(`remove ${number}`, () => this.remove(number));
      remove.className = "small";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say("removeHint", { number: number + 1 }));
      item.append(choose, remove);
      return item;
    }));
    element("chosen").hidden = chosen === null;
    if (chosen !== null) {
      element("chosen-title").textContent = say("hintTitle", { number: chosen + 1, colour: nameOf(looks[chosen]) });
      element("field").value = looks[chosen];
      if (document.activeElement !== element("text")) element("text").value = looks[chosen];
      this.renderLikely(chosen, looks[chosen]);
    }
    if (had) /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${had}"]`))?.focus();
  }

  /** @param {number} chosen @param {string} look */
  async renderLikely(chosen, look) {
    const hint = this.hints[chosen], others = this.hints.filter((_, number) => number !== chosen);
    const likely = await this.page.likeliest(hint, others);
    if (hint !== this.hints[this.chosen ?? -1]) return;
    const had = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    this.element("likely").replaceChildren(...likely.map((each, number) => {
      const swatch = button(`likely ${number}`, () => this.recolour(each.colour, each.look));
      const share = each.share < 0.01 ? "< 1" : String(Math.round(each.share * 100));
      swatch.append(chip(each.look), `${share} %`);
      swatch.title = nameOf(each.look);
      swatch.setAttribute("aria-label", say("likelyOne", { colour: nameOf(each.look), share }));
      swatch.setAttribute("aria-pressed", String(each.look === look));
      return swatch;
    }));
    if (had) /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${had}"]`))?.focus();
  }
}

/** @param {string} key - by which the button is found again after the list was made anew. @param {() => void} act */
function button(key, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.key = key;
  made.addEventListener("click", act);
  return made;
}

/** A round piece of a colour. @param {string} look */
function chip(look) {
  const made = document.createElement("span");
  made.className = "chip";
  made.style.background = look;
  return made;
}
