/**
 * What a network answers at each pixel, read as a picture: as colourize/answers does it.
 */
import { chromaOf, chromaOver } from "./colour.js";
import { maps } from "./operations.js";

/** @typedef {import("./operations.js").Maps} Maps */
/**
 * @typedef {{kind: "rgb"} | {kind: "lab_chroma", scale: number}
 *   | {kind: "palette", colours: [number, number, number][], temperature: number}
 *   | {kind: "ab_bins", centres: [number, number][], temperature: number}} Answer
 */

const COLD = 1e-6;

/** Whether an answer is a distribution over classes. @param {Answer} answer */
export const saysClasses = (answer) => answer.kind === "palette" || answer.kind === "ab_bins";

/**
 * The distribution at one pixel: softmax(outputs / temperature).
 * @param {Maps} outputs @param {number} pixel @param {number} temperature @param {Float64Array} shares - is filled.
 */
export function sharesAt(outputs, pixel, temperature, shares) {
  const { channels, data } = outputs, plane = outputs.height * outputs.width;
  let likeliest = 0;
  for (let each = 1; each < channels; each++) {
    if (data[each * plane + pixel] > data[likeliest * plane + pixel]) likeliest = each;
  }
  if (temperature < COLD) {
    shares.fill(0);
    shares[likeliest] = 1;
    return;
  }
  const most = data[likeliest * plane + pixel];
  let sum = 0;
  for (let each = 0; each < channels; each++) sum += shares[each] = Math.exp((data[each * plane + pixel] - most) / temperature);
  for (let each = 0; each < channels; each++) shares[each] /= sum;
}

/**
 * The picture of outputs, three channels in 0 … 1: of a distribution its mean at a temperature.
 * @param {Answer} answer @param {Maps} outputs @param {Maps} inputs - of the network. @param {number} temperature
 */
export function pictureOf(answer, outputs, inputs, temperature) {
  const { height, width } = outputs, plane = height * width, picture = maps(3, height, width);
  if (answer.kind === "rgb") {
    picture.data.forEach((_, place) => { picture.data[place] = Math.min(Math.max(outputs.data[place], 0), 1); });
  } else if (answer.kind === "lab_chroma") {
    for (let pixel = 0; pixel < plane; pixel++) {
      const a = answer.scale * outputs.data[pixel], b = answer.scale * outputs.data[plane + pixel];
      chromaOver(inputs.data[pixel], a, b, picture.data, pixel, plane);
    }
  } else {
    const shares = new Float64Array(outputs.channels);
    const places = answer.kind === "palette" ? answer.colours : answer.centres;
    for (let pixel = 0; pixel < plane; pixel++) {
      sharesAt(outputs, pixel, temperature, shares);
      const mean = [0, 0, 0];
      for (let each = 0; each < shares.length; each++) {
        for (let axis = 0; axis < places[each].length; axis++) mean[axis] += shares[each] * places[each][axis];
      }
      if (answer.kind === "ab_bins") chromaOver(inputs.data[pixel], mean[0], mean[1], picture.data, pixel, plane);
      else mean.forEach((value, channel) => { picture.data[channel * plane + pixel] = value; });
    }
  }
  return picture;
}

/**
 * The colour of a class at a pixel of this lightness, as it looks in a picture that keeps its lightness.
 * @param {Answer} answer @param {number} label @param {number} lightness @returns {[number, number, number]}
 */
export function colourOfClass(answer, label, lightness) {
  const [a, b] = chromaOfClass(answer, label);
  /** @type {[number, number, number]} */
  const rgb = [0, 0, 0];
  chromaOver(lightness, a, b, rgb, 0, 1);
  return rgb;
}

/** a and b of a class. @param {Answer} answer @param {number} label @returns {[number, number]} */
export function chromaOfClass(answer, label) {
  if (answer.kind === "palette") return chromaOf(...answer.colours[label]);
  if (answer.kind === "ab_bins") return answer.centres[label];
  throw new Error("the answer has no classes");
}

/**
 * a and b that a network is told of a class at a pixel of this lightness, see `Hints.known_chroma`.
 * @param {Answer} answer @param {number} label @param {number} lightness @returns {[number, number]}
 */
export function knownChroma(answer, label, lightness) {
  return answer.kind === "palette" ? chromaOfClass(answer, label) : chromaOf(...colourOfClass(answer, label, lightness));
}

/**
 * The class that is nearest to a colour: in RGB, or in a and b.
 * @param {Answer} answer @param {[number, number, number]} rgb
 */
export function nearestClass(answer, rgb) {
  const wanted = answer.kind === "palette" ? rgb : chromaOf(...rgb);
  const places = answer.kind === "palette" ? answer.colours : answer.kind === "ab_bins" ? answer.centres : [];
  let best = 0, least = Infinity;
  places.forEach((place, label) => {
    let apart = 0;
    place.forEach((value, axis) => { apart += (value - wanted[axis]) ** 2; });
    if (apart < least) [best, least] = [label, apart];
  });
  return best;
}

/** How uncertain a distribution is at each pixel: 0, and 1 for equally likely classes. @param {Maps} outputs */
export function uncertainty(outputs) {
  const found = maps(1, outputs.height, outputs.width), shares = new Float64Array(outputs.channels);
  for (let pixel = 0; pixel < found.data.length; pixel++) {
    sharesAt(outputs, pixel, 1, shares);
    for (const share of shares) if (share > 0) found.data[pixel] -= (share * Math.log(share)) / Math.log(shares.length);
  }
  return found;
}
