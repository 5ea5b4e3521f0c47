// A face of a photo brought into the likeness of a detector's training faces, as `arena/photo/likeness.py` does it.

import { coded } from "./jpeg.js";
import { part, resized } from "./resample.js";

/**
 * The square of a photo in which a face lies as in the framing, or null where no upright square does.
 * @param {number[][]} points five, (x, y)  @param {object} framing of a card
 */
export function placed(points, framing) {
  const { points: wanted, least_spread: least, most_misfit: most } = framing;
  const spread = framing.spread.map((pair) => pair.map((value) => Math.max(value, least)));
  const mean = (values, axis) => {
    const weights = spread.map((pair) => pair[axis] ** -2);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return values.reduce((sum, pair, i) => sum + pair[axis] * weights[i], 0) / total;
  };
  const axes = [0, 1];
  const [centre, target] = [points, wanted].map((values) => axes.map((axis) => mean(values, axis)));
  const sum = (term) => points.reduce((total, _, i) => total + axes.reduce((both, axis) => both + term(i, axis), 0), 0);
  const off = (i, axis) => (points[i][axis] - centre[axis]) / spread[i][axis];
  const aim = (i, axis) => (wanted[i][axis] - target[axis]) / spread[i][axis];
  const scale = sum((i, axis) => off(i, axis) * aim(i, axis)) / sum((i, axis) => off(i, axis) ** 2);
  if (!(Number.isFinite(scale) && scale > 0)) return null;
  const misfit = Math.sqrt(sum((i, axis) => (scale * off(i, axis) - aim(i, axis)) ** 2) / 10);
  if (misfit > most) return null;
  const [left, top] = axes.map((axis) => centre[axis] - target[axis] / scale);
  return [left, top, left + 1 / scale, top + 1 / scale];
}

/** Why a face cannot be judged in a photo of this size; null where it can. */
export function objection(square, width, height, size, { most_enlarged: enlarged, most_beyond: most }) {
  if (square === null) return "its head is turned or tilted too far from the training faces'";
  const [left, top, right, bottom] = square;
  const side = right - left;
  if (side * enlarged < size) return `it is too small: ${side.toFixed(0)} pixels of the photo would be enlarged to ${size}`;
  const inside = (low, high, whole) => Math.max(0, Math.min(high, whole) - Math.max(low, 0));
  const beyond = 1 - (inside(left, right, width) * inside(top, bottom, height)) / side ** 2;
  if (beyond <= most) return null;
  return `the edge of the photo cuts it off: ${(100 * beyond).toFixed(0)}% of what the detector has to see lies beyond`;
}

/** That square by one resampling; beyond the edge lies the mirror image. */
export function cut(image, [left, top, right, bottom], size) {
  const rim = Math.ceil(4 * Math.max(1, (right - left) / size)); // what the filter looks at around the square
  const low = [left, top].map((edge) => Math.floor(edge) - rim);
  const high = [right, bottom].map((edge) => Math.ceil(edge) + rim);
  const box = [left - low[0], top - low[1], right - low[0], bottom - low[1]];
  return resized(part(image, ...low, ...high), box, size);
}

/** A crop coded in the way that it alone decides. @param {object[]} ways of an answer of `arena/export/device.py` */
export function likened(crop, ways) {
  if (ways.length === 0) return crop;
  const place = crc32(crop.data) / 2 ** 32;
  const way = ways.find(({ until }) => place < until) ?? ways.at(-1);
  return way.tables ? coded(crop, way) : crop;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The checksum of ISO 3309. */
function crc32(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}
