/**
 * Names of colours for people, and colours for names that people write.
 */
import { chromaOf, lightnessOf, rgbOf } from "./colour.js";
import { say } from "./words.js";

/** @type {[string, string][]} */
const NAMED = [
  ["black", "#000000"], ["darkGrey", "#444444"], ["grey", "#808080"], ["lightGrey", "#bfbfbf"], ["white", "#ffffff"],
  ["red", "#d0201f"], ["darkRed", "#6e1418"], ["paleRed", "#d4776c"], ["orange", "#ee8a1d"], ["paleOrange", "#dca05e"],
  ["darkOrange", "#b5622a"], ["peach", "#f0c4a0"], ["brown", "#85522b"], ["darkBrown", "#46290f"],
  ["greyBrown", "#84705f"], ["tan", "#bda283"], ["beige", "#e6d8b8"], ["yellow", "#f1da30"], ["paleYellow", "#efe6a0"],
  ["darkYellow", "#b8982f"], ["olive", "#7f7a2e"], ["green", "#3c9a3a"], ["darkGreen", "#1e4d22"],
  ["lightGreen", "#9fd07c"], ["greyGreen", "#7c8f72"], ["turquoise", "#35b5ad"], ["darkTurquoise", "#1c6b68"],
  ["lightBlue", "#93c3e8"], ["blue", "#2b6fd0"], ["greyBlue", "#7088a5"], ["darkBlue", "#1a2f6b"],
  ["purple", "#7b2d8e"], ["violet", "#a78bd6"], ["mauve", "#98788f"], ["pink", "#ec8fb4"], ["darkPink", "#b8406f"],
];

const LIGHTNESS = 0.7; // how much lightness counts for a name, beside hue and strength

/** @param {string} hex */
function labOf(hex) {
  const [r, g, b] = rgbOf(hex);
  return [LIGHTNESS * 100 * lightnessOf(r, g, b), ...chromaOf(r, g, b)];
}
const PLACES = NAMED.map(([, hex]) => labOf(hex));

/** The name of the nearest colour that has one. @param {string} hex */
export function nameOf(hex) {
  const wanted = labOf(hex);
  const apart = PLACES.map((place) => place.reduce((sum, value, axis) => sum + (value - wanted[axis]) ** 2, 0));
  return say(NAMED[apart.indexOf(Math.min(...apart))][0]);
}

/** Black or white, whichever is legible on a colour. @param {string} hex */
export const legibleOn = (hex) => (lightnessOf(...rgbOf(hex)) > 0.5 ? "#000" : "#fff");

/** "#rrggbb" of what somebody wrote: a name in the page's language, or whatever CSS knows; else null. @param {string} text */
export function colourFrom(text) {
  const wanted = text.trim().toLowerCase(), own = NAMED.find(([key]) => say(key) === wanted);
  if (own) return own[1];
  const context = document.createElement("canvas").getContext("2d");
  if (!context || !wanted) return null;
  const [first, second] = ["#000000", "#ffffff"].map((before) => {
    context.fillStyle = before;
    context.fillStyle = wanted;
    return context.fillStyle;
  });
  return first === second && /^#[0-9a-f]{6}$/.test(first) ? first : null;
}
