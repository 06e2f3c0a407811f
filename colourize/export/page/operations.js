/**
 * The operations of a network (see operations.py), on feature maps of one picture.
 */
import { Kernel, PANEL } from "./kernel.js";

/** @typedef {import("./kernel.js").Layer} Layer */
/** @typedef {{channels: number, height: number, width: number, data: Float32Array}} Maps - (C, H, W), row by row. */
/** @typedef {[number, number]} Pair - of rows and of columns. */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Sides */

/** @param {number} channels @param {number} height @param {number} width @param {Float32Array} [data] @returns {Maps} */
export function maps(channels, height, width, data = new Float32Array(channels * height * width)) {
  return { channels, height, width, data };
}

/**
 * Columns of numbers into the panels of a kernel: number k of column p is source[ofDepth[k] + ofColumn[p]].
 * @param {Float32Array} target @param {Float32Array} source @param {Int32Array} ofDepth @param {Int32Array} ofColumn
 * @param {number} first - the first column. @param {number} panels
 */
function fill(target, source, ofDepth, ofColumn, first, panels) {
  const depth = ofDepth.length;
  for (let panel = 0, at = 0; panel < panels; panel++) {
    const column = first + panel * PANEL;
    const c0 = ofColumn[column], c1 = ofColumn[column + 1], c2 = ofColumn[column + 2], c3 = ofColumn[column + 3];
    const c4 = ofColumn[column + 4], c5 = ofColumn[column + 5], c6 = ofColumn[column + 6], c7 = ofColumn[column + 7];
    for (let k = 0; k < depth; k++, at += PANEL) {
      const place = ofDepth[k];
      target[at] = source[place + c0];
      target[at + 1] = source[place + c1];
      target[at + 2] = source[place + c2];
      target[at + 3] = source[place + c3];
      target[at + 4] = source[place + c4];
      target[at + 5] = source[place + c5];
      target[at + 6] = source[place + c6];
      target[at + 7] = source[place + c7];
    }
  }
}

/**
 * A layer's product with columns that are read from a source as `fill` does; `take` gets each row of the results.
 * @param {Kernel} kernel @param {Layer} layer @param {Float32Array} source @param {Int32Array} ofDepth
 * @param {Int32Array} ofColumn - as many as are wanted; more of them at the end are ignored.
 * @param {number} count - of columns.
 * @param {(row: number, first: number, values: Float32Array) => void} take
 */
function product(kernel, layer, source, ofDepth, ofColumn, count, take) {
  const most = kernel.panels(layer);
  for (let first = 0; first < count; first += most * PANEL) {
    const panels = Math.min(most, Math.ceil((count - first) / PANEL)), length = Math.min(panels * PANEL, count - first);
    fill(kernel.columns, source, ofDepth, ofColumn, first, panels);
    kernel.multiply(layer, panels);
    for (let row = 0; row < layer.rows; row++) {
      const start = row * panels * PANEL;
      take(row, first, kernel.results.subarray(start, start + length));
    }
  }
}

/** So many places, up to a whole number of panels; `place` is asked for each. */
function places(/** @type {number} */ count, /** @type {(each: number) => number} */ place) {
  const found = new Int32Array(Math.ceil(count / PANEL) * PANEL);
  for (let each = 0; each < count; each++) found[each] = place(each);
  return found;
}

/**
 * @param {Kernel} kernel @param {Layer[]} layers - one for each group. @param {Maps} x
 * @param {{kernel: Pair, stride: Pair, padding: Pair, dilation: Pair}} settings
 */
