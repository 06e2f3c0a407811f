/**
 * sRGB and CIE Lab (D65), as colourize/colour does them: channels in 0 … 1, lightness L / 100, chroma a and b.
 */

const TO_XYZ = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE = TO_XYZ.map((row) => row[0] + row[1] + row[2]);
const EPSILON = 216 / 24389, KAPPA = 24389 / 27;
/** From X, Y and Z, each as a share of white's, to linear R, G and B. */
const FROM_SHARES = inverse(TO_XYZ).map((row) => row.map((value, column) => value * WHITE[column]));
const BELOW = 4e-6, ABOVE = 1e-6; // rounding at sRGB's borders
const STRONGEST = 140, STEPS = 16, HALVINGS = 11; // 2⁻¹⁵ of the chroma: far below a level

/** @param {number[][]} m - 3 × 3. */
function inverse(m) {
  const minor = (/** @type {number} */ i, /** @type {number} */ j) =>
    m[(i + 1) % 3][(j + 1) % 3] * m[(i + 2) % 3][(j + 2) % 3] - m[(i + 1) % 3][(j + 2) % 3] * m[(i + 2) % 3][(j + 1) % 3];
  const whole = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(j, i) / whole));
}

/** A function on 0 … 1 as a table, read between its entries: ten times as quick as powers, and as good to 1e-5. */
class Table {
  /** @param {(x: number) => number} f */
  constructor(f) {
    this.values = Float64Array.from({ length: ENTRIES + 2 }, (_, place) => f(Math.min(place / ENTRIES, 1)));
  }

  /** @param {number} x */
  at(x) {
    const exact = x * ENTRIES, place = exact | 0, low = this.values[place];
    return low + (this.values[place + 1] - low) * (exact - place);
  }
}
const ENTRIES = 1 << 14;

const linearOf = (/** @type {number} */ value) => (value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);
const encodedOf = (/** @type {number} */ linear) =>
  linear > 0.0031308 ? 1 + 1.055 * (linear ** (1 / 2.4) - 1) : 12.92 * linear;
const rootOf = (/** @type {number} */ share) => (share > EPSILON ? Math.cbrt(share) : (KAPPA * share + 16) / 116);
/** @param {number} root */
const shareOf = (root) => {
  const cube = root * root * root; // ten times as quick as a power
  return cube > EPSILON ? cube : (116 * root - 16) / KAPPA;
};

const LINEAR = new Table(linearOf), ENCODED = new Table(encodedOf), ROOT = new Table(rootOf);
const [TO_X, TO_Y, TO_Z] = TO_XYZ.map((row, axis) => row.map((value) => value / WHITE[axis]));
const RED = FROM_SHARES[0], GREEN = FROM_SHARES[1], BLUE = FROM_SHARES[2];

/** L / 100. @param {number} r @param {number} g @param {number} b */
export function lightnessOf(r, g, b) {
  const share = TO_Y[0] * linearOf(r) + TO_Y[1] * linearOf(g) + TO_Y[2] * linearOf(b);
  return Math.min(Math.max((116 * rootOf(share) - 16) / 100, 0), 1);
}

/** The same by tables. @param {number} r @param {number} g @param {number} b */
export function quickLightness(r, g, b) {
  const share = TO_Y[0] * LINEAR.at(r) + TO_Y[1] * LINEAR.at(g) + TO_Y[2] * LINEAR.at(b);
  return Math.min(Math.max((116 * ROOT.at(Math.min(share, 1)) - 16) / 100, 0), 1);
}

/** a and b; of greys exactly 0. @param {number} r @param {number} g @param {number} b @returns {[number, number]} */
export function chromaOf(r, g, b) {
  if (r === g && g === b) return [0, 0];
  const lr = LINEAR.at(r), lg = LINEAR.at(g), lb = LINEAR.at(b);
  const x = ROOT.at(Math.min(TO_X[0] * lr + TO_X[1] * lg + TO_X[2] * lb, 1));
  const y = ROOT.at(Math.min(TO_Y[0] * lr + TO_Y[1] * lg + TO_Y[2] * lb, 1));
  const z = ROOT.at(Math.min(TO_Z[0] * lr + TO_Z[1] * lg + TO_Z[2] * lb, 1));
  return [500 * (x - y), 200 * (y - z)];
}

/**
 * The colour of exactly this lightness with this chroma, which becomes paler where sRGB does not have it; into a place.
 * @param {number} lightness @param {number} a @param {number} b
 * @param {Float32Array | Float64Array | number[]} out @param {number} at @param {number} step - from channel to channel.
 */
export function chromaOver(lightness, a, b, out, at, step) {
  const root = (100 * Math.min(Math.max(lightness, 0), 1) + 16) / 116, y = shareOf(root);
  const paler = Math.min(STRONGEST / Math.sqrt(a * a + b * b), 1);
  let x = shareOf(root + (paler * a) / 500) - y, z = shareOf(root - (paler * b) / 200) - y;
  let red = y + RED[0] * x + RED[2] * z, green = y + GREEN[0] * x + GREEN[2] * z, blue = y + BLUE[0] * x + BLUE[2] * z;
  const below = -BELOW * y, above = 1 + ABOVE;
  if (red < below || green < below || blue < below || red > above || green > above || blue > above) {
    const factor = paler * largestFactor(root, paler * a, paler * b);
    x = shareOf(root + (factor * a) / 500) - y;
    z = shareOf(root - (factor * b) / 200) - y;
    red = y + RED[0] * x + RED[2] * z;
    green = y + GREEN[0] * x + GREEN[2] * z;
    blue = y + BLUE[0] * x + BLUE[2] * z;
  }
  out[at] = ENCODED.at(clamped(red));
  out[at + step] = ENCODED.at(clamped(green));
  out[at + 2 * step] = ENCODED.at(clamped(blue));
}

const clamped = (/** @type {number} */ value) => (value > 0 ? (value < 1 ? value : 1) : 0);

/** @param {number} root @param {number} a @param {number} b */
function isInside(root, a, b) {
  const y = shareOf(root), x = shareOf(root + a / 500) - y, z = shareOf(root - b / 200) - y;
  const red = y + RED[0] * x + RED[2] * z, green = y + GREEN[0] * x + GREEN[2] * z, blue = y + BLUE[0] * x + BLUE[2] * z;
  return Math.min(red, green, blue) >= -BELOW * y && Math.max(red, green, blue) <= 1 + ABOVE;
}

/** The largest factor below 1 that leads a colour into sRGB. @param {number} root @param {number} a @param {number} b */
function largestFactor(root, a, b) {
  let low = 0;
  for (let step = STEPS - 1; step > 0; step--) {
    if (isInside(root, (step / STEPS) * a, (step / STEPS) * b)) {
      low = step / STEPS;
      break;
    }
  }
  for (let halving = 1; halving <= HALVINGS; halving++) {
    const middle = low + 2 ** -halving / STEPS;
    if (isInside(root, middle * a, middle * b)) low = middle;
  }
  return low;
}

/** "#rrggbb" of channels in 0 … 1. @param {ArrayLike<number>} rgb */
export function hexOf(rgb) {
  return "#" + Array.from(rgb, (value) => Math.round(clamped(value) * 255).toString(16).padStart(2, "0")).join("");
}

/** Channels in 0 … 1 of "#rrggbb". @param {string} hex @returns {[number, number, number]} */
export function rgbOf(hex) {
  const [r, g, b] = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16) / 255);
  return [r, g, b];
}
