/**
 * The one thing that takes time: matrix products, as WebAssembly with four numbers at a time, or else as JavaScript.
 *
 * A layer's weights are a matrix of `rows` by `depth`, and a bias for each row. It is multiplied with columns of `depth`
 * numbers, of which eight neighbours make a panel: panel by panel, in each row by row of eight numbers. In memory the
 * weights are kept four rows at a time, so that a product of 4 by 8 numbers reads both from front to back.
 */

/** @typedef {{at: number, rows: number, depth: number}} Layer - where the weights of a layer lie, and their size. */

export const PANEL = 8;
const ROWS = 4;
const MOST = 1 << 19; // numbers in the columns, and in the results, of one call

/** Holds the weights of all layers, the columns of a call and its results. */
export class Kernel {
  /**
   * @param {number} weights - how many numbers the weights and biases of all layers take (see `Kernel.size`).
   * @param {boolean} [fast] - whether WebAssembly is tried at all.
   */
  constructor(weights, fast = true) {
    const numbers = weights + 2 * MOST;
    const made = fast ? instantiate(numbers * 4) : null;
    this.product = made ? made.product : null;
    this.memory = new Float32Array(made ? made.buffer : new ArrayBuffer(numbers * 4));
    this.used = 2 * MOST;
    this.columns = this.memory.subarray(0, MOST);
    this.results = this.memory.subarray(MOST, 2 * MOST);
  }

  /**
   * The numbers that a layer takes.
   * @param {number} rows @param {number} depth
   */
  static size(rows, depth) {
    return Math.ceil(rows / ROWS) * ROWS * (depth + 1);
  }

  /**
   * Keep the weights of a layer.
   * @param {Float32Array} weight - (rows, depth). @param {Float32Array} bias - (rows).
   * @returns {Layer}
   */
  load(weight, bias) {
    const rows = bias.length, depth = weight.length / rows, at = this.used;
    for (let row = 0; row < rows; row++) {
      const start = at + (row - (row % ROWS)) * depth + (row % ROWS);
      for (let k = 0; k < depth; k++) this.memory[start + k * ROWS] = weight[row * depth + k];
    }
    this.used += Kernel.size(rows, depth);
    this.memory.set(bias, this.used - Math.ceil(rows / ROWS) * ROWS);
    return { at, rows, depth };
  }

  /**
   * How many panels of a layer fit into one call.
   * @param {Layer} layer
   */
  panels(layer) {
    return Math.max(1, Math.floor(MOST / PANEL / Math.max(layer.depth, layer.rows + ROWS)));
  }

  /**
   * The product of a layer and so many panels in `columns`; row by row in `results`.
   * @param {Layer} layer @param {number} panels
   */
  multiply(layer, panels) {
    const blocks = Math.ceil(layer.rows / ROWS), bias = layer.at + blocks * ROWS * layer.depth;
    if (this.product) this.product(layer.at * 4, bias * 4, 0, MOST * 4, blocks, layer.depth, panels);
    else multiplyPlainly(this.memory, layer.at, bias, blocks, layer.depth, panels);
  }
}

/**
 * What the WebAssembly below does, in JavaScript.
 * @param {Float32Array} memory @param {number} weights @param {number} bias @param {number} blocks
 * @param {number} depth @param {number} panels
 */
function multiplyPlainly(memory, weights, bias, blocks, depth, panels) {
  for (let panel = 0; panel < panels; panel++) {
    for (let block = 0; block < blocks; block++) {
      for (let half = 0; half < PANEL; half += 4) {
        let a = weights + block * ROWS * depth, b = panel * PANEL * depth + half;
        const first = bias + block * ROWS;
        let c00 = memory[first], c01 = c00, c02 = c00, c03 = c00;
        let c10 = memory[first + 1], c11 = c10, c12 = c10, c13 = c10;
        let c20 = memory[first + 2], c21 = c20, c22 = c20, c23 = c20;
        let c30 = memory[first + 3], c31 = c30, c32 = c30, c33 = c30;
        for (let k = 0; k < depth; k++, a += ROWS, b += PANEL) {
          const b0 = memory[b], b1 = memory[b + 1], b2 = memory[b + 2], b3 = memory[b + 3];
          const a0 = memory[a], a1 = memory[a + 1], a2 = memory[a + 2], a3 = memory[a + 3];
          c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
          c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
          c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3;
          c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3;
        }
        const row = panels * PANEL, c = MOST + block * ROWS * row + panel * PANEL + half;
        memory.set([c00, c01, c02, c03], c);
        memory.set([c10, c11, c12, c13], c + row);
        memory.set([c20, c21, c22, c23], c + 2 * row);
        memory.set([c30, c31, c32, c33], c + 3 * row);
      }
    }
  }
}