export function conv(kernel, layers, x, { kernel: [rows, columns], stride, padding, dilation }) {
  const source = padding[0] || padding[1] ? pad(x, sidesOf(padding), "zeros") : x;
  const height = Math.floor((source.height - dilation[0] * (rows - 1) - 1) / stride[0]) + 1;
  const width = Math.floor((source.width - dilation[1] * (columns - 1) - 1) / stride[1]) + 1;
  const area = rows * columns, plane = source.height * source.width, each = x.channels / layers.length;
  const ofColumn = places(height * width, (place) =>
    Math.floor(place / width) * stride[0] * source.width + (place % width) * stride[1]);
  const outputs = maps(layers.length * layers[0].rows, height, width);
  layers.forEach((layer, group) => {
    const ofDepth = new Int32Array(layer.depth);
    for (let k = 0; k < layer.depth; k++) {
      const channel = group * each + Math.floor(k / area), row = Math.floor((k % area) / columns), column = k % columns;
      ofDepth[k] = channel * plane + row * dilation[0] * source.width + column * dilation[1];
    }
    product(kernel, layer, source.data, ofDepth, ofColumn, height * width, (row, first, values) =>
      outputs.data.set(values, (group * layer.rows + row) * height * width + first));
  });
  return outputs;
}

/**
 * Each pixel paints its window of the output; the layers' rows are (output channel, row, column of the window).
 * @param {Kernel} kernel @param {Layer[]} layers @param {Maps} x @param {Float32Array} bias
 * @param {{kernel: Pair, stride: Pair, padding: Pair, output_padding: Pair}} settings
 */
export function convTranspose(kernel, layers, x, bias, settings) {
  const { kernel: [rows, columns], stride, padding, output_padding: more } = settings;
  const height = (x.height - 1) * stride[0] - 2 * padding[0] + rows + more[0];
  const width = (x.width - 1) * stride[1] - 2 * padding[1] + columns + more[1];
  const outputs = maps(bias.length, height, width), area = rows * columns, plane = x.height * x.width;
  bias.forEach((value, channel) => outputs.data.fill(value, channel * height * width, (channel + 1) * height * width));
  const ofColumn = places(plane, (place) => place);
  layers.forEach((layer, group) => {
    const ofDepth = Int32Array.from({ length: layer.depth }, (_, k) => (group * layer.depth + k) * plane);
    product(kernel, layer, x.data, ofDepth, ofColumn, plane, (row, first, values) => {
      const channel = group * (layer.rows / area) + Math.floor(row / area);
      const down = Math.floor((row % area) / columns) - padding[0], right = (row % columns) - padding[1];
      for (let each = 0; each < values.length; each++) {
        const y = Math.floor((first + each) / x.width) * stride[0] + down;
        const at = ((first + each) % x.width) * stride[1] + right;
        if (y >= 0 && y < height && at >= 0 && at < width) {
          outputs.data[(channel * height + y) * width + at] += values[each];
        }
      }
    });
  });
  return outputs;
}

/** @param {Pair} padding @returns {Sides} */
const sidesOf = ([rows, columns]) => ({ left: columns, right: columns, top: rows, bottom: rows });

/**
 * The pictures whose row y and column x are those of the source that are named there; -1 is a zero.
 * @param {Maps} x @param {ArrayLike<number>} rows @param {ArrayLike<number>} columns
 */
export function gather(x, rows, columns) {
  const outputs = maps(x.channels, rows.length, columns.length);
  let at = 0;
  for (let channel = 0; channel < x.channels; channel++) {
    for (let row = 0; row < rows.length; row++) {
      const start = (channel * x.height + rows[row]) * x.width;
      for (let column = 0; column < columns.length; column++, at++) {
        if (rows[row] >= 0 && columns[column] >= 0) outputs.data[at] = x.data[start + columns[column]];
      }
    }
  }
  return outputs;
}

/** @type {Record<string, (place: number, size: number) => number>} - the pixel of a line that stands at a place. */
const BEYOND = {
  zeros: (place, size) => (place < 0 || place >= size ? -1 : place),
  replicate: (place, size) => Math.min(Math.max(place, 0), size - 1),
  reflect: (place, size) => {
    const turn = Math.max(2 * size - 2, 1), within = ((place % turn) + turn) % turn;
    return Math.min(within, turn - within);
  },
};

/** The pixels of a line of this size, with more before and after it. */
function line(/** @type {number} */ size, /** @type {number} */ before, /** @type {number} */ after, /** @type {string} */ mode) {
  return Int32Array.from({ length: before + size + after }, (_, place) => BEYOND[mode](place - before, size));
}

