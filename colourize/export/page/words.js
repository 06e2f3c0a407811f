/**
 * All that the page says, by language. Another language is one more entry of WORDS with the same keys.
 */

/** @type {Record<string, Record<string, string>>} */
const WORDS = {
  en: {
    open: "Open a picture",
    photograph: "Take a photograph",
    save: "Save as PNG",
    saved: "Saved as {name}, {width} by {height} pixels.",
    drop: "Drop a picture anywhere, paste one, or begin with a drawn horse:",
    private: "Nothing leaves this device: the page makes no connection.",
    example: "Drawn horse {number}",
    networks: "What to do",
    colour: "Colour",
    paint: "Colour with hints",
    enlarge: "Enlarge ×{factor}",
    split: "Before and after",
    splitAt: "{share} % without colour",
    stage: "The coloured picture",
    stagePaint: "The picture. Arrow keys move a cursor, Enter sets a hint.",
    help: "With mouse, finger or keyboard",
    keys: "Click or tap the picture to set a hint. By keyboard: arrow keys move the cursor (with Shift eight pixels), Enter sets a hint, Delete removes it, Alt with arrows moves it, Ctrl+Z undoes.",
    hints: "Hints",
    noHints: "No hint yet. Click or tap where a colour should change.",
    hint: "Hint {number}: {colour}, column {column}, row {row}",
    hintTitle: "Hint {number}: {colour}",
    likely: "Likeliest colours here",
    likelyOne: "{colour}, {share} %",
    field: "Any colour",
    text: "Colour as text",
    textHelp: "a name or #rrggbb",
    badColour: "“{text}” is no colour; write a name such as brown, or #a0522d.",
    size: "Size of hints",
    sizeOne: "{size} × {size} pixels",
    move: "Move",
    left: "left", up: "up", down: "down", right: "right",
    remove: "Remove", removeHint: "Remove hint {number}",
    undo: "Undo", redo: "Redo", restart: "Restart",
    added: "Hint {number} set: {colour}, column {column}, row {row}.",
    changed: "Hint {number} is now {colour}.",
    moved: "Hint {number} moved to column {column}, row {row}.",
    removed: "Hint {number} removed.",
    undone: "Undone. {count} hints.", redone: "Redone. {count} hints.", restarted: "All hints removed.",
    cursor: "Column {column}, row {row}: {colour}",
    nothingHere: "There is no hint to remove here.",
    look: "Colours",
    temperature: "Temperature {value}",
    temperatureHelp: "0 takes the likeliest colour; higher values mix more colours, which makes them paler.",
    uncertainty: "Show where the network is unsure",
    sure: "sure", unsure: "unsure",
    samples: "Other colourings",
    samplesHelp: "Each is drawn as a whole from what the network finds possible; hints are kept.",
    draw: "Draw six", drawAgain: "Draw six others",
    drawing: "Drawing …",
    drawn: "Six colourings are ready to choose from.",
    sample: "Colouring {number}",
    sampleChosen: "Colouring {number} is shown.",
    mean: "Back to the mean of all",
    meanShown: "The mean of all colourings is shown.",
    teacher: "What the network saw",
    teacherColour: "The network never saw the picture at its size: it was given the {width} × {height} pixels below, without colour. For each of them it answered {answer}, with {weights} learnt numbers and in {milliseconds} milliseconds on this device. These colours were enlarged and laid over the picture, which kept its own lightness in every pixel.",
    teacherEnlarge: "The network was given the {width} × {height} pixels below, and nothing else. It answered {factor} × {factor} pixels for each, with {weights} learnt numbers. What it adds are guesses, learnt from other pictures: no detail that the small picture has lost can be known.",
    answerClasses: "how likely each of {count} colours is",
    answerValues: "one colour",
    input: "Input of the network, enlarged",
    block: "Part of the network",
    blockShown: "{channels} feature maps of {width} × {height} pixels: bright where its feature was found, each map by its own scale.",
    features: "Feature maps of {block}",
    nearest: "Pixels repeated", lanczos: "Lanczos filter", network: "Network",
    loupe: "Loupe", loupeHelp: "Move over a picture, or focus it and use the arrow keys.",
    loupeAt: "Loupe at column {column}, row {row}",
    enlarging: "Enlarging …", enlarged: "Enlarged to {width} by {height} pixels.",
    opened: "{name}: {width} by {height} pixels.",
    bounded: "It was scaled from {width} by {height} pixels, the most that is taken here.",
    small: "It was scaled down to {width} by {height} pixels before it is enlarged.",
    transparent: "Its transparent parts stay transparent.",
    animated: "It is animated: the first picture of it is taken.",
    noPicture: "There is no picture in what you gave; take a photograph or picture file such as JPEG, PNG or WebP.",
    broken: "{name} cannot be read as a picture. It may be damaged, or of a kind that this browser does not know.",
    tooLarge: "{name} has {millions} million pixels; the page takes up to {most} million. Scale it down first.",
    failed: "That did not work: {reason}.",
    black: "black", white: "white", grey: "grey", darkGrey: "dark grey", lightGrey: "light grey", red: "red",
    darkRed: "dark red", orange: "orange", brown: "brown", darkBrown: "dark brown", tan: "tan", beige: "beige",
    yellow: "yellow", olive: "olive", green: "green", darkGreen: "dark green", lightGreen: "light green",
    turquoise: "turquoise", lightBlue: "light blue", blue: "blue", darkBlue: "dark blue", purple: "purple",
    violet: "violet", pink: "pink",
  },
};

const language = [...(globalThis.navigator?.languages ?? [])].map((each) => each.slice(0, 2)).find((each) => each in WORDS) ?? "en";

/** A text with values put in, such as say("temperature", {value: 1}). @param {string} key @param {Record<string, any>} [values] */
export function say(key, values = {}) {
  const text = WORDS[language][key] ?? WORDS.en[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Fill all elements that name a text, and set the page's language. @param {Document} page */
export function fillWords(page) {
  page.documentElement.lang = language;
  for (const element of page.querySelectorAll("[data-say]")) element.textContent = say(element.getAttribute("data-say") ?? "");
  for (const element of page.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.getAttribute("data-label") ?? ""));
  }
}
