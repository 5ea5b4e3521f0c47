// How a photo comes in (chosen, taken, dropped, pasted), and how one that is too large is made to fit.

import { h } from "../dom.js";
import { share } from "../format.js";
import { camera } from "./photo-camera.js";

/** What the service takes. */
const MOST_BYTES = 10e6;
const MOST_PIXELS = 16e6;
const KINDS = "image/png,image/jpeg,image/webp";

/**
 * Where a photo is put in. Pasting works anywhere on the page.
 * @param {(file: File) => void} take  @param {AbortSignal} signal
 */
export function photoInput(take, signal) {
  const pick = (label, attributes) => {
    const input = h("input", { type: "file", class: "unseen", onchange: () => chosen(input), ...attributes });
    return h("label", { class: ["button", attributes.capture ? "photo-take" : "primary"] }, label, input);
  };
  const chosen = (input) => {
    if (input.files.length > 0) take(input.files[0]);
    input.value = ""; // the same file again is a change again
  };
  const own = camera(take, signal);
  const zone = h("div", { class: "photo-drop", "data-testid": "drop" },
    h("div", { class: "row" },
      pick("Choose a photo", { accept: KINDS, "data-testid": "photo-file" }),
      pick("Take a picture", { accept: "image/*", capture: "environment", "data-testid": "photo-camera" }),
      own.button,
      h("span", { class: "muted" }, "or drop one here, or paste one"),
    ),
    own.view,
    h("p", { class: "muted small" },
      "PNG, JPEG or WebP. Unless it is judged on this device, it goes to this arena's service and nowhere else, is looked at in memory, and nothing of it is kept.",
    ),
  );
  const listen = (name, handler) => document.addEventListener(name, handler, { signal });
  // Dropped next to the field, a browser would open the photo in the place of the page.
  listen("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  listen("dragleave", (event) => event.relatedTarget === null && zone.classList.remove("over"));
  listen("drop", (event) => {
    zone.classList.remove("over");
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (zone.isConnected && event.dataTransfer.files.length > 0) take(event.dataTransfer.files[0]);
  });
  listen("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file && zone.isConnected) take(file);
  });
  return zone;
}

/**
 * The photo as it is, unless the service would refuse it for its size.
 * @param {Blob} file  @returns {Promise<{photo: Blob, note: string | null}>} `note`: what was done to it
 */
export async function fitted(file) {
  const bitmap = await createImageBitmap(file).catch(() => null); // upright, as EXIF says
  if (bitmap === null) return { photo: file, note: null }; // the service says what is wrong with it
  const pixels = bitmap.width * bitmap.height;
  try {
    if (file.size <= MOST_BYTES && pixels <= MOST_PIXELS) return { photo: file, note: null };
    let scale = Math.min(1, Math.sqrt(MOST_PIXELS / pixels));
    let photo = await drawn(bitmap, scale);
    while (photo.size > MOST_BYTES) photo = await drawn(bitmap, (scale *= 0.8));
    const size = [bitmap.width, bitmap.height].map((side) => Math.floor(side * scale)).join(" × ");
    const was = pixels > MOST_PIXELS ? `${share(pixels / 1e6, 1)} megapixels` : `${share(file.size / 1e6, 1)} MB`;
    const why = `The photo has ${was}, more than the service takes`;
    return { photo, note: `${why}: this page sent a JPEG of it with ${size} pixels, which can change the scores.` };
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap, scale) {
  const canvas = h("canvas", { width: Math.floor(bitmap.width * scale), height: Math.floor(bitmap.height * scale) });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
