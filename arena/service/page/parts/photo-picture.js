// The photo with a box around every face, and over each, if wanted, where the detector looked.

import { h } from "../dom.js";
import { alarmLevel, times } from "../format.js";

/** Longest side that is painted; no screen shows more of it here. */
const MOST_PIXELS = 2048;
/** Above this share of the height there is no room for a label outside of a box. */
const TOP = 0.06;
/** With more faces than this, the scores are left to the list, on a phone the verdicts too: labels would hide each other. */
const CROWD = 12;

/**
 * @param {Blob} photo  @param {object} result the service's answer
 * @param {(index: number) => void} pick a face was chosen in the photo
 * @returns {{element: HTMLElement, mark: (index: number | null) => void, heat: (index: number, isShown: boolean) => void,
 *   strength: (share: number) => void}}
 */
export function picture(photo, result, pick) {
  const boxes = result.faces.map((face, index) => box(face, index, result, pick));
  const heats = result.faces.map((face) => heatmap(face, result));
  const scale = Math.min(1, MOST_PIXELS / Math.max(result.width, result.height));
  const shown = painted(photo, Math.round(scale * result.width), Math.round(scale * result.height), {
    role: "img", "aria-label": `The photo, ${result.width} × ${result.height} pixels`, "data-testid": "photo",
  });
  const style = { "--ratio": result.width / result.height, "--wide": result.width };
  const frame = h("div", { class: "photo-frame", style }, shown, h("div", { class: "heat-layer" }, heats), boxes);
  return {
    element: h("figure", { class: "photo-figure" }, frame),
    mark: (index) => boxes.forEach((element, at) => element.classList.toggle("marked", at === index)),
    heat: (index, isShown) => { heats[index].hidden = !isShown; },
    strength: (value) => frame.style.setProperty("--strength", value),
  };
}

/** What a verdict looks like: a class, and a word in every place where the class gives a colour. */
export const verdictClass = (verdict) => ({ fake: "is-fake", real: "is-real" })[verdict] ?? "is-refused";

/** What is said where there is no verdict. */
export const NOT_JUDGED = "not judged";

function place([left, top, right, bottom], { width, height }) {
  const percent = (value, whole) => `${(100 * value) / whole}%`;
  return {
    left: percent(left, width), top: percent(top, height),
    width: percent(right - left, width), height: percent(bottom - top, height),
  };
}

function box(face, index, result, pick) {
  const [left, top, right] = face.box;
  const [word, certainty] = face.verdict ? [face.verdict, ` ${times(alarmLevel(face.score, result.judge.threshold))}`] : [NOT_JUDGED, ""];
  const name = result.whole_image ? "What was judged" : `Face ${index + 1}`;
  const number = result.whole_image ? "" : `${index + 1} `;
  const isInside = top < TOP * result.height;
  const isRight = left + right > result.width;
  const isOfCrowd = result.faces.length > CROWD;
  return h("button", {
    type: "button",
    class: ["face-box", verdictClass(face.verdict), isInside && "inside", isRight && "right"],
    style: place(clipped(face.box, result), result),
    "aria-label": `${name}: ${word}${certainty}`,
    "data-testid": `box-${index}`,
    onclick: () => pick(index),
  }, h("span", null, number, h("b", { class: isOfCrowd && "spare" }, word), !isOfCrowd && h("i", null, certainty)));
}

/** What a photo cuts off of a face is guessed by who finds it; a box ends where the photo does. */
const clipped = ([left, top, right, bottom], { width, height }) =>
  [Math.max(left, 0), Math.max(top, 0), Math.min(right, width), Math.min(bottom, height)];

/** Of what the detector was shown, which is more than the face and may reach beyond the photo. */
function heatmap(face, result) {
  if (!face.heatmap) return h("span", { hidden: true });
  const bytes = Uint8Array.from(atob(face.heatmap), (letter) => letter.charCodeAt(0));
  const { image_size: size } = result.judge;
  const attributes = { class: "heat-map", "aria-hidden": "true", style: place(face.square, result), hidden: true };
  return painted(new Blob([bytes], { type: "image/png" }), size, size, attributes);
}

/** An image that has no address, which the content security policy would have to allow. Upright, as EXIF says. */
function painted(blob, width, height, attributes) {
  const canvas = h("canvas", { width, height, ...attributes });
  createImageBitmap(blob).then(
    (bitmap) => {
      canvas.getContext("2d").drawImage(bitmap, 0, 0, width, height);
      bitmap.close();
    },
    () => {}, // the service could read it, this browser cannot: the boxes remain
  );
  return canvas;
}
