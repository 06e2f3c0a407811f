/**
 * What a network is given of a picture, and how its colours come over the picture: as colourize/degradations does it.
 */
import { chromaOf, chromaOver, lightnessOf, quickLightness } from "./colour.js";
import { between, maps, roundHalfEven } from "./operations.js";

/** @typedef {import("./operations.js").Maps} Maps */
/** @typedef {import("./resize.js").Levels} Levels */
/**
 * @typedef {{kind: "grey", weights: [number, number, number]} | {kind: "luminance"} | {kind: "hints"}
 *   | {kind: "low_resolution", factor: number}} Degradation
 */
/** @typedef {{row: number, column: number, chroma: [number, number]}} Known - a pixel whose chroma is given. */

const HINT_SCALE = 110, LONGEST = 32;

/**
 * The network's input for a picture at the size at which it works.
 * @param {Degradation} degradation @param {Levels} low @param {number} divisor @param {Known[]} [known]
 */
export function inputsOf(degradation, low, divisor, known = []) {
  const { width, height, data, channels } = low, plane = width * height;
  if (degradation.kind === "low_resolution") {
    const { factor } = degradation, inputs = maps(3, height * factor, width * factor);
    for (let channel = 0, at = 0; channel < 3; channel++) {
      for (let row = 0; row < inputs.height; row++) {
        const start = Math.floor(row / factor) * width;
        for (let column = 0; column < inputs.width; column++, at++) {
          inputs.data[at] = data[(start + Math.floor(column / factor)) * channels + channel] / divisor;
        }
      }
    }
    return inputs;
  }
  const inputs = maps(degradation.kind === "hints" ? 4 : 1, height, width);
  for (let pixel = 0; pixel < plane; pixel++) {
    const at = pixel * channels, r = data[at] / divisor, g = data[at + 1] / divisor, b = data[at + 2] / divisor;
    inputs.data[pixel] = degradation.kind === "grey" ? greyOf(degradation.weights, r, g, b) : lightnessOf(r, g, b);
  }
  if (degradation.kind === "hints") {
    inputs.data.fill(-0.5, 3 * plane);
    for (const { row, column, chroma: [a, b] } of known) {
      const pixel = row * width + column;
      inputs.data[plane + pixel] = a / HINT_SCALE;
      inputs.data[2 * plane + pixel] = b / HINT_SCALE;
      inputs.data[3 * plane + pixel] = 0.5;
    }
  }
  return inputs;
}

/** @param {[number, number, number]} weights @param {number} r @param {number} g @param {number} b */
const greyOf = (weights, r, g, b) => weights[0] * r + weights[1] * g + weights[2] * b;

/**
 * What a network sees of a picture, without hints: its grey, or its lightness; by tables, which is quick.
 * @param {Degradation} degradation @param {Levels} picture @param {number} divisor
 */
export function lightnessesOf(degradation, picture, divisor) {
  const { data, channels } = picture, found = new Float32Array(picture.width * picture.height);
  for (let pixel = 0; pixel < found.length; pixel++) found[pixel] = lightnessAt(degradation, data, pixel * channels, divisor);
  return found;
}

/** @param {Degradation} degradation @param {ArrayLike<number>} data @param {number} at @param {number} divisor */
function lightnessAt(degradation, data, at, divisor) {
  const r = data[at] / divisor, g = data[at + 1] / divisor, b = data[at + 2] / divisor;
  return degradation.kind === "grey" ? greyOf(degradation.weights, r, g, b) : quickLightness(r, g, b);
}

const SIGMA = 0.06, LEAST = 1e-6; // of joint bilateral upsampling, see prediction/upsampling.py
/** How alike two lightnesses are that lie so many thousandths apart. */
const LIKENESS = Float64Array.from({ length: 1002 }, (_, place) => Math.exp((place / 1000) ** 2 / (-2 * SIGMA ** 2)) + LEAST);

/** @param {number} one @param {number} other */
function likeness(one, other) {
  const exact = Math.min(Math.abs(one - other), 1) * 1000, place = exact | 0;
  return LIKENESS[place] + (LIKENESS[place + 1] - LIKENESS[place]) * (exact - place);
}

