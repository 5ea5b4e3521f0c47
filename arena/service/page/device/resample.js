// Resampling as the service's library does it (Pillow), to the bit: its fixed-point numbers have 22 bits behind the point.

/** @typedef {{width: number, height: number, data: Uint8Array}} Pixels three bytes a pixel: red, green, blue */

const ONE = 2 ** 22;

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);
const clamped = (value) => Math.min(255, Math.max(0, value));

/** Which pixels of a line of `length` give how much to each of `size` samples of the part from `low` to `high`. */
function weights(length, low, high, size) {
  const scale = (high - low) / size;
  const stretch = Math.max(1, scale);
  return Array.from({ length: size }, (_, at) => {
    const centre = low + (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 3 * stretch + 0.5));
    const end = Math.min(length, Math.trunc(centre + 3 * stretch + 0.5));
    const gains = Array.from({ length: end - first }, (_, x) => lanczos((x + first - centre + 0.5) / stretch));
    const sum = gains.reduce((total, gain) => total + gain, 0);
    const fixed = gains.map((gain) => Math.trunc((gain / sum) * ONE + (gain / sum < 0 ? -0.5 : 0.5)));
    return { first, fixed };
  });
}

/**
 * A square part of an image by Lanczos. Colours of each line first, then of each column.
 * @param {Pixels} image  @param {number[]} box left, top, right, bottom, maybe between pixels  @param {number} size
 * @returns {Pixels}
 */
export function resized({ width, height, data }, box, size) {
  const [left, top, right, bottom] = box.map(Math.fround);
  const across = weights(width, left, right, size);
  const down = weights(height, top, bottom, size);
  const begin = down[0].first;
  const end = Math.max(...down.map(({ first, fixed }) => first + fixed.length));
  const wide = new Uint8Array((end - begin) * size * 3);
  for (let y = begin; y < end; y++) {
    for (let x = 0; x < size; x++) {
      sample(wide, ((y - begin) * size + x) * 3, data, (y * width + across[x].first) * 3, 3, across[x].fixed);
    }
  }
  const small = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      sample(small, (y * size + x) * 3, wide, ((down[y].first - begin) * size + x) * 3, size * 3, down[y].fixed);
    }
  }
  return { width: size, height: size, data: small };
}

function sample(into, at, from, start, step, fixed) {
  for (let colour = 0; colour < 3; colour++) {
    let sum = ONE / 2;
    for (let k = 0; k < fixed.length; k++) sum += from[start + k * step + colour] * fixed[k];
    into[at + colour] = clamped(Math.floor(sum / ONE));
  }
}

/** Every block of `factor` × `factor` pixels as one; at the edge of what is left of it. @param {Pixels} image */
export function reduced(image, factor) {
  if (factor === 1) return image;
  const [width, height] = [image.width, image.height].map((side) => Math.ceil(side / factor));
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const bottom = Math.min((y + 1) * factor, image.height);
    for (let x = 0; x < width; x++) {
      const right = Math.min((x + 1) * factor, image.width);
      const count = (bottom - y * factor) * (right - x * factor);
      for (let colour = 0; colour < 3; colour++) {
        let sum = Math.trunc(count / 2);
        for (let v = y * factor; v < bottom; v++) {
          for (let u = x * factor; u < right; u++) sum += image.data[(v * image.width + u) * 3 + colour];
        }
        data[(y * width + x) * 3 + colour] = Math.trunc(sum / count);
      }
    }
  }
  return { width, height, data };
}

/** A part of an image, of whole pixels; beyond the edge lies its mirror image, or with `repeat` the edge itself. */
export function part({ width, height, data }, left, top, right, bottom, repeat = false) {
  const inside = (place, side) => {
    if (repeat) return Math.min(side - 1, Math.max(0, place));
    const turn = ((place % (2 * side)) + 2 * side) % (2 * side);
    return turn < side ? turn : 2 * side - 1 - turn;
  };
  const found = { width: right - left, height: bottom - top, data: new Uint8Array((right - left) * (bottom - top) * 3) };
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, at += 3) {
      const from = (inside(y, height) * width + inside(x, width)) * 3;
      for (let colour = 0; colour < 3; colour++) found.data[at + colour] = data[from + colour];
    }
  }
  return found;
}

/** The largest centred square of an image; what shrinks much is shrunk by whole blocks first. @param {Pixels} image */
export function square(image, size) {
  const { width, height } = image;
  if (width === size && height === size) return image;
  const side = Math.min(width, height);
  const factor = Math.max(1, Math.trunc(side / size / 3));
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  const box = [left, top, left + side, top + side].map((edge) => edge / factor);
  return resized(reduced(image, factor), box, size);
}
