"use strict";

// ---- who sees what: the same seed gives the same trials in the same order

/** Random numbers in 0…1 from a seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const mixed = [...list];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

/** A participant's trials. Versions and mirrored sides come in turn, so that neighbouring seeds share them evenly. */
function arrange(study, seed) {
  const random = generator(seed);
  const version = seed % study.versions.length;
  const mirrored = Math.floor(seed / study.versions.length) % 2 === 1;
  const main = shuffled(study.versions[version], random);
  // One catch trial somewhere in each of as many equal stretches: never several in a row, none that can be foreseen.
  const stretch = main.length / study.catch.length;
  const catches = shuffled(study.catch, random);
  for (let number = catches.length - 1; number >= 0; number--) {
    main.splice(Math.floor((number + random()) * stretch), 0, catches[number]);
  }
  const turned = (trial) => ({ ...trial, real_side: mirrored ? opposite(trial.real_side) : trial.real_side });
  return { version, mirrored, practice: study.practice.map(turned), main: main.map(turned) };
}

const opposite = (side) => (side === "left" ? "right" : "left");

// ---- what is on the screen

const $ = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
const clicked = (button) => new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));

function show(id) {
  for (const screen of document.querySelectorAll("main")) screen.hidden = screen.id !== id;
  window.scrollTo(0, 0);
}

async function between(title, text) {
  $("between-title").textContent = title;
  $("between-text").textContent = text;
  show("between");
  $("continue").focus();
  await clicked($("continue"));
  show("trial");
}

/** The largest whole multiple of a picture's size for which two stand side by side; at most 320 pixels wide. */
function fit([height, width]) {
  const room = Math.min(320, (document.documentElement.clientWidth - 32 - 32) / 2);
  const below = Math.max(96, window.innerHeight - 260);
  const scale = Math.min(room / width, below / height);
  const shown = scale >= 1 ? Math.floor(scale) : scale;
  document.documentElement.style.setProperty("--width", `${shown * width}px`);
  document.documentElement.style.setProperty("--height", `${shown * height}px`);
  return shown;
}

function clear() {
  for (const id of ["left", "right", "below"]) $(id).replaceChildren();
  $("question").textContent = "";
}

function put(images, real_side) {
  $(real_side).replaceChildren(images.real);
  $(opposite(real_side)).replaceChildren(images.other);
}

/** Both pictures, decoded: else the browser would do it while their second runs. */
async function decoded(study, trial) {
  const images = {};
  for (const key of ["real", "other"]) {
    images[key] = new Image();
    images[key].alt = "";
    images[key].draggable = false;
    images[key].src = study.pictures[trial[key]];
    await images[key].decode();
  }
  return images;
}

/** Cross, pair, nothing; returns for how long the pair was there. Whoever looked elsewhere meanwhile sees it again. */
async function present(study, trial, images) {
  for (;;) {
    clear();
    let away = document.hidden;
    const notice = () => { away = away || document.hidden; };
    document.addEventListener("visibilitychange", notice);
    const scale = fit(study.size);
    for (const image of Object.values(images)) image.className = scale < 1 ? "smooth" : "";
    $("cross").style.visibility = "visible";
    await wait(study.cross_ms);
    $("cross").style.visibility = "hidden";
    put(images, trial.real_side);
    await painted();
    const start = performance.now();
    await wait(study.shown_ms);
    clear();
    const shown = performance.now() - start;
    document.removeEventListener("visibilitychange", notice);
    if (!away) return shown;
    await between("Paused", "You were away while a pair was shown. It comes once more.");
  }
}

const KEYS = { ArrowLeft: "left", f: "left", F: "left", ArrowRight: "right", j: "right", J: "right" };

/** The side that is chosen, by key, mouse or finger, and after how long. */
async function choose() {
  $("question").textContent = "Which one was the real photograph?";
  const start = performance.now();
  const answer = await new Promise((resolve) => {
    const pressed = (event) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS)) return;
      event.preventDefault();
      done(KEYS[event.key]);
    };
    const done = (side) => {
      document.removeEventListener("keydown", pressed);
      resolve(side);
    };
    document.addEventListener("keydown", pressed);
    for (const [side, name, keys] of [["left", "Left", "← or F"], ["right", "Right", "→ or J"]]) {
      const button = document.createElement("button");
      const hint = document.createElement("small");
      hint.textContent = keys;
      button.append(name, hint);
      button.addEventListener("click", () => done(side), { once: true });
      $(side).replaceChildren(button);
    }
  });
  const reaction_ms = Math.round(performance.now() - start);
  clear();
  return { answer, reaction_ms };
}

/** The pair once more, with what was right. */
async function tell(trial, images, answer) {
  const correct = answer === trial.real_side;
  put(images, trial.real_side);
  images.real.classList.add("real");
  $("question").textContent = correct ? "Right: that is the real one." : `No: the real one is on the ${trial.real_side}.`;
  const button = document.createElement("button");
  button.textContent = "Continue";
  $("below").replaceChildren(button);
  button.focus();
  await clicked(button);
  clear();
}

// ---- a whole study

async function run(study) {
  const asked = /^#seed=(\d+)$/.exec(location.hash);
  const seed = asked ? Number(asked[1]) >>> 0 : crypto.getRandomValues(new Uint32Array(1))[0];
  const { version, mirrored, practice, main } = arrange(study, seed);
  const answers = [];

  const ask = async (trial, progress, done) => {
    $("progress").textContent = progress;
    $("bar").value = done;
    const images = await decoded(study, trial);
    const shown_ms = Math.round(await present(study, trial, images));
    const { answer, reaction_ms } = await choose();
    const { kind, model, picture, real_side } = trial;
    answers.push({ kind, model, picture, real_side, answer, reaction_ms, shown_ms });
    if (kind === "practice") await tell(trial, images, answer);
  };

  await clicked($("begin"));
  const stay = (event) => event.preventDefault();
  window.addEventListener("beforeunload", stay); // a slip of the finger would lose all answers
  show("trial");
  for (const [number, trial] of practice.entries()) await ask(trial, `Practice ${number + 1} of ${practice.length}`, 0);
  if (practice.length) await between("That was the practice", "From here on you are not told whether you were right.");
  for (const [number, trial] of main.entries()) {
    if (number && number % study.pause_every === 0) {
      await between("A pause", `${number} of ${main.length} pairs are done. Rest your eyes; go on when you like.`);
    }
    await ask(trial, `Pair ${number + 1} of ${main.length}`, number / main.length);
  }

  const participant = seed.toString(16).padStart(8, "0");
  const result = { format: "colourize-study-result 1", study: study.id, participant, seed, version, mirrored };
  finish({ ...result, trials: answers }, () => window.removeEventListener("beforeunload", stay));
}

/** The result as one trial a line, as text and as a file. */
function finish(result, kept) {
  const { trials, ...about } = result;
  const head = JSON.stringify(about).slice(0, -1);
  const text = `${head},\n"trials":[\n${trials.map((trial) => JSON.stringify(trial)).join(",\n")}\n]}\n`;
  $("result").value = text;
  show("end");
  $("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `study-${result.study}-${result.participant}.json`;
    link.click();
    $("said").textContent = `Saved as ${link.download}`;
    kept();
  });
  $("copy").addEventListener("click", async () => {
    $("result").select();
    try {
      await navigator.clipboard.writeText(text);
      $("said").textContent = "Copied.";
      kept();
    } catch {
      $("said").textContent = "The text is selected: copy it.";
    }
  });
  $("save").focus();
}

run(JSON.parse($("study").textContent));
