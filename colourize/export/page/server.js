/**
 * What the page asks of the engine, as messages: in a worker, or in the page itself where there is none.
 */
import { Engine, THUMBNAIL, finish, opaque } from "./engine.js";
import { resize } from "./resize.js";

/** @typedef {import("./engine.js").Hint} Hint */
/** @typedef {import("./engine.js").Part} Part */
/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {import("./resize.js").Levels} Levels */
/** What is asked about: a network by its number, hints, and a temperature of the mean or else the seed of a sample.
 * @typedef {{which: number, hints: Hint[], temperature: number, sample: number | null}} Question */
/** @typedef {(share: number) => void} Advance */
/** @typedef {{id: number, share?: number, result?: any, error?: string}} Reply */

const pause = () => new Promise((resolve) => { setTimeout(resolve, 0); });
const LIKELIEST = 5; // colours of a pixel
const DRAWING = { rounds: 16, temperature: 1 };
const SLICE = 30; // milliseconds after which others get their turn

/** The error of work that was stopped because something newer was asked. */
export const STOPPED = "stopped";

export class Server {
  /** @param {Part[]} parts */
  constructor(parts) {
    this.engine = new Engine(parts);
    /** Rises with each picture and each enlarging, which stop the long work before them. */
    this.turn = 0;
  }

  /**
   * Work in slices, until it is done or something newer was asked.
   * @template T @param {Generator<number, T>} steps @param {number} turn @param {Advance} [advance] @returns {Promise<T>}
   */
  async slices(steps, turn, advance = () => {}) {
    let begun = performance.now();
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      if (performance.now() - begun > SLICE) {
        advance(/** @type {number} */ (value));
        await pause();
        if (turn !== this.turn) throw new Error(STOPPED);
        begun = performance.now();
      }
    }
  }

  /** Begin with a picture. @param {{full: Levels, display: Levels}} pictures */
  async open({ full, display }) {
    this.turn++;
    this.engine.open(full, display);
  }

  /** The picture without colour, and the size at which the network works. @param {{which: number}} question */
  async grey({ which }) {
    return { grey: this.engine.grey(which, this.display()), low: this.engine.seen(which, []) };
  }

  display() {
    return /** @type {Levels} */ (this.engine.display);
  }

  /**
   * The colours of a question: those of a sample are drawn from its seed, if they are not there any more.
   * @param {Question} question @returns {Promise<Maps>}
   */
  async coloursOf({ which, hints, temperature, sample }) {
    if (sample === null) return this.engine.colours(which, hints, temperature);
    return this.slices(this.engine.drawn(which, hints, { ...DRAWING, seed: sample }), this.turn);
  }

  /** The picture as it is shown, and what the network saw. @param {Question} question */
  async colour(question) {
    const { which, hints } = question, { milliseconds } = this.engine.answerTo(which, hints);
    return { picture: this.engine.join(which, await this.coloursOf(question), this.display()), seen: this.engine.seen(which, hints), milliseconds };
  }

  /** The picture at its full size. @param {Question} question @param {Advance} advance */
  async full(question, advance) {
    const colours = await this.coloursOf(question), full = /** @type {Levels} */ (this.engine.full);
    return this.slices(this.engine.joined(question.which, colours, full), this.turn, advance);
  }

  /** The likeliest colours of a pixel. @param {Question & {row: number, column: number}} question */
  async likeliest({ which, hints, row, column }) {
    return this.engine.likeliest(which, hints, row, column, LIKELIEST);
  }

  /**
   * How places look: in the colour that each was given, or as they are shown.
   * @param {Question & {places: {row: number, column: number, colour: string | null}[]}} question
   */
  async looks({ places, ...question }) {
    const { which } = question, colours = await this.coloursOf(question);
    return places.map(({ colour, row, column }) =>
      (colour === null ? this.engine.lookAt(which, colours, row, column) : this.engine.lookOf(which, colour, row, column)));
  }

  /** @param {Question} question */
  async uncertainty({ which, hints }) {
    return this.engine.uncertainty(which, hints);
  }

  /**
   * Coherent colourings as small pictures.
   * @param {{which: number, hints: Hint[], seeds: number[]}} question @param {Advance} advance
   */
  async draw({ which, hints, seeds }, advance) {
    const { turn } = this, { width, height } = this.display();
    const scale = Math.min(THUMBNAIL / Math.max(width, height), 1);
    const small = opaque(resize(this.display(), Math.max(Math.round(width * scale), 1), Math.max(Math.round(height * scale), 1)));
    const found = [];
    for (const [number, seed] of seeds.entries()) {
      const steps = this.engine.drawn(which, hints, { ...DRAWING, seed });
      const colours = await this.slices(steps, turn, (share) => advance((number + share) / seeds.length));
      found.push(finish(this.engine.joined(which, colours, small)));
      advance((number + 1) / seeds.length);
    }
    return found;
  }

  /** @param {{which: number}} question */
  async enlarge({ which }) {
    this.turn++;
    return this.engine.enlarged(which);
  }

  /** @param {Question & {block: string}} question */
  async features({ which, hints, block }) {
    return this.engine.features(which, hints, block);
  }

  /**
   * Answer a message. @param {{id: number, call: string, question: any}} message
   * @param {(reply: Reply) => void} send
   */
  async answer({ id, call, question }, send) {
    try {
      const known = /** @type {any} */ (this);
      send({ id, result: await known[call](question, (/** @type {number} */ share) => send({ id, share })) });
    } catch (error) {
      send({ id, error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Serve in a worker: the first message brings the networks. @param {any} scope - the worker's own. */
export function serve(scope) {
  /** @type {Server | null} */
  let server = null;
  scope.onmessage = (/** @type {MessageEvent} */ { data }) => {
    if (!server) server = new Server(data);
    else server.answer(data, (reply) => scope.postMessage(reply));
  };
}
