// Sample sheets: every round shows the same latents, so what changes from sheet to sheet is the generator.

import { address } from "../api.js";
import { h, replace } from "../dom.js";

/** Sheets that are fetched around the shown one. */
const AROUND = 4;

/** Where the sheet of a committed round is. */
export const sheetAddress = (round) => `${address("matches", round.match, "rounds", round.round, "samples.png")}?v=${round.version}`;

/** The sheets of a match as images that are ready to be shown, fetched once. */
export class Sheets {
  #images = new Map();

  /** The sheet of a committed round. @returns {Promise<HTMLImageElement>} */
  get(round) {
    const url = sheetAddress(round);
    if (!this.#images.has(url)) {
      const image = h("img", { src: url, alt: "" });
      const ready = image.decode().then(() => image);
      ready.catch(() => this.#images.delete(url));
      this.#images.set(url, ready);
    }
    return this.#images.get(url);
  }

  /** Fetch what will be looked at next. */
  prepare(rounds, number) {
    for (const round of rounds.slice(Math.max(0, number - AROUND), number + AROUND + 1)) this.get(round).catch(() => {});
  }
}

/**
 * A sheet whose faces are buttons: arrow keys go from face to face, Enter or a click opens one.
 * @param {{size: number, onOpen: (index: number) => void, onPoint: (index: number | null) => void}} options `size`: pixels
 * of a face; `onPoint`: a pointer or the focus is on a face, or on none any more
 */
export function sheet({ size, onOpen, onPoint }) {
  const caption = h("figcaption", { class: "small" });
  const picture = h("img", { alt: "" });
  const faces = h("div", { class: "faces", role: "group", onkeydown: move, onpointerleave: () => onPoint(null), onfocusout: () => onPoint(null) });
  const node = h("figure", { class: "sheet" }, h("div", { class: "frame" }, picture, faces), caption);
  let columns = 0;

  /** Show a loaded sheet. @param {HTMLImageElement} image */
  function draw(image, text) {
    picture.src = image.src;
    replace(caption, text);
    faces.setAttribute("aria-label", `Faces of ${text}`);
    const across = Math.round(image.naturalWidth / size);
    const down = Math.round(image.naturalHeight / size);
    if (across === columns && faces.childElementCount === across * down) return;
    columns = across;
    faces.style.setProperty("--columns", across);
    picture.width = image.naturalWidth;
    picture.height = image.naturalHeight;
    replace(faces, Array.from({ length: across * down }, (_, index) => face(index)));
  }

  function face(index) {
    const label = `Face ${index}: its scores over the rounds`;
    const point = () => onPoint(index);
    return h("button", { type: "button", "aria-label": label, title: `Face ${index}`, tabindex: index === 0 ? 0 : -1, onclick: () => onOpen(index), onpointerenter: point, onfocus: point });
  }

  function move(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const buttons = [...faces.children];
    const from = buttons.indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : from + (steps[event.key] ?? NaN);
    if (from < 0 || !buttons[to] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    buttons[from].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  }

  return { node, draw };
}
