/**
 * A trained network: its operations and weights as `page.py` wrote them, run one after the other.
 */
import { Kernel } from "./kernel.js";
import {
  EACH, OF_TWO, affine, bilinear, channels, concat, conv, convTranspose, crop, every, lookup, maps, mirror, nearest, pad,
  pool, shuffle, unshuffle,
} from "./operations.js";

/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {import("./kernel.js").Layer} Layer */
/**
 * A matrix of weights: row by row whole numbers of 16 bits from `at` on, each row with a scale of its own from `scales`
 * on; or, without scales, numbers of 32 bits. Both count numbers of their kind.
 * @typedef {{at: number, rows: number, columns: number, scales?: number}} Stored
 */
/** @typedef {{op: string, inputs: number[], settings: any, tensors: Record<string, Stored>}} Node */
/** @typedef {{nodes: Node[], blocks: Record<string, number>, in_channels: number, out_channels: number}} Graph */

/**
 * The numbers of a weights text: base64 of as many whole numbers of 16 bits as `count` says, then numbers of 32 bits.
 * @param {string} text @param {number} count
 */
export function decode(text, count) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const start = Math.ceil((2 * count) / 4) * 4;
  return { whole: new Int16Array(bytes.buffer, 0, count), exact: new Float32Array(bytes.buffer, start) };
}

export class Network {
  /**
   * @param {Graph} graph
   * @param {{whole: Int16Array, exact: Float32Array}} numbers - see `decode`.
   * @param {boolean} [fast] - whether WebAssembly is tried.
   */
  constructor(graph, numbers, fast = true) {
    this.graph = graph;
    this.numbers = numbers;
    let size = 0;
    for (const { op, settings, tensors } of graph.nodes) {
      if (op.startsWith("conv")) {
        size += settings.groups * Kernel.size(tensors.weight.rows / settings.groups, tensors.weight.columns);
      }
    }
    this.kernel = new Kernel(size, fast);
    /** @type {{layers: Layer[], tensors: Record<string, Float32Array>}[]} */
    this.loaded = graph.nodes.map((node) => this.load(node));
    /** How often each value is read, so that it can be forgotten after the last time. */
    this.lastUse = new Array(graph.nodes.length + 1).fill(0);
    graph.nodes.forEach((node, place) => node.inputs.forEach((value) => { this.lastUse[value] = place; }));
  }

  /** @param {Node} node */
  load({ op, settings, tensors }) {
    /** @type {Record<string, Float32Array>} */
    const values = Object.fromEntries(Object.entries(tensors).map(([name, stored]) => [name, this.read(stored)]));
    /** @type {Layer[]} */
    const layers = [];
    if (op.startsWith("conv")) {
      const rows = tensors.weight.rows / settings.groups, each = rows * tensors.weight.columns;
      for (let group = 0; group < settings.groups; group++) {
        // Of transposed convolutions the bias comes later, once a pixel.
        const bias = op === "conv" ? values.bias.slice(group * rows, (group + 1) * rows) : new Float32Array(rows);
        layers.push(this.kernel.load(values.weight.subarray(group * each, (group + 1) * each), bias));
      }
      delete values.weight;
    }
    return { layers, tensors: values };
  }

  /** @param {Stored} stored */
  read({ at, rows, columns, scales }) {
    if (scales === undefined) return this.numbers.exact.slice(at, at + rows * columns);
    const found = new Float32Array(rows * columns);
    for (let row = 0, place = 0; row < rows; row++) {
      const scale = this.numbers.exact[scales + row];
      for (let column = 0; column < columns; column++, place++) found[place] = this.numbers.whole[at + place] * scale;
    }
    return found;
  }

  /**
   * The outputs for an input.
   * @param {Maps} inputs
   * @param {(value: number, maps: Maps) => void} [look] - is shown each value as it is made.
   */
  run(inputs, look) {
    /** @type {(Maps | null)[]} */
    const values = [inputs];
    for (let place = 0; place < this.graph.nodes.length; place++) {
      const { inputs: read } = this.graph.nodes[place];
      const made = this.step(place, read.map((value) => /** @type {Maps} */ (values[value])));
      values.push(made);
      if (look) look(place + 1, made);
      for (const value of read) if (this.lastUse[value] === place) values[value] = null;
    }
    return /** @type {Maps} */ (values[values.length - 1]);
  }

  /** @param {number} place @param {Maps[]} read @returns {Maps} */
  step(place, read) {
    const { op, settings } = this.graph.nodes[place], { layers, tensors } = this.loaded[place], [x, y] = read;
    const sides = settings.sides && { left: settings.sides[0], right: settings.sides[1], top: settings.sides[2], bottom: settings.sides[3] };
    if (op in EACH || op in OF_TWO) {
      const outputs = maps(x.channels, x.height, x.width);
      if (op in EACH) EACH[op](x.data, outputs.data, settings);
      else OF_TWO[op](x.data, y.data, outputs.data);
      return outputs;
    }
    switch (op) {
      case "conv": return conv(this.kernel, layers, x, settings);
      case "conv_transpose": return convTranspose(this.kernel, layers, x, tensors.bias, settings);
      case "affine": return affine(x, tensors.scale, tensors.shift);
      case "concat": return concat(read);
      case "max_pool": return pool(x, settings.kernel, settings.stride, true);
      case "avg_pool": return pool(x, settings.kernel, settings.stride, false);
      case "nearest": return nearest(x, settings.factor);
      case "bilinear": return bilinear(x, settings.factor);
      case "shuffle": return shuffle(x, settings.factor);
      case "unshuffle": return unshuffle(x, settings.factor);
      case "pad": return pad(x, sides, settings.mode);
      case "crop": return crop(x, sides);
      case "every": return every(x, settings.rows, settings.columns);
      case "channels": return channels(x, settings.start, settings.stop);
      case "lookup": return lookup(x, tensors.table, settings.levels);
      case "mirror": return mirror(x, settings);
      case "fit": return crop(x, { left: 0, right: x.width - y.width, top: 0, bottom: x.height - y.height });
      default: throw new Error(`no operation ${op}`);
    }
  }
}
