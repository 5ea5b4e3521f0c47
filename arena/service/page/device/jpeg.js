// JPEG there and back, to the bit as libjpeg computes it: integers of 13 bits, smooth chroma (ITU-T T.81 and JFIF).

import { part, square } from "./resample.js";

/**
 * The DCT of eight samples times 8192 √8: row k has the k-th cosine. The rounding of its entries is that of the fast
 * algorithm of C. Loeffler, A. Ligtenberg and G. Moschytz, Practical Fast 1-D DCT Algorithms with 11 Multiplications,
 * 1989, in integers.
 */
const HALVES = [
  [8192, 8192, 8192, 8192], [11363, 9633, 6437, 2260], [10703, 4433, -4433, -10703], [9633, -2259, -11362, -6436],
  [8192, -8192, -8192, 8192], [6437, -11362, 2261, 9633], [4433, -10704, 10704, -4433], [2260, -6436, 9633, -11363],
];
const COSINES = HALVES.map((row, k) => [...row, ...[...row].reverse().map((value) => (k % 2 ? -value : value))]);
const SIDE = 8;

const rounded = (value, bits) => Math.floor((value + 2 ** (bits - 1)) / 2 ** bits);
const byte = (value) => Math.min(255, Math.max(0, value));

/** Every line of a block along one axis, forwards or back: `step` lies between samples, `line` between lines. */
function turned(block, step, line, isBack, bits) {
  const found = new Array(SIDE);
  for (let i = 0; i < SIDE; i++) {
    for (let k = 0; k < SIDE; k++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += block[i * line + x * step] * (isBack ? COSINES[x][k] : COSINES[k][x]);
      found[k] = rounded(sum, bits);
    }
    for (let k = 0; k < SIDE; k++) block[i * line + k * step] = found[k];
  }
}

/** A plane whose sides are multiples of eight, its DCT rounded to the steps of a table. */
function quantised({ width, height, data }, table) {
  const block = new Array(SIDE * SIDE);
  for (let top = 0; top < height; top += SIDE) {
    for (let left = 0; left < width; left += SIDE) {
      const at = (i) => (top + Math.trunc(i / SIDE)) * width + left + (i % SIDE);
      for (let i = 0; i < block.length; i++) block[i] = data[at(i)] - 128;
      turned(block, 1, SIDE, false, 11);
      turned(block, SIDE, 1, false, 15);
      for (let i = 0; i < block.length; i++) {
        const step = 8 * table[i]; // the two passes together are eight times a DCT
        block[i] = Math.sign(block[i]) * Math.trunc((Math.abs(block[i]) + step / 2) / step) * table[i];
      }
      turned(block, SIDE, 1, true, 11);
      turned(block, 1, SIDE, true, 18);
      for (let i = 0; i < block.length; i++) data[at(i)] = byte(block[i] + 128);
    }
  }
}

const plane = (width, height) => ({ width, height, data: new Uint8Array(width * height) });

/** Luma and both chromas of an image. */
function split({ width, height, data }) {
  const planes = [0, 1, 2].map(() => plane(width, height));
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = data.subarray(3 * i, 3 * i + 3);
    planes[0].data[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    planes[1].data[i] = (-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16;
    planes[2].data[i] = (32768 * r - 27439 * g - 5329 * b + 8421375) >> 16;
  }
  return planes;
}

/**
 * A chroma at half the width and, if `both`, half the height; halves are rounded up and down in turn. Below the `high`
 * rows that count the last of them is repeated.
 */
function halved({ width, height, data }, high, both) {
  const down = both ? 2 : 1;
  const small = plane(width / 2, height / down);
  for (let line = 0, at = 0; line < small.height; line++) {
    const y = Math.min(line, high - 1);
    for (let x = 0; x < small.width; x++, at++) {
      let sum = (x % 2) + (both ? 1 : 0);
      for (let v = 0; v < down; v++) sum += data[(y * down + v) * width + 2 * x] + data[(y * down + v) * width + 2 * x + 1];
      small.data[at] = sum >> down;
    }
  }
  return small;
}

/** A chroma at full size again, of which `wide` × `high` samples count: three parts of the nearest, one of the next. */
function doubled(small, wide, high, both) {
  const large = plane(2 * wide, (both ? 2 : 1) * high);
  const row = new Array(wide);
  const [full, bits] = both ? [4, 4] : [1, 2];
  const [low, up] = both ? [8, 7] : [1, 2];
  for (let y = 0; y < large.height; y++) {
    const near = both ? y >> 1 : y;
    const other = Math.min(high - 1, Math.max(0, y % 2 ? near + 1 : near - 1));
    for (let x = 0; x < wide; x++) {
      const here = small.data[near * small.width + x];
      row[x] = both ? 3 * here + small.data[other * small.width + x] : here;
    }
    for (let x = 0; x < wide; x++) {
      const at = y * large.width + 2 * x;
      const left = 3 * row[x] + (x ? row[x - 1] : row[x]);
      const right = 3 * row[x] + (x + 1 < wide ? row[x + 1] : row[x]);
      large.data[at] = (left + low) >> bits;
      large.data[at + 1] = (right + up) >> bits;
      if (full === 1 && x === 0) large.data[at] = row[x];
      if (full === 1 && x + 1 === wide) large.data[at + 1] = row[x];
    }
  }
  return large;
}

/**
 * An image after JPEG. @param {import("./resample.js").Pixels} image  @param {number[][]} tables of luma and chroma,
 * row by row  @param {string} sampling 4:4:4, 4:2:2; everything else counts as 4:2:0
 */
export function jpeg(image, tables, sampling) {
  const { width, height } = image;
  const [across, both] = [sampling !== "4:4:4", !["4:4:4", "4:2:2"].includes(sampling)];
  const full = [[width, across], [height, both]].map(([side, isHalved]) => {
    const unit = isHalved ? 2 * SIDE : SIDE;
    return Math.ceil(side / unit) * unit;
  });
  const [luma, ...chromas] = split(part(image, 0, 0, ...full, true));
  quantised(luma, tables[0]);
  const high = both ? Math.ceil(height / 2) : height;
  const [cb, cr] = chromas.map((chroma) => {
    const small = across ? halved(chroma, high, both) : chroma;
    quantised(small, tables[1] ?? tables[0]);
    return across ? doubled(small, Math.ceil(width / 2), high, both) : small;
  });
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const light = luma.data[y * luma.width + x];
      const [b, r] = [cb, cr].map((chroma) => chroma.data[y * chroma.width + x] - 128);
      data[at] = byte(light + ((91881 * r + 32768) >> 16));
      data[at + 1] = byte(light + ((-22554 * b - 46802 * r + 32768) >> 16));
      data[at + 2] = byte(light + ((116130 * b + 32768) >> 16));
    }
  }
  return { width, height, data };
}

/**
 * A face as if its file had been stored in this way, see `arena/faces/coding.py`.
 * @param {import("./resample.js").Pixels} image a square
 * @param {{tables: number[][], sampling: string, side: number, corner: [number, number]}} way
 */
export function coded(image, { tables, sampling, side, corner: [left, top] }) {
  const whole = square(image, side);
  const padded = jpeg(part(whole, -left, -top, side, side, true), tables, sampling);
  const after = part(padded, left, top, left + side, top + side);
  if (side === image.width) return after;
  const change = after.data.map((value, i) => byte(value - whole.data[i] + 128));
  const small = square({ width: side, height: side, data: change }, image.width);
  return { ...image, data: image.data.map((value, i) => byte(value + small.data[i] - 128)) };
}