/** @param {Maps} x @param {Sides} sides @param {string} mode */
export function pad(x, { left, right, top, bottom }, mode) {
  return gather(x, line(x.height, top, bottom, mode), line(x.width, left, right, mode));
}

/** @param {Maps} x @param {Sides} sides */
export function crop(x, { left, right, top, bottom }) {
  return pad(x, { left: -left, right: -right, top: -top, bottom: -bottom }, "zeros");
}

/**
 * A picture continued by its mirror image, as `substitutes.Continued` does.
 * @param {Maps} x @param {{multiple: number, margin: number, over: number, least: number}} settings
 */
export function mirror(x, { multiple, margin, over, least }) {
  const [bottom, right] = [x.height, x.width].map((size) =>
    Math.max(Math.ceil((size - over) / multiple), over ? 0 : least) * multiple + over - size);
  if (!bottom && !right && !margin) return x;
  return pad(x, { left: margin, right: margin + right, top: margin, bottom: margin + bottom }, "reflect");
}

/** @param {Maps} x @param {number} rows @param {number} columns */
export function every(x, rows, columns) {
  const chosen = (/** @type {number} */ size, /** @type {number} */ step) =>
    Int32Array.from({ length: Math.ceil(size / step) }, (_, place) => place * step);
  return gather(x, chosen(x.height, rows), chosen(x.width, columns));
}

/** @param {Maps} x @param {number} factor */
export function nearest(x, factor) {
  const repeated = (/** @type {number} */ size) =>
    Int32Array.from({ length: size * factor }, (_, place) => Math.floor(place / factor));
  return gather(x, repeated(x.height), repeated(x.width));
}

/** @param {Maps} x @param {number} factor */
export function bilinear(x, factor) {
  const outputs = maps(x.channels, x.height * factor, x.width * factor);
  for (let channel = 0, at = 0; channel < x.channels; channel++) {
    const plane = channel * x.height * x.width;
    for (let row = 0; row < outputs.height; row++) {
      const [above, below, down] = between(row, x.height, x.height * factor);
      for (let column = 0; column < outputs.width; column++, at++) {
        const [left, right, along] = between(column, x.width, x.width * factor);
        const high = plane + above * x.width, low = plane + below * x.width;
        const upper = x.data[high + left] * (1 - along) + x.data[high + right] * along;
        const lower = x.data[low + left] * (1 - along) + x.data[low + right] * along;
        outputs.data[at] = upper * (1 - down) + lower * down;
      }
    }
  }
  return outputs;
}

/**
 * The two pixels of a line between which one of its enlarged form lies, and the share of the second.
 * @param {number} place @param {number} size @param {number} enlarged @returns {[number, number, number]}
 */
export function between(place, size, enlarged) {
  const exact = Math.min(Math.max(((place + 0.5) * size) / enlarged - 0.5, 0), size - 1), first = Math.floor(exact);
  return [first, Math.min(first + 1, size - 1), exact - first];
}

/** @param {Maps} x @param {Pair} kernel @param {Pair} stride @param {boolean} largest - or else the mean. */
export function pool(x, kernel, stride, largest) {
  const height = Math.floor((x.height - kernel[0]) / stride[0]) + 1;
  const width = Math.floor((x.width - kernel[1]) / stride[1]) + 1;
  const outputs = maps(x.channels, height, width), area = kernel[0] * kernel[1];
  for (let channel = 0, at = 0; channel < x.channels; channel++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        let found = largest ? -Infinity : 0;
        for (let down = 0; down < kernel[0]; down++) {
          const start = (channel * x.height + row * stride[0] + down) * x.width + column * stride[1];
          for (let each = start; each < start + kernel[1]; each++) {
            if (!largest) found += x.data[each];
            else if (x.data[each] > found) found = x.data[each];
          }
        }
        outputs.data[at] = largest ? found : found / area;
      }
    }
  }
  return outputs;
}

