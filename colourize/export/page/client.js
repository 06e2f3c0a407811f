/**
 * Questions to the engine, which works in a worker where the browser allows one, so that the page never waits.
 */
import { Server } from "./server.js";

/** @typedef {import("./engine.js").Part} Part */
/** @typedef {{message: any, resolve: (result: any) => void, reject: (error: Error) => void, advance: (share: number) => void}} Waiting */

export class Client {
  /**
   * @param {Part[]} parts
   * @param {string} program - the text of this very program, which the worker runs as well.
   */
  constructor(parts, program) {
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.count = 0;
    /** @type {Server | null} - in the page, where there is no worker. */
    this.server = null;
    /** @type {(message: any) => void} */
    this.post = (message) => this.askHere(parts, message);
    try {
      const worker = new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })));
      worker.onmessage = ({ data }) => this.take(data);
      worker.onerror = (event) => this.withoutWorker(parts, event);
      worker.postMessage(parts);
      this.post = (message) => worker.postMessage(message);
    } catch {
      // Some browsers forbid workers in pages that were opened from a file.
    }
  }

  /** @param {Part[]} parts @param {any} message */
  askHere(parts, message) {
    this.server ??= new Server(parts);
    this.server.answer(message, (reply) => this.take(reply));
  }

  /** A worker that cannot start answers nothing: what it was asked is asked here. @param {Part[]} parts @param {Event} event */
  withoutWorker(parts, event) {
    event.preventDefault();
    this.post = (message) => this.askHere(parts, message);
    for (const { message } of this.waiting.values()) this.post(message);
  }

  /**
   * @param {string} call - a method of `Server`. @param {any} question
   * @param {(share: number) => void} [advance] - is told the share that is done. @returns {Promise<any>}
   */
  ask(call, question, advance = () => {}) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      const message = { id, call, question };
      this.waiting.set(id, { message, resolve, reject, advance });
      this.post(message);
    });
  }

  /** @param {{id: number, share?: number, result?: any, error?: string}} reply */
  take({ id, share, result, error }) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    if (share !== undefined) {
      waiting.advance(share);
      return;
    }
    this.waiting.delete(id);
    if (error !== undefined) waiting.reject(new Error(error));
    else waiting.resolve(result);
  }
}