/**
 * Rows of the picture with these colours, which are enlarged along the picture's own edges; each pixel keeps its own
 * grey, or lightness. See `prediction.upsampling.joint_bilateral` and `prediction.predictor.join`.
 * @param {Degradation} degradation @param {Maps} colours - of a small picture.
 * @param {Float32Array} guide - the lightness of each pixel of the small picture.
 * @param {Levels} picture @param {number} divisor
 * @param {Uint8ClampedArray} out - R, G, B and opacity of the whole picture. @param {number} from @param {number} to
 */
export function joinRows(degradation, colours, guide, picture, divisor, out, from, to) {
  const { width, height, data, channels } = picture, small = colours.data, wide = colours.width;
  const plane = colours.height * wide;
  const across = Array.from({ length: width }, (_, column) => between(column, wide, width));
  const left = Int32Array.from(across, (each) => each[0]), right = Int32Array.from(across, (each) => each[1]);
  const along = Float64Array.from(across, (each) => each[2]);
  const white = 255 / divisor, weights = degradation.kind === "grey" ? degradation.weights : null;
  const rgb = new Float64Array(3);
  for (let row = from; row < to; row++) {
    const [above, below, down] = between(row, colours.height, height);
    for (let column = 0; column < width; column++) {
      const at = (row * width + column) * channels, to4 = (row * width + column) * 4;
      const own = lightnessAt(degradation, data, at, divisor), share = along[column];
      const p = above * wide + left[column], q = above * wide + right[column];
      const r = below * wide + left[column], s = below * wide + right[column];
      const ofP = likeness(own, guide[p]) * (1 - down) * (1 - share), ofQ = likeness(own, guide[q]) * (1 - down) * share;
      const ofR = likeness(own, guide[r]) * down * (1 - share), ofS = likeness(own, guide[s]) * down * share;
      const whole = ofP + ofQ + ofR + ofS, P = ofP / whole, Q = ofQ / whole, R = ofR / whole, S = ofS / whole;
      const red = P * small[p] + Q * small[q] + R * small[r] + S * small[s];
      const green = P * small[plane + p] + Q * small[plane + q] + R * small[plane + r] + S * small[plane + s];
      const blue = P * small[2 * plane + p] + Q * small[2 * plane + q] + R * small[2 * plane + r] + S * small[2 * plane + s];
      if (weights) {
        const mean = weights[0] * red + weights[1] * green + weights[2] * blue;
        const room = Math.min(roomOf(red - mean, own, white), roomOf(green - mean, own, white), roomOf(blue - mean, own, white), 1);
        rgb[0] = own + room * (red - mean);
        rgb[1] = own + room * (green - mean);
        rgb[2] = own + room * (blue - mean);
      } else {
        const [a, b] = chromaOf(red, green, blue);
        chromaOver(own, a, b, rgb, 0, 1);
      }
      out[to4] = rgb[0] * divisor; // a Uint8ClampedArray rounds by itself, as torch does
      out[to4 + 1] = rgb[1] * divisor;
      out[to4 + 2] = rgb[2] * divisor;
      out[to4 + 3] = channels === 4 ? data[at + 3] : 255;
    }
  }
}

/** The share of a channel's distance from grey for which there is room. @param {number} chroma @param {number} grey @param {number} white */
const roomOf = (chroma, grey, white) => Math.max(chroma > 0 ? white - grey : grey, 0) / Math.max(Math.abs(chroma), 1e-6);

/**
 * A picture of three channels in 0 … 1 as levels with opacity.
 * @param {Maps} picture @param {number} divisor
 */
export function levelsOf(picture, divisor) {
  const plane = picture.height * picture.width, data = new Uint8ClampedArray(4 * plane).fill(255);
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) data[4 * pixel + channel] = picture.data[channel * plane + pixel] * divisor;
  }
  return { width: picture.width, height: picture.height, data, channels: 4 };
}

/**
 * The size at which a network works: the shorter side as in training.
 * @param {number} width @param {number} height @param {number} trained @returns {[number, number]}
 */
export function lowSize(width, height, trained) {
  const scale = trained / Math.min(width, height), most = Math.max(width, height, LONGEST * trained);
  return /** @type {[number, number]} */ ([width, height].map((side) => Math.min(Math.max(roundHalfEven(side * scale), 1), most)));
}
