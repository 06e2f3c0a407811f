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
 * Rows of the picture with these colours: each pixel keeps its own grey, or lightness; see `prediction.predictor.join`.
 * @param {Degradation} degradation @param {Maps} colours - of any size. @param {Levels} picture @param {number} divisor
 * @param {Uint8ClampedArray} out - R, G, B and opacity of the whole picture. @param {number} from @param {number} to
 */
export function joinRows(degradation, colours, picture, divisor, out, from, to) {
  const { width, height, data, channels } = picture, plane = colours.height * colours.width;
  const across = Array.from({ length: width }, (_, column) => between(column, colours.width, width));
  const left = Int32Array.from(across, (each) => each[0]), right = Int32Array.from(across, (each) => each[1]);
  const along = Float64Array.from(across, (each) => each[2]);
  const white = 255 / divisor, [weightRed, weightGreen, weightBlue] = degradation.kind === "grey" ? degradation.weights : [0, 0, 0];
  const upper = new Float64Array(3 * colours.width), rgb = new Float64Array(3);
  for (let row = from; row < to; row++) {
    const [above, below, down] = between(row, colours.height, height);
    for (let channel = 0, at = 0; channel < 3; channel++) {
      const high = channel * plane + above * colours.width, low = channel * plane + below * colours.width;
      for (let column = 0; column < colours.width; column++, at++) {
        upper[at] = colours.data[high + column] * (1 - down) + colours.data[low + column] * down;
      }
    }
    for (let column = 0; column < width; column++) {
      const l = left[column], r = right[column], share = along[column], wide = colours.width;
      const red = upper[l] + (upper[r] - upper[l]) * share;
      const green = upper[wide + l] + (upper[wide + r] - upper[wide + l]) * share;
      const blue = upper[2 * wide + l] + (upper[2 * wide + r] - upper[2 * wide + l]) * share;
      const at = (row * width + column) * channels, to4 = (row * width + column) * 4;
      const ownRed = data[at] / divisor, ownGreen = data[at + 1] / divisor, ownBlue = data[at + 2] / divisor;
      if (degradation.kind === "grey") {
        const grey = weightRed * ownRed + weightGreen * ownGreen + weightBlue * ownBlue;
        const own = weightRed * red + weightGreen * green + weightBlue * blue;
        const room = Math.min(roomOf(red - own, grey, white), roomOf(green - own, grey, white), roomOf(blue - own, grey, white), 1);
        rgb[0] = grey + room * (red - own);
        rgb[1] = grey + room * (green - own);
        rgb[2] = grey + room * (blue - own);
      } else {
        const [a, b] = chromaOf(red, green, blue);
        chromaOver(quickLightness(ownRed, ownGreen, ownBlue), a, b, rgb, 0, 1);
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
