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
 * @param {string} label what it is, for who does not see it
 */
export function tile(sheet, grid, index, label) {
  const canvas = h("canvas", { width: grid.size, height: grid.size, role: "img", "aria-label": label, class: "blind-tile" });
  drawTile(canvas, sheet, grid, index);
  return canvas;
}

export function drawTile(canvas, sheet, { columns, size }, index) {
  const left = (index % columns) * size;
  const top = Math.floor(index / columns) * size;
  canvas.getContext("2d").drawImage(sheet, left, top, size, size, 0, 0, size, size);
}