/** Channels laid out as blocks of factor × factor pixels. @param {Maps} x @param {number} factor */
export function shuffle(x, factor) {
  const outputs = maps(x.channels / factor ** 2, x.height * factor, x.width * factor);
  reorder(outputs, x, factor, (large, small) => { outputs.data[large] = x.data[small]; });
  return outputs;
}

/** The other way round. @param {Maps} x @param {number} factor */
export function unshuffle(x, factor) {
  const outputs = maps(x.channels * factor ** 2, Math.floor(x.height / factor), Math.floor(x.width / factor));
  reorder(x, outputs, factor, (large, small) => { outputs.data[small] = x.data[large]; });
  return outputs;
}

/** @param {Maps} large @param {Maps} small @param {number} factor @param {(large: number, small: number) => void} move */
function reorder(large, small, factor, move) {
  for (let channel = 0, at = 0; channel < small.channels; channel++) {
    const place = channel % factor ** 2, down = Math.floor(place / factor), right = place % factor;
    for (let row = 0; row < small.height; row++) {
      const start = (Math.floor(channel / factor ** 2) * large.height + row * factor + down) * large.width + right;
      for (let column = 0; column < small.width; column++) move(start + column * factor, at++);
    }
  }
}

/** @param {Maps[]} parts */
export function concat(parts) {
  const outputs = maps(parts.reduce((sum, part) => sum + part.channels, 0), parts[0].height, parts[0].width);
  let at = 0;
  for (const part of parts) {
    outputs.data.set(part.data, at);
    at += part.data.length;
  }
  return outputs;
}

/** @param {Maps} x @param {number} start @param {number} stop */
export function channels(x, start, stop) {
  const plane = x.height * x.width;
  return maps(stop - start, x.height, x.width, x.data.subarray(start * plane, stop * plane));
}

/** @param {Maps} x @param {Float32Array} scale @param {Float32Array} shift */
export function affine(x, scale, shift) {
  const outputs = maps(x.channels, x.height, x.width), plane = x.height * x.width;
  for (let channel = 0, at = 0; channel < x.channels; channel++) {
    const by = scale[channel], more = shift[channel];
    for (const end = at + plane; at < end; at++) outputs.data[at] = x.data[at] * by + more;
  }
  return outputs;
}

/** The row of a table that the level of each pixel names. @param {Maps} x @param {Float32Array} table @param {number} levels */
export function lookup(x, table, levels) {
  const wide = table.length / levels, plane = x.height * x.width, outputs = maps(wide, x.height, x.width);
  for (let pixel = 0; pixel < plane; pixel++) {
    const row = roundHalfEven(Math.fround(x.data[pixel] * (levels - 1))) * wide;
    for (let channel = 0; channel < wide; channel++) outputs.data[channel * plane + pixel] = table[row + channel];
  }
  return outputs;
}

/** As torch and Python round. @param {number} value */
export function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** @type {Record<string, (x: Float32Array, out: Float32Array, settings: any) => void>} - functions of each number. */
export const EACH = {
  relu: (x, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] > 0 ? x[i] : 0; },
  sigmoid: (x, out) => { for (let i = 0; i < x.length; i++) out[i] = 1 / (1 + Math.exp(-x[i])); },
  tanh: (x, out) => { for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i]); },
  silu: (x, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] / (1 + Math.exp(-x[i])); },
  leaky_relu: (x, out, { slope }) => { for (let i = 0; i < x.length; i++) out[i] = x[i] > 0 ? x[i] : slope * x[i]; },
  clamp: (x, out, { least, most }) => {
    const low = least ?? -Infinity, high = most ?? Infinity;
    for (let i = 0; i < x.length; i++) out[i] = Math.min(Math.max(x[i], low), high);
  },
};

/** @type {Record<string, (x: Float32Array, y: Float32Array, out: Float32Array) => void>} - of two numbers each. */
export const OF_TWO = {
  add: (x, y, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] + y[i]; },
  subtract: (x, y, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] - y[i]; },
  multiply: (x, y, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] * y[i]; },
  divide: (x, y, out) => { for (let i = 0; i < x.length; i++) out[i] = x[i] / y[i]; },
};
