// A photo judged in this browser: faces found, framed, coded and scored as the service does it; nothing is sent.

import { ApiError } from "../api.js";
import { faces } from "./finder.js";
import { cut, likened, objection, placed } from "./likeness.js";
import { square } from "./resample.js";

const RUNTIME = "/on-device/runtime/";
const NO_FACE = "no face was found, so there is no verdict";
const MISSING = `${NO_FACE}; this detector takes that for the sign of a fake`;
const SMALLEST = 16;
const CUT_OUT = "the picture was judged as a face that somebody has cut out";

/**
 * Loads everything that is needed to judge; after that no request is made.
 * @param {object} kit what the service has prepared, see `arena/export/device.py`
 * @returns {Promise<(photo: Blob) => Promise<object>>} what answers as the service's photo check
 */
export async function localJudge(kit, { signal } = {}) {
  const run = await told("This browser could not bring the detector here", () => loaded(kit, signal));
  return (photo) => told("This browser could not judge the photo", async () => judged(await pixelsOf(photo), kit, run));
}

/** What `work` answers; whatever goes wrong in the browser itself, out of memory and the like, is said, too. */
async function told(what, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw new ApiError(0, `${what}: ${error.message ?? error}`);
  }
}

/** The runtime with the kit's graphs. @returns {Promise<import("./finder.js").Run>} */
async function loaded(kit, signal) {
  const runtime = await import(`${RUNTIME}ort.wasm.bundle.min.mjs`);
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: `${RUNTIME}ort-wasm-simd-threaded.wasm` };
  const names = Object.keys(kit.files);
  const sessions = Object.fromEntries(await Promise.all(names.map(async (name) => {
    const answer = await fetch(kit.files[name], { signal });
    if (!answer.ok) throw new ApiError(answer.status, `The service has no ${kit.files[name]}.`);
    return [name, await runtime.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()))];
  })));
  return async (name, data, shape) => {
    const session = sessions[name];
    const kind = data instanceof Uint8Array ? "uint8" : "float32";
    const found = await session.run({ [session.inputNames[0]]: new runtime.Tensor(kind, data, shape) });
    return session.outputNames.map((output) => found[output].data);
  };
}

/** Whether a file that begins with these bytes is of a kind that the service takes: PNG, JPEG or WebP. */
export function isPhoto(head) {
  return /^(\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF[^]{4}WEBP)/.test(String.fromCharCode(...head));
}

/** The pixels of a photo, upright, transparent ones on white. @returns {Promise<import("./resample.js").Pixels>} */
async function pixelsOf(photo) {
  const head = new Uint8Array(await photo.slice(0, 12).arrayBuffer());
  const reading = isPhoto(head) ? createImageBitmap(photo, { colorSpaceConversion: "none" }) : Promise.reject();
  const bitmap = await reading.catch(() => {
    throw new ApiError(422, "This browser cannot read the photo: it must be a PNG, JPEG or WebP, and whole.");
  });
  if (Math.min(bitmap.width, bitmap.height) < SMALLEST) {
    throw new ApiError(422, `The image is too small: a side has less than ${SMALLEST} pixels.`);
  }
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let colour = 0; colour < 3; colour++) pixels[3 * i + colour] = data[4 * i + colour];
  }
  return { width, height, data: pixels };
}

async function judged(image, kit, run) {
  const { width, height } = image;
  const { judge, limits } = kit;
  const answer = { width, height, judge, prepared: null, whole_image: false, score: null, verdict: null };
  const scored = async (crop) => (await run("detector", likened(crop, kit.ways).data, [1, kit.size, kit.size, 3]))[0][0];
  const found = await worthJudging(image, run, limits);
  const isWhole = found.length === 0 && Math.min(width, height) < limits.crop_side
    && (await worthJudging(square(image, limits.cut_out_side), run, limits)).length > 0;
  if (found.length === 0 && !isWhole) return { ...answer, faces: [], ...(await withoutFace(image, kit, scored)) };
  const shown = isWhole ? [whole(image, kit)] : found.slice(0, limits.most_faces).map((face) => seen(face, image, kit));
  const scores = [];
  for (const { crop } of shown) if (crop) scores.push(await scored(crop));
  const called = (score) => (score >= judge.threshold ? "fake" : "real");
  const left = [...scores];
  const all = shown.map(({ crop, ...face }) => {
    if (!crop) return { ...face, score: null, verdict: null, heatmap: null };
    const score = left.shift();
    return { ...face, score, verdict: called(score), heatmap: null };
  });
  const score = scores.length ? Math.max(...scores) : null;
  return {
    ...answer, faces: all, score, verdict: score === null ? null : called(score),
    whole_image: isWhole, prepared: scores.length ? kit.prepared : null,
    note: noted(kit, isWhole ? CUT_OUT : found.length > limits.most_faces && `only the ${limits.most_faces} largest of ${found.length} faces were judged`),
  };
}

const noted = (kit, more) => [kit.note, more].filter(Boolean).join("; ") || null;

/** The faces in an image that are sure and large enough. */
async function worthJudging(image, run, limits) {
  const found = await faces(image, run, limits);
  return found.filter(({ box: [left, top, right, bottom], score }) =>
    score >= limits.min_score && Math.min(right - left, bottom - top) >= limits.min_size).map(steady);
}

/** What the detector's own rule says of a photo without a face; a verdict it never is. */
async function withoutFace(image, kit, scored) {
  if (kit.no_face === "fake") return { score: 1, note: noted(kit, MISSING) };
  const isPhoto = Math.min(image.width, image.height) >= kit.limits.crop_side && image.width !== image.height;
  return { score: isPhoto ? null : await scored(square(image, kit.size)), note: noted(kit, NO_FACE) };
}

/** A face whose place is in eighths of a pixel, as the service has it. */
function steady({ box, points, ...face }) {
  const eighths = (value) => Math.round(8 * value) / 8;
  return { ...face, box: box.map(eighths), points: points.map((point) => point.map(eighths)) };
}

function seen({ box, points, score }, image, { framing, size }) {
  const place = placed(points, framing);
  const refused = objection(place, image.width, image.height, size, framing);
  if (refused) return { box, square: box, confidence: score, refused };
  return { box, square: place, confidence: score, refused: null, crop: cut(image, place, size) };
}

/** The middle of a picture that somebody has cut out. */
function whole(image, { size }) {
  const side = Math.min(image.width, image.height);
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
  const box = [left, top, left + side, top + side];
  return { box, square: box, confidence: null, refused: null, crop: square(image, size) };
}
