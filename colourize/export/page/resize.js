/**
 * Pictures scaled by Lanczos's filter as Pillow does, in the same whole numbers, so that a network sees the same pixels:
 * first across, then down. (Pillow 13 takes some pictures the other way, which changes levels by one.)
 */

/** @typedef {{width: number, height: number, data: Uint8ClampedArray | Uint8Array, channels: number}} Levels - interleaved. */

const PRECISION = 22, LOBES = 3; // bits after the point, as Pillow's for 8-bit levels

/** @param {number} x */
const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
/** @param {number} x */
const lanczos = (x) => (x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0);

/**
 * For each pixel of a line of the new size: the first old pixel that it reads, and whole weights that sum to about 1.
 * @param {number} size @param {number} target
 */
function weightsOf(size, target) {
  const scale = size / target, stretch = Math.max(scale, 1), reach = LOBES * stretch;
  return Array.from({ length: target }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - reach + 0.5), 0), last = Math.min(Math.trunc(centre + reach + 0.5), size);
    const exact = Array.from({ length: last - first }, (_, each) => lanczos((each + first - centre + 0.5) / stretch));
    const sum = exact.reduce((total, value) => total + value, 0);
    const whole = exact.map((value) => {
      const scaled = (value / sum) * 2 ** PRECISION;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    return { first, weights: Int32Array.from(whole) };
  });
}

/** @param {number} value */
const toLevel = (value) => {
  const level = Math.floor(value / 2 ** PRECISION);
  return level < 0 ? 0 : level > 255 ? 255 : level;
};

/**
 * R, G and B of a picture at another size, without any transparency.
 * @param {Levels} picture - of three channels or four. @param {number} width @param {number} height @returns {Levels}
 */
export function resize(picture, width, height) {
  let { data, channels } = picture;
  if (width !== picture.width) {
    const lines = weightsOf(picture.width, width), narrow = new Uint8Array(picture.height * width * 3);
    for (let row = 0, at = 0; row < picture.height; row++) {
      for (const { first, weights } of lines) {
        for (let channel = 0; channel < 3; channel++, at++) {
          let sum = 2 ** (PRECISION - 1), place = (row * picture.width + first) * channels + channel;
          for (let each = 0; each < weights.length; each++, place += channels) sum += data[place] * weights[each];
          narrow[at] = toLevel(sum);
        }
      }
    }
    data = narrow;
    channels = 3;
  }
  const found = new Uint8Array(width * height * 3);
  const lines = height !== picture.height ? weightsOf(picture.height, height) : null;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < 3; channel++, at++) {
        if (!lines) {
          found[at] = data[(row * width + column) * channels + channel];
          continue;
        }
        const { first, weights } = lines[row];
        let sum = 2 ** (PRECISION - 1), place = (first * width + column) * channels + channel;
        for (let each = 0; each < weights.length; each++, place += channels * width) sum += data[place] * weights[each];
        found[at] = toLevel(sum);
      }
    }
  }
  return { width, height, data: found, channels: 3 };
}
