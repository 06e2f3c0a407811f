/**
 * Colourings drawn from a network that takes hints: a few pixels at a time, each given all that were drawn before, as
 * colourize/joint/sampling.py does it.
 */
import { knownChroma, sharesAt } from "./answers.js";
import { inputsOf } from "./degradations.js";

/** @typedef {import("./answers.js").Answer} Answer */
/** @typedef {import("./degradations.js").Known} Known */
/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {import("./resize.js").Levels} Levels */

/** Random numbers in 0 … 1 that follow from a seed (mulberry32). @param {number} seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The class of each pixel, round by round; it can be stopped between any two.
 * @param {{run: (inputs: Maps) => Maps}} network @param {Answer} answer @param {Levels} low @param {number} divisor
 * @param {Known[]} hints @param {{rounds: number, temperature: number, seed: number}} settings
 * @returns {Generator<number, Int32Array>} yields the share that is done.
 */
export function* sample(network, answer, low, divisor, hints, { rounds, temperature, seed }) {
  const random = randomFrom(seed), pixels = low.width * low.height;
  const isHint = new Uint8Array(pixels);
  for (const { row, column } of hints) isHint[row * low.width + column] = 1;
  // Hints are drawn first: given themselves they cost nothing and change nothing.
  const order = Array.from({ length: pixels }, (_, pixel) => ({ pixel, key: isHint[pixel] ? -1 : random() }));
  order.sort((one, other) => one.key - other.key);
  const count = hints.length ? isHint.reduce((sum, each) => sum + each, 0) : 0;
  const classes = new Int32Array(pixels), known = [...hints];
  const lightness = inputsOf({ kind: "luminance" }, low, divisor).data;
  /** @type {Float64Array | undefined} */
  let shares;
  let drawn = 0;
  for (let round = 1; round <= rounds; round++) {
    const outputs = network.run(inputsOf({ kind: "hints" }, low, divisor, known));
    shares ??= new Float64Array(outputs.channels);
    const left = round < rounds ? Math.floor((pixels - count) * Math.cos(((Math.PI / 2) * round) / rounds)) : 0;
    for (; drawn < pixels - left; drawn++) {
      const { pixel } = order[drawn];
      sharesAt(outputs, pixel, temperature, shares);
      let label = 0;
      for (let sum = shares[0], wanted = random(); sum < wanted && label < shares.length - 1; ) sum += shares[++label];
      classes[pixel] = label;
      if (isHint[pixel]) continue;
      const row = Math.floor(pixel / low.width), column = pixel % low.width;
      known.push({ row, column, chroma: knownChroma(answer, label, lightness[pixel]) });
    }
    yield round / rounds;
  }
  return classes;
}
