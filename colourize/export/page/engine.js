/**
 * A picture and the networks: everything that is computed, without a page.
 */
import { colourOfClass, knownChroma, nearestClass, pictureOf, saysClasses, sharesAt, uncertainty } from "./answers.js";
import { chromaOf, chromaOver, hexOf, lightnessOf, rgbOf } from "./colour.js";
import { inputsOf, joinRows, levelsOf, lightnessesOf, lowSize } from "./degradations.js";
import { Network, decode } from "./network.js";
import { maps, nearest } from "./operations.js";
import { resize } from "./resize.js";
import { sample } from "./sampling.js";

/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {import("./degradations.js").Known} Known */
/** @typedef {import("./answers.js").Answer} Answer */
/**
 * What is known of a network, see facts.py.
 * @typedef {{model: string, degradation: import("./degradations.js").Degradation, answer: Answer, divisor: number,
 *   size: [number, number] | null, parameters: number}} Facts
 */
/** @typedef {{facts: Facts, graph: import("./network.js").Graph & {count: number}, numbers: string}} Part */
/** A square of pixels, of the picture at the size at which colours are predicted, and the colour that it has.
 * @typedef {{row: number, column: number, size: number, colour: string}} Hint */
/** @typedef {{colour: string, look: string, share: number}} Likely - a class's colour, what it looks like at its pixel. */

const ROWS_AT_ONCE = 64;
export const THUMBNAIL = 160; // pixels, the longer side

export class Engine {
  /** @param {Part[]} parts @param {boolean} [fast] - whether WebAssembly is tried. */
  constructor(parts, fast = true) {
    this.parts = parts;
    this.fast = fast;
    /** @type {Map<number, Network>} */
    this.networks = new Map();
    /** @type {Map<string, any>} - what was computed of the present picture. */
    this.cache = new Map();
    /** @type {Levels | null} */
    this.full = null;
    /** @type {Levels | null} */
    this.display = null;
  }

  /** @param {number} which @returns {Network} */
  network(which) {
    return this.keep(this.networks, which, () => {
      const { graph, numbers } = this.parts[which];
      return new Network(graph, decode(numbers, graph.count), this.fast);
    });
  }

  /** @template K, V @param {Map<K, V>} kept @param {K} key @param {() => V} make @returns {V} */
  keep(kept, key, make) {
    if (!kept.has(key)) kept.set(key, make());
    return /** @type {V} */ (kept.get(key));
  }

  /** Begin with a picture. @param {Levels} full @param {Levels} display - the same, no larger than a screen. */
  open(full, display) {
    this.full = full;
    this.display = display;
    this.cache.clear();
  }

  /** The picture at the size at which a network works. @param {number} which @returns {Levels} */
  low(which) {
    const full = /** @type {Levels} */ (this.full), { size, degradation } = this.parts[which].facts;
    if (degradation.kind === "low_resolution") return full;
    const [width, height] = lowSize(full.width, full.height, Math.min(...(size ?? [32, 32])));
    return this.keep(this.cache, `low ${width} ${height}`, () => resize(full, width, height));
  }

  /** The pixels that hints give, each with the chroma that the network is told. @param {number} which @param {Hint[]} hints */
  known(which, hints) {
    const { answer, divisor } = this.parts[which].facts, low = this.low(which);
    /** @type {Map<number, Known>} - later ones lie over earlier ones. */
    const found = new Map();
    for (const { row, column, size, colour } of hints) {
      const label = nearestClass(answer, rgbOf(colour)), half = Math.floor(size / 2);
      for (let y = Math.max(row - half, 0); y <= Math.min(row + half, low.height - 1); y++) {
        for (let x = Math.max(column - half, 0); x <= Math.min(column + half, low.width - 1); x++) {
          const lightness = Math.fround(lightnessOfPixel(low, y, x, divisor));
          found.set(y * low.width + x, { row: y, column: x, chroma: knownChroma(answer, label, lightness) });
        }
      }
    }
    return [...found.values()];
  }

  /**
   * The network's inputs and outputs for the picture with these hints.
   * @param {number} which @param {Hint[]} hints
   * @returns {{inputs: Maps, outputs: Maps, milliseconds: number}} and how long the network took.
   */
  answerTo(which, hints) {
    const key = JSON.stringify(["outputs", which, hints]);
    if (!this.cache.has(key)) {
      for (const old of [...this.cache.keys()].filter((each) => each.startsWith('["outputs"')).slice(0, -3)) this.cache.delete(old);
      const { degradation, divisor } = this.parts[which].facts;
      const inputs = inputsOf(degradation, this.low(which), divisor, hints.length ? this.known(which, hints) : []);
      const network = this.network(which), began = performance.now(), outputs = network.run(inputs);
      this.cache.set(key, { inputs, outputs, milliseconds: performance.now() - began });
    }
    return this.cache.get(key);
  }

