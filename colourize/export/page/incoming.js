/**
 * Where pictures come from: files that are chosen, photographed, dropped or pasted, and the page's own examples.
 */
import { say } from "./words.js";

/**
 * @param {(id: string) => any} element
 * @param {(source: Blob | string, name: string) => void} open @param {() => void} refuse - what was given is no file.
 */
export function listenForPictures(element, open, refuse) {
  const openFile = (/** @type {File} */ file) => open(file, file.name || "picture");
  for (const id of ["open", "photograph"]) {
    const field = /** @type {HTMLInputElement} */ (element(id));
    field.addEventListener("change", () => {
      if (field.files?.length) openFile(field.files[0]);
      field.value = ""; // the same file can be chosen again
    });
  }
  const take = (/** @type {Event} */ event, /** @type {DataTransfer | null} */ transfer) => {
    event.preventDefault();
    const files = [...(transfer?.files ?? [])], file = files.find((each) => each.type.startsWith("image/")) ?? files[0];
    if (file) openFile(file);
    else refuse();
  };
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => take(event, event.dataTransfer));
  addEventListener("paste", (event) => {
    if (!(event.target instanceof HTMLInputElement)) take(event, event.clipboardData);
  });
}

/**
 * Buttons that open the examples.
 * @param {HTMLElement} list @param {string[]} examples - data URIs. @param {(source: string, name: string) => void} open
 */
export function showExamples(list, examples, open) {
  list.append(...examples.map((source, number) => {
    const item = document.createElement("li"), choose = document.createElement("button"), image = document.createElement("img");
    const name = say("example", { number: number + 1 });
    choose.type = "button";
    image.src = source;
    image.alt = name;
    choose.append(image);
    choose.addEventListener("click", () => open(source, name));
    item.append(choose);
    return item;
  }));
}
