/**
 * The panel of hints, which people know as spots: their list, and the colour of the chosen one.
 */
import { colourFrom, nameOf } from "./names.js";
import { say } from "./words.js";

/** @typedef {import("./engine.js").Likely} Likely */
/** @typedef {import("./stage.js").Place} Place */
/** @typedef {import("./state.js").Change} Change */
/** @typedef {import("./state.js").Spot} Spot */
/** @typedef {import("./state.js").State} State */
/**
 * What the panel needs of the page; `go` makes a change, and `look` is of a spot's colour or of what is shown at a place.
 * @typedef {{go: (change: Change) => Promise<void>, refresh: () => Promise<void>, tell: (text: string) => void,
 *   state: () => State, attempt: (work: () => Promise<void>) => Promise<void>, choose: (number: number) => void, reveal: (at: Place) => void,
 *   look: (at: Place & {colour?: string | null}) => Promise<string>, likeliest: (at: Place, others: Spot[]) => Promise<Likely[]>,
 *   size: () => {height: number, width: number}}} Page
 */

const SIZES = [1, 3, 5]; // pixels of the picture at the size at which colours are predicted

export class Hints {
  /** @param {(id: string) => any} element @param {Page} page */
  constructor(element, page) {
    this.element = element;
    this.page = page;
    /** @type {string[]} - how the spots of one state look. */
    this.looks = [];
    /** @type {State | null} - that state. */
    this.looksOf = null;
    const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {(target: any) => void} */ act) =>
      element(id).addEventListener(event, (/** @type {Event} */ { target }) => act(target));
    on("remove", "click", () => this.remove(this.chosen ?? 0));
    on("keep", "click", () => page.attempt(() => this.keep()));
    on("field", "change", (field) => this.recolour(field.value));
    on("text", "change", (field) => this.write(field));
    element("size").replaceChildren(...SIZES.map((size) => new Option(say(`size${size}`), String(size), size === 3, size === 3)));
    on("size", "change", (select) => this.resize(Number(select.value)));
    for (const button of element("chosen").querySelectorAll("[data-move]")) {
      const [row, column] = button.dataset.move.split(",").map(Number);
      button.addEventListener("click", () => this.nudge({ row, column }));
    }
  }

  get hints() {
    return this.page.state().spots;
  }

  get chosen() {
    return this.page.state().chosen;
  }

  /** @param {Place} at */
  placeOf({ row, column }) {
    const { height, width } = this.page.size();
    const share = (/** @type {number} */ at, /** @type {number} */ size) => Math.round(((at + 0.5) / size) * 100);
    return say("place", { across: share(column, width), down: share(row, height) });
  }

  /** The number of the spot at a place, or -1. @param {Place} at */
  spotAt({ row, column }) {
    return this.hints.findIndex((spot) => spot.row === row && spot.column === column);
  }

  /** How a spot looks, which is asked where it is not known of the present state. @param {number} number */
  async lookOf(number) {
    return this.page.state() === this.looksOf ? this.looks[number] : this.page.look(this.hints[number]);
  }

  /** Put a spot, which shows the colour that is there until it gets one. @param {Place} at */
  async add({ row, column }) {
    const { picture, which } = this.page.state(), look = await this.page.look({ row, column }), now = this.page.state();
    if (now.picture !== picture || now.which !== which) return;
    const there = this.spotAt({ row, column }), number = this.hints.length;
    if (there >= 0) { // of the first of two clicks
      await this.choose(there);
      return;
    }
    const spots = [...this.hints, { row, column, size: Number(this.element("size").value), colour: null }];
    this.page.reveal({ row, column });
    await this.page.go({
      to: { spots, chosen: number }, done: say("doneSpotAdded", { number: number + 1 }),
      says: say("added", { number: number + 1, place: this.placeOf({ row, column }), colour: nameOf(look) }),
    });
  }

  /** @param {number} number */
  choose(number) {
    if (number >= this.hints.length) return undefined; // it has just gone
    this.page.choose(number);
    return this.page.refresh();
  }

  /** @param {number} number @param {Partial<Spot>} by @param {Omit<Change, "to">} change */
  change(number, by, change) {
    const spots = this.hints.map((spot, each) => (each === number ? { ...spot, ...by } : spot));
    this.page.reveal(spots[number]);
    const before = /** @type {any} */ (this.hints[number]);
    if (Object.entries(by).every(([name, value]) => before[name] === value)) return this.page.refresh(); // nothing to undo
    return this.page.go({ ...change, to: { spots, chosen: number } });
  }

  /** @param {string} colour @param {string} [look] - how it looks at its place. */
  recolour(colour, look = colour) {
    const { chosen } = this;
    if (chosen === null) return undefined;
    this.complain("");
    const number = chosen + 1;
    return this.change(chosen, { colour }, { colours: true, done: say("doneSpotChanged", { number }), says: say("changed", { number, colour: nameOf(look) }) });
  }

  /** Give the chosen spot the colour that it shows. */
  async keep() {
    const { chosen } = this;
    if (chosen === null) return;
    const spot = this.hints[chosen], look = await this.lookOf(chosen);
    if (spot === this.hints[this.chosen ?? -1]) await this.recolour(look);
  }

  /** @param {HTMLInputElement} field */
  write(field) {
    const colour = colourFrom(field.value);
    if (colour) this.recolour(colour);
    else this.complain(say("badColour", { text: field.value }));
  }

  /** Say beside the text field what is wrong with it. @param {string} text */
  complain(text) {
    this.element("text-problem").textContent = text;
    this.element("text").setAttribute("aria-invalid", String(!!text));
    if (text) this.page.tell(say("colourStays", { number: (this.chosen ?? 0) + 1 }));
  }

  /** @param {number} size */
  resize(size) {
    if (this.chosen === null) return;
    const number = this.chosen + 1;
    this.change(this.chosen, { size }, { done: say("doneSpotResized", { number }), says: say("resized", { number, size: say(`size${size}`) }) });
  }

  /** A step of a drag, of which only the end is said. @param {number} number @param {Place} to @param {string} [series] @param {string} [says] */
  move(number, to, series, says) {
    return this.change(number, to, { series, says, done: say("doneSpotMoved", { number: number + 1 }) });
  }

  /** Where the chosen spot is after it was moved. @param {Place} to */
  moved(to) {
    return say("moved", { number: (this.chosen ?? 0) + 1, place: this.placeOf(to) });
  }

  dropped() {
    if (this.chosen !== null) this.page.tell(this.moved(this.hints[this.chosen]));
  }

  /** @param {Place} by */
  nudge(by) {
    if (this.chosen === null) return undefined;
    const { height, width } = this.page.size(), spot = this.hints[this.chosen];
    const to = {
      row: Math.min(Math.max(spot.row + by.row, 0), height - 1),
      column: Math.min(Math.max(spot.column + by.column, 0), width - 1),
    };
    return this.move(this.chosen, to, undefined, this.moved(to));
  }

  /** @param {number} number */
  remove(number) {
    if (number >= this.hints.length) return undefined; // it has just gone
    const spots = this.hints.filter((_, each) => each !== number);
    return this.page.go({
      to: { spots, chosen: spots.length ? Math.min(number, spots.length - 1) : null },
      done: say("doneSpotRemoved", { number: number + 1 }), says: say("removed", { number: number + 1 }),
    });
  }

  /** Remove the spot at a place, or else the chosen one. @param {Place} at */
  removeAt({ row, column }) {
    const there = this.spotAt({ row, column });
    const number = there >= 0 ? there : this.chosen;
    if (number === null) this.page.tell(say("nothingHere"));
    else this.remove(number);
  }

  /** What is at a place. @param {Place} at */
  async describe({ row, column }) {
    const there = this.spotAt({ row, column }), place = this.placeOf({ row, column });
    if (there >= 0) return say("spot", { number: there + 1, colour: nameOf(await this.lookOf(there)), place });
    return say("cursor", { place, colour: nameOf(await this.page.look({ row, column })) });
  }

  /** Show the list and the chosen spot. @param {string[]} looks - how each spot looks at its place. */
  render(looks) {
    const { element, hints, chosen } = this;
    this.looks = looks;
    this.looksOf = this.page.state();
    element("none").hidden = hints.length > 0;
    replace(element("list"), hints.map((spot, number) => {
      const item = document.createElement("li"), choose = button(`choose ${number}`, () => this.choose(number));
      choose.append(chip(looks[number]), say("spot", { number: number + 1, colour: nameOf(looks[number]), place: this.placeOf(spot) }));
      choose.setAttribute("aria-pressed", String(number === chosen));
      item.append(choose);
      return item;
    }));
    element("chosen").hidden = chosen === null;
    if (chosen === null) return;
    const look = looks[chosen], isSet = hints[chosen].colour !== null;
    element("chosen-title").textContent = say(isSet ? "spotTitle" : "spotKept", { number: chosen + 1, colour: nameOf(look) });
    element("keep").hidden = isSet;
    element("field").value = look;
    element("size").value = String(hints[chosen].size);
    if (document.activeElement !== element("text")) {
      element("text").value = look;
      this.complain("");
    }
    this.renderLikely(chosen, look);
  }

  /** @param {number} chosen @param {string} look */
  async renderLikely(chosen, look) {
    const spot = this.hints[chosen], others = this.hints.filter((_, number) => number !== chosen);
    const likely = await this.page.likeliest(spot, others);
    if (spot !== this.hints[this.chosen ?? -1]) return;
    replace(this.element("likely"), likely.map((each, number) => {
      const swatch = button(`likely ${number}`, () => this.recolour(each.colour, each.look)), colour = nameOf(each.look);
      const share = each.share < 0.01 ? "< 1" : String(Math.round(each.share * 100));
      swatch.append(chip(each.look), `${share} %`);
      swatch.title = colour;
      swatch.setAttribute("aria-label", say("likelyOne", { colour, share, place: number + 1, count: likely.length }));
      swatch.setAttribute("aria-pressed", String(spot.colour !== null && each.look === look));
      return swatch;
    }));
  }
}

/** Replace what is in a list; a button that has the focus keeps it. @param {HTMLElement} list @param {HTMLElement[]} items */
function replace(list, items) {
  const had = list.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.key;
  list.replaceChildren(...items);
  if (had) /** @type {HTMLElement | null} */ (list.querySelector(`[data-key="${had}"]`))?.focus();
}

/** @param {string} key - by which the button is found again after the list was made anew. @param {() => void} act */
function button(key, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.key = key;
  made.addEventListener("click", act);
  return made;
}

/** A piece of a colour. @param {string} look */
function chip(look) {
  const made = document.createElement("span");
  made.className = "chip";
  made.style.background = look;
  return made;
}
