/**
 * Names of colours for people, and colours for names that people write.
 */
import { chromaOf, lightnessOf, rgbOf } from "./colour.js";
import { say } from "./words.js";

/** @type {[string, string][]} */
const NAMED = [
  ["black", "#000000"], ["darkGrey", "#444444"], ["grey", "#808080"], ["lightGrey", "#bfbfbf"], ["white", "#ffffff"],
  ["red", "#d0201f"], ["darkRed", "#6e1418"], ["orange", "#ee8a1d"], ["brown", "#85522b"], ["darkBrown", "#46290f"],
  ["tan", "#c09a6b"], ["beige", "#e6d8b8"], ["yellow", "#f1da30"], ["olive", "#7f7a2e"], ["green", "#3c9a3a"],
  ["darkGreen", "#1e4d22"], ["lightGreen", "#9fd07c"], ["turquoise", "#35b5ad"], ["lightBlue", "#93c3e8"],
  ["blue", "#2b6fd0"], ["darkBlue", "#1a2f6b"], ["purple", "#7b2d8e"], ["violet", "#a78bd6"], ["pink", "#ec8fb4"],
];

/** @param {string} hex */
function labOf(hex) {
  const [r, g, b] = rgbOf(hex);
  return [100 * lightnessOf(r, g, b), ...chromaOf(r, g, b)];
}
const PLACES = NAMED.map(([, hex]) => labOf(hex));

/** The name of the nearest colour that has one. @param {string} hex */
export function nameOf(hex) {
  const wanted = labOf(hex);
  const apart = PLACES.map((place) => place.reduce((sum, value, axis) => sum + (value - wanted[axis]) ** 2, 0));
  return say(NAMED[apart.indexOf(Math.min(...apart))][0]);
}

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
