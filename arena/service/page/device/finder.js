// Finds faces: K. Zhang et al., Joint Face Detection and Alignment Using Multi-task Cascaded Convolutional Networks,
// 2016. Three networks, each surer than the one before, look at what the last one has left.

import { reduced } from "./resample.js";

const [PROPOSE, REFINE, OUTPUT] = [0.6, 0.7, 0.7];
const SHRINK = 0.709;
const CELL = 12;
const STRIDE = 2;
const AT_ONCE = 256;

/**
 * @typedef {{box: number[], score: number, points: number[][]}} Found
 * @typedef {(name: string, input: Float32Array, shape: number[]) => Promise<Float32Array[]>} Run one of the networks
 * @param {import("./resample.js").Pixels} photo  @param {Run} run
 * @param {{smallest: number, largest_side: number}} limits  @returns {Promise<Found[]>} the largest first
 */
export async function faces(photo, run, { smallest, largest_side: largest }) {
  const factor = Math.ceil(Math.max(photo.width, photo.height) / largest);
  const image = reduced(photo, factor);
  if (Math.min(image.width, image.height) <= Math.max(smallest, CELL)) return [];
  let found = await proposed(image, run, smallest);
  found = await refined(image, found, run);
  found = await decided(image, found, run);
  const size = ({ box: [left, top, right, bottom] }) => Math.min(right - left, bottom - top);
  return found
    .map(({ box, score, points }) => ({ box: box.map((x) => x * factor), score, points: points.map((p) => p.map((x) => x * factor)) }))
    .sort((one, other) => size(other) - size(one));
}

async function proposed(image, run, smallest) {
  const all = [];
  let least = (Math.min(image.width, image.height) * CELL) / smallest;
  for (let scale = CELL / smallest; least >= CELL; scale *= SHRINK, least *= SHRINK) {
    const [high, wide] = [image.height, image.width].map((side) => Math.trunc(side * scale + 1));
    const input = new Float32Array(3 * high * wide);
    shrunk(image, [0, 0, image.width, image.height], wide, high, input, 0);
    const [shifts, shares] = await run("pnet", input, [1, 3, high, wide]);
    const places = shares.length / 2;
    const columns = Math.ceil((wide - 2) / 2) - 4;
    const candidates = [];
    for (let i = 0; i < places; i++) {
      if (shares[places + i] < PROPOSE) continue;
      const box = cell(i % columns, Math.trunc(i / columns), scale);
      const shift = [0, 1, 2, 3].map((k) => shifts[k * places + i]);
      candidates.push({ box, score: shares[places + i], shift });
    }
    all.push(...kept(candidates, 0.5));
  }
  return kept(all, 0.7).map(({ box, shift, score }) => {
    const [wide, high] = [box[2] - box[0], box[3] - box[1]];
    return { score, box: squared(box.map((edge, k) => edge + shift[k] * (k % 2 ? high : wide))) };
  });
}

/** What one place of the first network's answer looks at; in single precision, or many an edge is off by a pixel. */
export function cell(column, row, scale) {
  return [1, CELL].flatMap((edge) => [column, row].map((x) => Math.floor(Math.fround((STRIDE * x + edge) / Math.fround(scale)))));
}

async function refined(image, found, run) {
  const [shifts, shares] = await looked(image, found, "rnet", 24, run);
  const sure = found
    .map(({ box }, i) => ({ box, score: shares[2 * i + 1], shift: shifts.subarray(4 * i, 4 * i + 4) }))
    .filter(({ score }) => score > REFINE);
  return kept(sure, 0.7).map(({ box, shift, score }) => ({ score, box: squared(shifted(box, shift)) }));
}

async function decided(image, found, run) {
  const [shifts, points, shares] = await looked(image, found, "onet", 48, run);
  const sure = found
    .map(({ box }, i) => {
      const [left, top, right, bottom] = box;
      const own = points.subarray(10 * i, 10 * i + 10);
      const five = [0, 1, 2, 3, 4].map((k) => [own[k] * (right - left + 1) + left - 1, own[k + 5] * (bottom - top + 1) + top - 1]);
      return { box: shifted(box, shifts.subarray(4 * i, 4 * i + 4)), score: shares[2 * i + 1], points: five };
    })
    .filter(({ score }) => score > OUTPUT);
  return kept(sure, 0.7, true);
}

/** What a network makes of every box, side by side. */
async function looked(image, found, name, size, run) {
  const parts = [];
  const seen = found.map(({ box }) => inside(box, image));
  for (let start = 0; start < seen.length; start += AT_ONCE) {
    const some = seen.slice(start, start + AT_ONCE);
    const input = new Float32Array(some.length * 3 * size * size);
    some.forEach((box, i) => shrunk(image, box, size, size, input, i * 3 * size * size));
    parts.push(await run(name, input, [some.length, 3, size, size]));
  }
  const outputs = name === "rnet" ? 2 : 3;
  return Array.from({ length: outputs }, (_, k) => Float32Array.from(parts.flatMap((part) => [...part[k]])));
}

/** Left, top, right and bottom as whole pixels within the image, right and bottom excluded. */
function inside(box, { width, height }) {
  const [left, top, right, bottom] = box.map(Math.trunc);
  return [Math.max(left, 1) - 1, Math.max(top, 1) - 1, Math.min(right, width), Math.min(bottom, height)];
}

/** A part of the image at another size, each pixel the mean of those it covers, in [-1, 1], colour by colour. */
function shrunk(image, [left, top, right, bottom], wide, high, into, at) {
  const [width, height] = [right - left, bottom - top];
  for (let y = 0; y < high; y++) {
    const [first, last] = [Math.floor((y * height) / high), Math.ceil(((y + 1) * height) / high)];
    for (let x = 0; x < wide; x++) {
      const [begin, end] = [Math.floor((x * width) / wide), Math.ceil(((x + 1) * width) / wide)];
      for (let colour = 0; colour < 3; colour++) {
        let sum = 0;
        for (let v = first; v < last; v++) {
          for (let u = begin; u < end; u++) sum += image.data[((top + v) * image.width + left + u) * 3 + colour];
        }
        into[at + (colour * high + y) * wide + x] = (sum / ((last - first) * (end - begin)) - 127.5) * 0.0078125;
      }
    }
  }
}

const shifted = (box, shift) => {
  const [wide, high] = [box[2] - box[0] + 1, box[3] - box[1] + 1];
  return box.map((edge, k) => edge + shift[k] * (k % 2 ? high : wide));
};

/** The square around a box's middle that is as long as its longer side. */
function squared([left, top, right, bottom]) {
  const side = Math.max(right - left, bottom - top);
  const [x, y] = [(left + right - side) / 2, (top + bottom - side) / 2];
  return [x, y, x + side, y + side];
}

/** The surest of the boxes that lie over each other; `isOfSmaller`: measured by the smaller box, in whole pixels. */
function kept(found, most, isOfSmaller = false) {
  const extra = isOfSmaller ? 1 : 0;
  const area = ([left, top, right, bottom]) => (right - left + extra) * (bottom - top + extra);
  const left = [];
  for (const one of [...found].sort((a, b) => b.score - a.score)) {
    const isNew = left.every((other) => {
      const [wide, high] = [0, 1].map((k) =>
        Math.max(0, Math.min(one.box[k + 2], other.box[k + 2]) - Math.max(one.box[k], other.box[k]) + extra));
      const [a, b] = [area(one.box), area(other.box)];
      return (wide * high) / (isOfSmaller ? Math.min(a, b) : a + b - wide * high) <= most;
    });
    if (isNew) left.push(one);
  }
  return left;
}
