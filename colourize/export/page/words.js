/**
 * All that the page says, by language. Another language is one more entry of WORDS with the same keys.
 */

/** @type {Record<string, Record<string, string>>} */
const WORDS = {
  en: {
    private: "Nothing leaves this device: the page makes no connection.",
    open: "Open a picture",
    photograph: "Take a photograph",
    begin: "Or begin with a drawn horse:",
    drop: "You can also drop a picture anywhere on this page, or paste one.",
    example: "Drawn horse {number}",
    opening: "Opening {name} …",
    networks: "What to do",
    colour: "Colour",
    paint: "Colour, and change colours",
    enlarge: "Enlarge ×{factor}",
    opened: "{name}, {width} by {height} pixels, is coloured.",
    whatNext: "Click or tap where a colour should change.",
    whatNextTouch: "Tap where a colour should change.",
    bounded: "It was scaled down from {width} by {height} pixels, because this page works with at most {most} million.",
    transparent: "Its transparent parts stay transparent.",
    animated: "It is animated: only its first picture is used.",
    incomplete: "The file is damaged or incomplete, so parts of the picture are missing.",
    noPicture: "There is no picture in what was dropped or pasted; choose a picture file, such as a JPEG, PNG or WebP.",
    broken: "{name} cannot be read as a picture. It may be damaged, or of a kind that this browser cannot read.",
    tooLarge: "{name} has {millions} million pixels; this page takes up to {most} million. Scale it down first.",
    failed: "That did not work: {reason}.",

    stage: "The coloured picture",
    stagePaint: "The picture. Arrow keys move a cursor, Enter puts a spot there.",
    stagePaintTouch: "The picture. Tap it to put a spot.",
    keysShown: "Arrow keys move, Enter puts a spot, Delete removes it",
    split: "Before and after",
    splitAt: "{share} % without colour",
    undo: "Undo", redo: "Redo", restart: "Start again",
    undone: "Undone: {what}.", redone: "Redone: {what}.",
    nothingToUndo: "There is nothing to undo.", nothingToRedo: "There is nothing to redo.",
    restarted: "The picture is as it was at the start.",
    save: "Save as PNG",
    saving: "Saving … {share} % done.",
    savingFile: "Saving … The file is being written.",
    saved: "Saved as {name}, {width} by {height} pixels.",

    spots: "Change a colour",
    noSpots: "Click or tap the picture where a colour should change.",
    noSpotsTouch: "Tap the picture where a colour should change.",
    alike: "A spot also changes places that look alike. To hold such a place fixed, put another spot there and press “Keep the colour shown here”.",
    help: "How to use spots",
    keys: "Click or tap the picture to put a spot, choose its colour, and drag the spot to move it. With the keyboard, the arrow keys move a cursor (with Shift in larger steps), Enter puts a spot, Delete removes it, Alt and an arrow key move the chosen spot, and Ctrl+Z undoes the last change.",
    keysTouch: "Tap the picture to put a spot, choose its colour, and drag the spot to move it. A swipe that begins beside all spots scrolls the page.",
    place: "{across} % across, {down} % down",
    spot: "Spot {number}: {colour}, {place}",
    spotTitle: "Spot {number}: {colour}",
    spotKept: "Spot {number}: still {colour}. Choose a colour, or keep the one shown.",
    keep: "Keep the colour shown here",
    likely: "Likely colours here",
    likelyOne: "{colour}, {share} %, {place} of {count}",
    field: "Any colour",
    text: "By name",
    textHelp: "A name such as brown, or a code such as #a0522d.",
    lightness: "Every place stays as light or dark as in the photograph, so a colour may look lighter or darker than you chose it.",
    badColour: "“{text}” is not a colour that this page knows. Try a name such as dark red, olive or light blue.",
    colourStays: "Spot {number} has the same colour as before.",
    size: "Spot size",
    size1: "small", size3: "medium", size5: "large",
    move: "Move",
    left: "left", up: "up", down: "down", right: "right",
    remove: "Remove",
    added: "Spot {number} at {place}, still {colour}. Choose a colour.",
    changed: "Spot {number} is now {colour}.",
    moved: "Spot {number} moved to {place}.",
    removed: "Spot {number} removed.",
    resized: "Spot {number} is now {size}.",
    cursor: "{place}: {colour}",
    nothingHere: "There is no spot to remove.",
    doneSpotAdded: "spot {number} put",
    doneSpotChanged: "colour of spot {number}",
    doneSpotMoved: "spot {number} moved",
    doneSpotRemoved: "spot {number} removed",
    doneSpotResized: "size of spot {number}",
    doneRestart: "start again",
    doneTemperature: "temperature {value}",
    doneSample: "colouring {number} chosen",
    doneUsual: "back to the usual colouring",
    doneOpened: "{name} opened",
    doneNetwork: "{network}",

    look: "Colours of the whole picture",
    temperature: "Weight of rarer colours",
    temperatureValue: "temperature {value}",
    temperatureHelp: "At 0, each place takes its single likeliest colour. At 1, it takes the mean of all likely colours. Above 1, rarer colours count more.",
    temperatureChanged: "The colours follow the temperature.",
    temperatureUsual: "Back to {value}",
    temperatureBack: "The temperature is back at its usual {value}.",
    uncertainty: "Show where the network is unsure",
    sure: "sure", unsure: "unsure",
    uncertaintyShown: "Blue: the network is sure of its colours. Yellow: it is unsure.",
    uncertaintyBehind: "All of it is hidden: move the divider to the left to see it.",
    uncertaintyHidden: "The map of where the network is unsure is hidden.",
    samples: "Other colourings",
    samplesHelp: "Rough drafts, each drawn at random from what the network finds likely. Many are blotchy. Your own spots are kept.",
    draw: "Draw six", drawAgain: "Draw six others",
    drawing: "Drawing six colourings …",
    drawingCount: "Drawing six colourings … {count} of 6 are ready.",
    drawn: "Six colourings are ready to choose from.",
    draftsGone: "The six drafts were made for the spots as they were before, so they are hidden now.",
    sample: "Colouring {number}",
    sampleChosen: "Colouring {number} is shown.",
    usual: "Back to the usual colouring",
    usualShown: "The usual colouring is shown.",
    usualAgain: "The usual colouring is shown again.",

    teacher: "What the network saw",
    teacherColour: "The network never saw the picture at its size: it was given the {width} × {height} pixels below, without colour{spots}. For each of them it answered {answer}, using {weights} learnt numbers and {milliseconds} ms of this device’s time. These colours were enlarged and laid over the picture, which kept its own lightness in every pixel.",
    teacherEnlarge: "The network was given the {width} × {height} pixels below, and nothing else. It answered with {factor} × {factor} pixels for each of them, using {weights} learnt numbers. What it adds is guessed, as it learnt from other pictures: nobody can know the details that a small picture has lost.",
    teacherSpots: " except at your spots",
    answerClasses: "how likely each of {count} colours is",
    answerValues: "one colour",
    input: "Input of the network, enlarged",
    block: "Part of the network",
    firstBlock: "first layer", middleBlock: "block {number}", lastBlock: "last layer",
    mapsAll: "All {channels} feature maps of this part, {width} × {height} pixels each.",
    mapsSome: "The first {count} of {channels} feature maps of this part, {width} × {height} pixels each.",
    mapsHelp: "Each is bright where its feature was found, and has a scale of its own.",
    features: "Feature maps: {block}",
    nearest: "Repeated pixels", lanczos: "Lanczos filter", network: "Network",
    loupe: "Loupe", loupeHelp: "Move over a picture, or focus it and use the arrow keys.",
    loupeHelpTouch: "Tap a picture, or move a finger over it.",
    loupeAt: "Loupe at column {column}, row {row}",
    enlarging: "Enlarging …", enlarged: "Enlarged to {width} by {height} pixels.",
    small: "It had first been scaled down to {width} by {height} pixels.",

    black: "black", darkGrey: "dark grey", grey: "grey", lightGrey: "light grey", white: "white",
    veryDarkPlum: "very dark plum", darkPlum: "dark plum", plum: "plum", darkPink: "dark pink", pink: "pink",
    greyPink: "grey pink", palePink: "pale pink", veryDarkRed: "very dark red", darkRed: "dark red", red: "red",
    brownRed: "brown red", greyRed: "grey red", salmon: "salmon", paleSalmon: "pale salmon",
    veryDarkBrown: "very dark brown", darkBrown: "dark brown", brown: "brown", greyBrown: "grey brown",
    darkOrange: "dark orange", orange: "orange", paleOrange: "pale orange", tan: "tan", peach: "peach",
    darkOliveBrown: "dark olive brown", oliveBrown: "olive brown", greyOlive: "grey olive", darkYellow: "dark yellow",
    sand: "sand", yellow: "yellow", beige: "beige", veryDarkOlive: "very dark olive", darkOlive: "dark olive",
    olive: "olive", paleYellow: "pale yellow", veryDarkGreen: "very dark green", darkGreen: "dark green",
    green: "green", brightGreen: "bright green", greyGreen: "grey green", lightGreen: "light green",
    paleGreen: "pale green", veryDarkTurquoise: "very dark turquoise", darkTurquoise: "dark turquoise",
    turquoise: "turquoise", brightTurquoise: "bright turquoise", greyTurquoise: "grey turquoise", paleTurquoise: "pale turquoise",
    veryDarkBlue: "very dark blue", darkBlue: "dark blue", blue: "blue", greyBlue: "grey blue",
    lightBlue: "light blue", paleBlue: "pale blue", darkViolet: "dark violet", violet: "violet",
    greyViolet: "grey violet", lightViolet: "light violet", veryDarkPurple: "very dark purple",
    darkPurple: "dark purple", purple: "purple", mauve: "mauve", lilac: "lilac", brightPurple: "bright purple",
  },
};

const language = [...(globalThis.navigator?.languages ?? [])].map((each) => each.slice(0, 2)).find((each) => each in WORDS) ?? "en";

/** Whether a finger is what mostly points at the page. */
const isTouched = () => globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;

/** A text, or what is said instead of it on a touch screen, with values put in, such as say("temperature", {value: 1}). @param {string} key @param {Record<string, any>} [values] */
export function say(key, values = {}) {
  const words = { ...WORDS.en, ...WORDS[language] }, text = (isTouched() && words[`${key}Touch`]) || words[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Make a button work or not; it stays in reach of the keyboard, so that the focus is never lost. @param {HTMLElement} button @param {boolean} works */
export function enable(button, works) {
  button.setAttribute("aria-disabled", String(!works));
}

/** Fill all elements that name a text, and set the page's language. @param {Document} page */
export function fillWords(page) {
  page.documentElement.lang = language;
  for (const element of page.querySelectorAll("[data-say]")) element.textContent = say(element.getAttribute("data-say") ?? "");
  for (const element of page.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.getAttribute("data-label") ?? ""));
  }
}
