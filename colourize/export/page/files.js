/**
 * Pictures in and out: files of any kind that the browser reads, turned upright, bounded; and PNG files.
 */

/** @typedef {import("./resize.js").Levels} Levels */
/** @typedef {{number: number, name: string, full: Levels, display: Levels, original: [number, number], notes: string[]}} Opened */

export const MOST_PIXELS = 16e6; // a larger picture is scaled down to it: what every phone's canvas can hold
export const REFUSED_PIXELS = 89e6; // and one above this is refused, as colourize-predict does
let openings = 0; // of pictures
const DISPLAY = 1024; // pixels, the longer side of what is shown while somebody paints

/** The reason why a picture is not taken: a text and what it says. */
export class Unreadable extends Error {
  /** @param {string} key @param {Record<string, any>} values */
  constructor(key, values) {
    super(key);
    this.values = values;
  }
}

/**
 * The picture of a file, or of a data URI with a name.
 * @param {Blob | string} source @param {string} name @returns {Promise<Opened>}
 */
export async function openPicture(source, name) {
  const url = typeof source === "string" ? source : URL.createObjectURL(source);
  try {
    const image = await loaded(url, name), { naturalWidth: width, naturalHeight: height } = image;
    if (!width || !height) throw new Unreadable("broken", { name });
    if (width * height > REFUSED_PIXELS) {
      throw new Unreadable("tooLarge", { name, millions: Math.round((width * height) / 1e6), most: REFUSED_PIXELS / 1e6 });
    }
    const full = levelsOfImage(image, width, height, Math.min(Math.sqrt(MOST_PIXELS / (width * height)), 1), name);
    const bytes = typeof source === "string" ? null : new Uint8Array(await source.arrayBuffer());
    const notes = bytes && isAnimated(bytes) ? ["animated"] : [];
    if (bytes && isCut(bytes)) notes.push("incomplete");
    else if (isTransparent(full)) notes.push("transparent");
    return { number: ++openings, name, full, display: boundedTo(full, image, DISPLAY, name), original: [width, height], notes };
  } finally {
    if (typeof source !== "string") URL.revokeObjectURL(url);
  }
}

/** @param {string} url @param {string} name @returns {Promise<HTMLImageElement>} */
function loaded(url, name) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Unreadable("broken", { name }));
    image.src = url;
  });
}

/** @param {CanvasImageSource} image @param {number} width @param {number} height @param {number} scale @param {string} name */
function levelsOfImage(image, width, height, scale, name) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(width * scale), 1);
  canvas.height = Math.max(Math.round(height * scale), 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Unreadable("broken", { name });
  context.imageSmoothingQuality = "high";
  try {
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height, data, channels: 4 };
  } catch {
    throw new Unreadable("broken", { name });
  }
}

/** @param {Levels} full @param {CanvasImageSource} image @param {number} longest @param {string} name */
function boundedTo(full, image, longest, name) {
  const scale = longest / Math.max(full.width, full.height);
  return scale >= 1 ? full : levelsOfImage(image, full.width, full.height, scale, name);
}

/** The same picture with at most so many pixels. @param {Levels} levels @param {number} most @returns {Levels} */
export function withAtMost(levels, most) {
  const scale = Math.sqrt(most / (levels.width * levels.height));
  return scale >= 1 ? levels : levelsOfImage(canvasOf(levels), levels.width, levels.height, scale, "");
}

/** @param {Levels} levels */
function isTransparent({ data }) {
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return true;
  return false;
}

/** Whether a file ends before its picture does, which browsers show as far as it goes. @param {Uint8Array} bytes */
function isCut(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return !hasJpegEnd(bytes);
  if (text.startsWith("PNG", 1)) return !text.includes("IEND");
  return text.startsWith("RIFF") && new DataView(bytes.buffer).getUint32(4, true) + 8 > bytes.length;
}

/**
 * Whether a JPEG's end follows its pixels. Its other segments are skipped, since a small picture in them has an end of
 * its own; and nothing after the end is read, where phones put a film. @param {Uint8Array} bytes
 */
function hasJpegEnd(bytes) {
  let at = 2;
  while (at < bytes.length - 1) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) at++; // among the pixels
    else if (marker === 0xd9) return true;
    else at += 2 + 256 * bytes[at + 2] + bytes[at + 3];
  }
  return false;
}

/** Whether a file holds several pictures in time. @param {Uint8Array} bytes */
function isAnimated(bytes) {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 1 << 16));
  if (text.startsWith("GIF")) return gifPictures(bytes) > 1;
  return text.slice(1, 4) === "PNG" ? text.includes("acTL") : text.startsWith("RIFF") && text.slice(0, 64).includes("ANIM");
}

/** How many pictures a GIF file has: the blocks that begin with a comma. @param {Uint8Array} bytes */
function gifPictures(bytes) {
  const palette = (/** @type {number} */ flags) => (flags & 128 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + palette(bytes[10]), count = 0;
  while (bytes[at] === 0x21 || bytes[at] === 0x2c) {
    if (bytes[at] === 0x2c) {
      count++;
      at += 11 + palette(bytes[at + 9]);
    } else {
      at += 2;
    }
    while (bytes[at]) at += bytes[at] + 1; // pieces, each with its length before it
    at++;
  }
  return count;
}

/** Draw levels into a canvas, which gets their size. @param {HTMLCanvasElement} canvas @param {Levels} levels */
export function show(canvas, { width, height, data }) {
  canvas.width = width;
  canvas.height = height;
  const levels = new ImageData(width, height);
  levels.data.set(data);
  canvas.getContext("2d")?.putImageData(levels, 0, 0);
}

/** @param {Levels} levels */
export function canvasOf(levels) {
  const canvas = document.createElement("canvas");
  show(canvas, levels);
  return canvas;
}

/** Give a picture to the user as a file. @param {Levels} levels @param {string} name */
export async function save(levels, name) {
  const canvas = canvasOf(levels);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  if (!blob) throw new Error("no memory for the file");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(/** @type {Blob} */ (blob));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
