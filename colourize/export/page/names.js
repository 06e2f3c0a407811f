/**
 * Names of colours for people, and colours for names that people write.
 */
import { chromaOf, lightnessOf, rgbOf } from "./colour.js";
import { say } from "./words.js";

/** @typedef {[string, string][]} Named - texts, each with the colour that it stands for. */

/** @type {Named} */
const GREYS = [["black", "#000000"], ["darkGrey", "#444444"], ["grey", "#808080"], ["lightGrey", "#bfbfbf"], ["white", "#ffffff"]];

/**
 * Names by hue, each group up to so many degrees of the angle in the plane of a and b. One group has
 * both strong blues and pale violets: Lab gives them the same hue.
 * @type {[number, Named][]}
 */
const HUES = [
  [21, [
    ["veryDarkPlum", "#2d1420"], ["darkPlum", "#58303c"], ["plum", "#86485c"], ["darkPink", "#b8406f"], ["pink", "#ec8fb4"],
    ["greyPink", "#a08088"], ["palePink", "#f5cfda"],
  ]],
  [50, [
    ["veryDarkRed", "#33100e"], ["darkRed", "#7c201c"], ["red", "#d0201f"], ["brownRed", "#a0564a"], ["greyRed", "#8f6c67"],
    ["salmon", "#e08672"], ["paleSalmon", "#efc3b8"],
  ]],
  [73, [
    ["veryDarkBrown", "#2a1a10"], ["darkBrown", "#4f2f18"], ["brown", "#85522b"], ["greyBrown", "#84705f"], ["darkOrange", "#b5622a"],
    ["orange", "#ee8a1d"], ["paleOrange", "#dca05e"], ["tan", "#c09c7e"], ["peach", "#f0c4a0"],
  ]],
  [98, [
    ["darkOliveBrown", "#33290f"], ["oliveBrown", "#67531f"], ["greyOlive", "#857c62"], ["darkYellow", "#b8982f"], ["sand", "#bfae88"],
    ["yellow", "#f1da30"], ["orange", "#f0a010"],
    ["beige", "#e6d8b8"],
  ]],
  [115, [
    ["veryDarkOlive", "#23230c"], ["darkOlive", "#47461a"], ["olive", "#7f7a2e"], ["greyOlive", "#82806a"], ["darkYellow", "#b5ab30"],
    ["yellow", "#f6ee20"], ["paleYellow", "#efe6a0"],
  ]],
  [165, [
    ["veryDarkGreen", "#0c2810"], ["darkGreen", "#1e4d22"], ["green", "#3c9a3a"], ["brightGreen", "#40e030"], ["greyGreen", "#7c8f72"],
    ["lightGreen", "#9fd07c"], ["paleGreen", "#c9e0c0"],
  ]],
  [232, [
    ["veryDarkTurquoise", "#06292b"], ["darkTurquoise", "#1c6b68"], ["turquoise", "#35b5ad"], ["greyTurquoise", "#6f9290"], ["brightTurquoise", "#22e6de"],
    ["paleTurquoise", "#b5dedb"],
  ]],
  [296, [
    ["veryDarkBlue", "#0a2038"], ["darkBlue", "#1a3a6b"], ["blue", "#2b6fd0"], ["greyBlue", "#7088a5"], ["lightBlue", "#93c3e8"],
    ["paleBlue", "#c8dcf0"],
  ]],
  [312, [
    ["veryDarkBlue", "#0b0b48"], ["darkBlue", "#1a1a90"], ["blue", "#2a2ae8"], ["darkViolet", "#3f2f68"], ["violet", "#8a6cc0"],
    ["greyViolet", "#86809a"], ["lightViolet", "#c4b4e4"],
  ]],
  [342, [
    ["veryDarkPurple", "#24102c"], ["darkPurple", "#4f2459"], ["purple", "#8a389c"], ["mauve", "#98788f"], ["lilac", "#cda6d2"],
    ["brightPurple", "#d63cd0"],
  ]],
];
export const NAMED = [...GREYS, ...HUES.flatMap(([, named]) => named)];

const GREY = 7; // the chroma below which no hue is seen
const STRENGTH = 0.6; // how much chroma counts for a name of a hue, beside lightness

/** Lightness and chroma of the same scale, and the hue's angle in degrees. @param {string} hex */
function placeOf(hex) {
  const [r, g, b] = rgbOf(hex), [x, y] = chromaOf(r, g, b);
  return { lightness: 100 * lightnessOf(r, g, b), chroma: Math.hypot(x, y), hue: (Math.atan2(y, x) * 180 / Math.PI + 360) % 360 };
}

/** What a colour is called: by its hue wherever one is seen, and then by how light and strong it is. @param {string} hex */
export function keyOf(hex) {
  const { lightness, chroma, hue } = placeOf(hex), [, reds] = HUES[0];
  const named = chroma < GREY ? GREYS : (HUES.find(([end]) => hue < end)?.[1] ?? reds);
  const apart = named.map(([, each]) => {
    const place = placeOf(each);
    return (place.lightness - lightness) ** 2 + (STRENGTH * (place.chroma - chroma)) ** 2;
  });
  return named[apart.indexOf(Math.min(...apart))][0];
}

/** The same in the page's language. @param {string} hex */
export const nameOf = (hex) => say(keyOf(hex));

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
