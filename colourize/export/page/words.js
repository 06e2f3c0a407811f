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
    help: "How to set hints",
    keys: "Click or tap the picture to set a hint, and drag a hint to move it. With the keyboard, the arrow keys move a cursor (with Shift by eight pixels), Enter sets a hint, Delete removes it, Alt and an arrow key move the chosen hint, and Ctrl+Z undoes the last change.",
    hints: "Hints",
    noHints: "No hint yet. Click or tap where a colour should change.",
    hint: "Hint {number}: {colour}, column {column}, row {row}",
    hintTitle: "Hint {number}: {colour}",
    likely: "The likeliest colours here",
    likelyOne: "{colour}, {share} %",
    field: "Any colour",
    text: "Colour as text",
    textHelp: "A name such as brown, or a code such as #a0522d.",
    badColour: "“{text}” is not a colour that this page knows; write a name such as brown, or a code such as #a0522d.",
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
    undone: "Undone. Hints now: {count}.", redone: "Redone. Hints now: {count}.", restarted: "All hints removed.",
    cursor: "Column {column}, row {row}: {colour}",
    nothingHere: "There is no hint to remove here.",
    look: "Colours",
    temperature: "Temperature {value}",
    temperatureHelp: "0 takes the likeliest colour; higher values mix more colours, which makes them paler.",
    uncertainty: "Show where the network is unsure",
    sure: "sure", unsure: "unsure",
    samples: "Other colourings",
    samplesHelp: "Each is a whole colouring, drawn at random from those that the network finds likely. It is given your hints.",
    draw: "Draw six", drawAgain: "Draw six others",
    drawing: "Drawing …",
    drawn: "Six colourings are ready to choose from.",
    sample: "Colouring {number}",
    sampleChosen: "Colouring {number} is shown.",
    mean: "Back to the mean colours",
    meanShown: "The mean colours are shown.",
    teacher: "What the network saw",
    teacherColour: "The network never saw the picture at its size: it was given the {width} × {height} pixels below, without colour{hints}. For each of them it answered {answer}, using {weights} learnt numbers and {milliseconds} ms of this device’s time. These colours were enlarged and laid over the picture, which kept its own lightness in every pixel.",
    teacherEnlarge: "The network was given the {width} × {height} pixels below, and nothing else. It answered with {factor} × {factor} pixels for each of them, using {weights} learnt numbers. What it adds is guessed, as it learnt from other pictures: nobody can know the details that a small picture has lost.",
    teacherHints: " except at your hints",
    answerClasses: "how likely each of {count} colours is",
    answerValues: "one colour",
    input: "Input of the network, enlarged",
    block: "Part of the network",
    blockShown: "{channels} feature maps of {width} × {height} pixels. Each is bright where its feature was found, and has a scale of its own.",
    features: "Feature maps of {block}",
    nearest: "Repeated pixels", lanczos: "Lanczos filter", network: "Network",
    loupe: "Loupe", loupeHelp: "Move over a picture, or focus it and use the arrow keys.",
    loupeAt: "Loupe at column {column}, row {row}",
    enlarging: "Enlarging …", enlarged: "Enlarged to {width} by {height} pixels.",
    opened: "{name}: {width} by {height} pixels.",
    bounded: "It was scaled down from {width} by {height} pixels, because this page works with at most {most} million.",
    small: "It had first been scaled down to {width} by {height} pixels.",
    transparent: "Its transparent parts stay transparent.",
    animated: "It is animated: only its first picture is used.",
    noPicture: "There is no picture in what was dropped or pasted; choose a picture file, such as a JPEG, PNG or WebP.",
    broken: "{name} cannot be read as a picture. It may be damaged, or of a kind that this browser cannot read.",
    tooLarge: "{name} has {millions} million pixels; this page takes up to {most} million. Scale it down first.",
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
