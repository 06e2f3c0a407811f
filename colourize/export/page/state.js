/**
 * All that can be undone: the picture, the network, the spots, and how the colours are chosen.
 */
import { History } from "./history.js";
import { say } from "./words.js";

/** @typedef {import("./engine.js").Hint} Hint */
/** @typedef {import("./files.js").Opened} Opened */
/** A place where somebody changes the colour; null: it has no colour yet, and the network is not told of it.
 * @typedef {Omit<Hint, "colour"> & {colour: string | null}} Spot */
/** `sample` is the seed of the colouring that is shown, and null for the usual one.
 * @typedef {{picture: Opened | null, which: number, spots: Spot[], chosen: number | null, temperature: number, sample: number | null}} State */
/**
 * A change: what it sets, what undoing it undoes, and what is said of it. Changes of one series in a row are one step.
 * `colours`: whether somebody chose colours, and so wants to see them.
 * @typedef {{to: Partial<State>, done: string, says?: string, series?: string, colours?: boolean}} Change
 */
/** @typedef {State & {done: string, series?: string}} Step */

/** The spots that have a colour, as the network is told of them. @param {Spot[]} spots */
export const coloured = (spots) => /** @type {Hint[]} */ (spots.filter(({ colour }) => colour !== null));

/** What a sample is drawn of, as text. @param {State} state */
export const subjectOf = ({ picture, which, spots }) => JSON.stringify([picture?.number, which, coloured(spots)]);

export class Changes {
  /** @param {State} first */
  constructor(first) {
    /** @type {History<Step>} */
    this.history = new History({ ...first, done: "" });
  }

  get now() {
    return this.history.now;
  }

  /** Make a change. @param {Change} change @returns {string} what there is to say. */
  make({ to, done, says = "", series }) {
    const before = this.now, now = { ...before, ...to, done, series };
    const left = before.sample !== null && now.sample === before.sample && isOther(before, now);
    if (left) now.sample = null;
    this.history.push(now, before.picture === null || (!!series && before.series === series));
    if (now.picture !== before.picture) this.history.keep(({ picture }) => picture === before.picture); // others take too much memory
    return left ? `${says} ${say("usualAgain")}`.trim() : says;
  }

  /** Choose a spot, which is no change of its own. @param {number} number */
  choose(number) {
    this.now.chosen = number;
  }

  /** @returns {string} what there is to say. */
  undo() {
    if (!this.history.canUndo) return say("nothingToUndo");
    const what = this.now.done;
    this.history.undo();
    return say("undone", { what });
  }

  /** @returns {string} what there is to say. */
  redo() {
    if (!this.history.canRedo) return say("nothingToRedo");
    return say("redone", { what: this.history.redo().done });
  }
}

/** Whether a sample of one state is none of the other. @param {State} one @param {State} other */
const isOther = (one, other) =>
  one.temperature !== other.temperature || subjectOf(one) !== subjectOf(other);