  /** The colours of the picture, (3, h, w). @param {number} which @param {Hint[]} hints @param {number} temperature */
  colours(which, hints, temperature) {
    const { inputs, outputs } = this.answerTo(which, hints);
    return pictureOf(this.parts[which].facts.answer, outputs, inputs, temperature);
  }

  /**
   * A picture with these colours; between any two pieces it can be stopped.
   * @param {number} which @param {Maps} colours @param {Levels} picture
   * @returns {Generator<number, Levels>} yields the share that is done.
   */
  *joined(which, colours, picture) {
    const { degradation, divisor } = this.parts[which].facts, { width, height } = picture;
    const data = new Uint8ClampedArray(4 * width * height);
    const guide = lightnessesOf(degradation, this.low(which), divisor);
    for (let row = 0; row < height; row += ROWS_AT_ONCE) {
      joinRows(degradation, colours, guide, picture, divisor, data, row, Math.min(row + ROWS_AT_ONCE, height));
      yield Math.min(row + ROWS_AT_ONCE, height) / height;
    }
    return { width, height, data, channels: 4 };
  }

  /** The same at once. @param {number} which @param {Maps} colours @param {Levels} picture */
  join(which, colours, picture) {
    return finish(this.joined(which, colours, picture));
  }

  /** The picture as the network is given it: without colour. @param {number} which @param {Levels} picture */
  grey(which, picture) {
    return this.join(which, maps(3, 1, 1, new Float32Array([0.5, 0.5, 0.5])), picture);
  }

  /** The network's input: grey, but for the pixels whose colours it was told. @param {number} which @param {Hint[]} hints */
  seen(which, hints) {
    const low = this.low(which), { divisor } = this.parts[which].facts;
    const seen = this.grey(which, low);
    for (const { row, column, chroma: [a, b] } of hints.length ? this.known(which, hints) : []) {
      const rgb = [0, 0, 0];
      chromaOver(lightnessOfPixel(low, row, column, divisor), a, b, rgb, 0, 1);
      seen.data.set(rgb.map((value) => Math.round(255 * value)), 4 * (row * low.width + column));
    }
    return seen;
  }

  /**
   * The likeliest colours of a pixel, the likeliest first; equal looks count as one.
   * @param {number} which @param {Hint[]} hints - those at the pixel itself should not be among them.
   * @param {number} row @param {number} column @param {number} count @returns {Likely[]}
   */
  likeliest(which, hints, row, column, count) {
    const { answer, divisor } = this.parts[which].facts, low = this.low(which);
    if (!saysClasses(answer)) return [];
    const { outputs } = this.answerTo(which, hints), shares = new Float64Array(outputs.channels);
    sharesAt(outputs, row * low.width + column, 1, shares);
    const lightness = lightnessOfPixel(low, row, column, divisor);
    /** @type {Map<string, Likely>} */
    const found = new Map();
    const order = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
    for (const label of order) {
      const look = hexOf(colourOfClass(answer, label, lightness)), same = found.get(look);
      if (same) same.share += shares[label];
      else if (found.size === count) break;
      else found.set(look, { colour: answer.kind === "palette" ? hexOf(answer.colours[label]) : look, look, share: shares[label] });
    }
    return [...found.values()];
  }

  /**
   * How a hint of this colour looks at a pixel.
   * @param {number} which @param {string} colour @param {number} row @param {number} column
   */
  lookOf(which, colour, row, column) {
    const { answer, divisor } = this.parts[which].facts;
    return hexOf(colourOfClass(answer, nearestClass(answer, rgbOf(colour)), lightnessOfPixel(this.low(which), row, column, divisor)));
  }

  /**
   * How a pixel of colours looks in the picture, which keeps its lightness.
   * @param {number} which @param {Maps} colours @param {number} row @param {number} column
   */
  lookAt(which, { width, height, data }, row, column) {
    const plane = width * height, pixel = row * width + column, rgb = [0, 0, 0];
    const [a, b] = chromaOf(data[pixel], data[plane + pixel], data[2 * plane + pixel]);
    chromaOver(lightnessOfPixel(this.low(which), row, column, this.parts[which].facts.divisor), a, b, rgb, 0, 1);
    return hexOf(rgb);
  }

