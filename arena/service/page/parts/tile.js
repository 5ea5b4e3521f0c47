// Images out of one sheet of square ones, row by row.

import { h } from "../dom.js";

/** Load a sheet. @returns {Promise<HTMLImageElement>} */
export async function loadSheet(url) {
  const image = h("img", { src: url });
  await image.decode();
  return image;
}

/**
 * One image of the sheet as a picture.
 * @param {HTMLImageElement} sheet  @param {{columns: number, size: number}} grid  @param {number} index
 * @param {string | null} label what it is, for who does not see it; null where that is said around it
 */
export function tile(sheet, grid, index, label) {
  const named = label === null ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  const canvas = h("canvas", { width: grid.size, height: grid.size, class: "blind-tile", ...named });
  drawTile(canvas, sheet, grid, index);
  return canvas;
}

export function drawTile(canvas, sheet, { columns, size }, index) {
  const left = (index % columns) * size;
  const top = Math.floor(index / columns) * size;
  canvas.getContext("2d").drawImage(sheet, left, top, size, size, 0, 0, size, size);
}