/** The parameters of the product, all of them whole numbers (places in bytes), and the variables in it. */
const PARAMETERS = ["weights", "bias", "columns", "results", "blocks", "depth", "panels"];
const COUNTERS = ["panel", "block", "k", "a", "b", "c", "row"];
const VECTORS = ["sum00", "sum01", "sum10", "sum11", "sum20", "sum21", "sum30", "sum31", "left", "right", "weight"];

/** @param {(row: number) => string} each */
const forRows = (each) => [0, 1, 2, 3].map(each).join("\n");

/** For each panel, for each block of four rows: sums of 4 by 8 begin with the bias, grow along k, and are stored. */
const PRODUCT = `
  get panels  i32.const 32  i32.mul  set row
  i32.const 0  set panel
  loop
    i32.const 0  set block
    get weights  set a
    loop
      get columns  get panel  get depth  i32.mul  i32.const 32  i32.mul  i32.add  set b
      ${forRows((row) => `
        get bias  get block  i32.const 16  i32.mul  i32.add  load_splat ${4 * row}  tee sum${row}0  set sum${row}1`)}
      get depth  set k
      loop
        get b  load 0   set left
        get b  load 16  set right
        ${forRows((row) => `
          get a  load_splat ${4 * row}  tee weight
          get left   f32x4.mul  get sum${row}0  f32x4.add  set sum${row}0
          get weight  get right  f32x4.mul  get sum${row}1  f32x4.add  set sum${row}1`)}
        get a  i32.const 16  i32.add  set a
        get b  i32.const 32  i32.add  set b
        get k  i32.const 1  i32.sub  tee k
        br_if 0
      end
      get results  get block  i32.const 4  i32.mul  get row  i32.mul  i32.add
      get panel  i32.const 32  i32.mul  i32.add  set c
      ${forRows((row) => `
        get c  get sum${row}0  store 0
        get c  get sum${row}1  store 16
        get c  get row  i32.add  set c`)}
      get block  i32.const 1  i32.add  tee block
      get blocks  i32.lt_u  br_if 0
    end
    get panel  i32.const 1  i32.add  tee panel
    get panels  i32.lt_u  br_if 0
  end
  end`;

/** The bytes of each word of such a text; VARIABLE and NUMBER say what follows it. @type {Record<string, number[]>} */
const OPCODES = {
  loop: [0x03, 0x40], end: [0x0b], br_if: [0x0d], get: [0x20], set: [0x21], tee: [0x22], "i32.const": [0x41],
  "i32.lt_u": [0x49], "i32.add": [0x6a], "i32.sub": [0x6b], "i32.mul": [0x6c], load: [0xfd, 0x00, 0],
  load_splat: [0xfd, 0x09, 0], store: [0xfd, 0x0b, 0], "f32x4.add": [0xfd, 0xe4, 0x01], "f32x4.mul": [0xfd, 0xe6, 0x01],
};
const TAKES_VARIABLE = ["get", "set", "tee"], TAKES_NUMBER = ["i32.const", "br_if", "load", "load_splat", "store"];

/**
 * The product as a WebAssembly module with a memory of so many bytes, or null where that is not supported.
 * @param {number} bytes
 * @returns {{product: (...places: number[]) => void, buffer: ArrayBuffer} | null}
 */
function instantiate(bytes) {
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(assemble()), { _: { memory } });
    return { product: /** @type {any} */ (instance.exports.product), buffer: memory.buffer };
  } catch {
    return null; // an old browser, or one that forbids it, or too little memory
  }
}

/** The bytes of the module: types, an imported memory, one function and its name. */
function assemble() {
  const variables = [...PARAMETERS, ...COUNTERS, ...VECTORS];
  const words = PRODUCT.trim().split(/\s+/);
  const code = [2, ...unsigned(COUNTERS.length), 0x7f, ...unsigned(VECTORS.length), 0x7b];
  for (let place = 0; place < words.length; place++) {
    const word = words[place];
    code.push(...OPCODES[word]);
    if (TAKES_VARIABLE.includes(word)) code.push(...unsigned(variables.indexOf(words[++place])));
    if (TAKES_NUMBER.includes(word)) code.push(...unsigned(Number(words[++place]))); // all below 64
  }
  const text = (/** @type {string} */ name) => [name.length, ...[...name].map((letter) => letter.charCodeAt(0))];
  const section = (/** @type {number} */ number, /** @type {number[]} */ ...content) => [number, ...unsigned(content.length), ...content];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, 1, 0x60, PARAMETERS.length, ...PARAMETERS.map(() => 0x7f), 0),
    ...section(2, 1, ...text("_"), ...text("memory"), 2, 0, 1),
    ...section(3, 1, 0),
    ...section(7, 1, ...text("product"), 0, 0),
    ...section(10, 1, ...unsigned(code.length), ...code),
  ]);
}

/** A number as WebAssembly writes it, seven bits a byte. @param {number} value @returns {number[]} */
function unsigned(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}