  /** How uncertain the network is at each pixel, 0 … 1; never where it was told. @param {number} which @param {Hint[]} hints */
  uncertainty(which, hints) {
    const found = uncertainty(this.answerTo(which, hints).outputs);
    for (const { row, column } of this.known(which, hints)) found.data[row * found.width + column] = 0;
    return found;
  }

  /**
   * The colours of a drawn colouring, which are kept.
   * @param {number} which @param {Hint[]} hints @param {{rounds: number, temperature: number, seed: number}} settings
   * @returns {Generator<number, Maps>} yields the share that is done.
   */
  *drawn(which, hints, settings) {
    const key = JSON.stringify(["drawn", which, hints, settings]);
    if (!this.cache.has(key)) {
      const colours = yield* this.sampled(which, hints, settings);
      this.cache.set(key, colours);
    }
    return this.cache.get(key);
  }

  /**
   * The colours of a drawn colouring.
   * @param {number} which @param {Hint[]} hints @param {{rounds: number, temperature: number, seed: number}} settings
   * @returns {Generator<number, Maps>} yields the share that is done.
   */
  *sampled(which, hints, settings) {
    const { answer, divisor } = this.parts[which].facts, low = this.low(which), known = this.known(which, hints);
    const classes = yield* sample(this.network(which), answer, low, divisor, known, settings);
    const picture = maps(3, low.height, low.width), plane = classes.length;
    classes.forEach((label, pixel) => {
      const lightness = lightnessOfPixel(low, Math.floor(pixel / low.width), pixel % low.width, divisor);
      const rgb = answer.kind === "palette" ? answer.colours[label] : colourOfClass(answer, label, lightness);
      rgb.forEach((value, channel) => { picture.data[channel * plane + pixel] = value; });
    });
    return picture;
  }

  /**
   * The picture enlarged by a network and, to compare, without one.
   * @param {number} which @returns {{network: Levels, nearest: Levels, lanczos: Levels, factor: number}}
   */
  enlarged(which) {
    const { degradation, divisor } = this.parts[which].facts, low = this.low(which);
    if (degradation.kind !== "low_resolution") throw new Error("this network does not enlarge");
    const { factor } = degradation, inputs = inputsOf({ kind: "low_resolution", factor: 1 }, low, divisor);
    const lanczos = resize(low, low.width * factor, low.height * factor);
    return {
      network: levelsOf(this.colours(which, [], 1), divisor),
      nearest: levelsOf(nearest(inputs, factor), divisor),
      lanczos: opaque(lanczos), factor,
    };
  }

  /**
   * Feature maps of a network's part, each scaled to 0 … 255 by its own least and greatest number.
   * @param {number} which @param {Hint[]} hints @param {string} block
   */
  features(which, hints, block) {
    const { inputs } = this.answerTo(which, hints), network = this.network(which), value = network.graph.blocks[block];
    /** @type {Maps | null} */
    let found = null;
    network.run(inputs, (each, made) => { if (each === value) found = made; });
    const { channels, height, width, data } = /** @type {Maps} */ (/** @type {unknown} */ (found));
    const levels = new Uint8ClampedArray(data.length), plane = height * width;
    for (let start = 0; start < data.length; start += plane) {
      let least = Infinity, most = -Infinity;
      for (let at = start; at < start + plane; at++) {
        if (data[at] < least) least = data[at];
        if (data[at] > most) most = data[at];
      }
      for (let at = start; at < start + plane; at++) levels[at] = ((data[at] - least) / (most - least || 1)) * 255;
    }
    return { channels, height, width, levels };
  }
}

/** The last value of a generator, run to its end. @template T @param {Generator<any, T>} steps @returns {T} */
export function finish(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** @param {Levels} levels @param {number} row @param {number} column @param {number} divisor */
function lightnessOfPixel({ data, width, channels }, row, column, divisor) {
  const at = (row * width + column) * channels;
  return lightnessOf(data[at] / divisor, data[at + 1] / divisor, data[at + 2] / divisor);
}

/** With an opacity. @param {Levels} levels @returns {Levels} */
export function opaque({ width, height, data, channels }) {
  if (channels === 4) return { width, height, data, channels };
  const more = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) more.set(data.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
  return { width, height, data: more, channels: 4 };
}
