// A face beside what it was made of, where the generator can tell: donor, target and mask of a swap, or its original.

import { address, get } from "../api.js";
import { h, replace } from "../dom.js";

/** Pixels a side of each picture, at least. */
const SMALLEST = 64;

/**
 * A line of pictures that shows the sources of one face at a time. It has no height before a match turns out to have
 * any, and keeps its height from then on, so that nothing jumps under the pointer.
 * @param {{size: number, signal: AbortSignal}} options `size`: pixels of a face
 */
export function sources({ size, signal }) {
  const side = Math.max(SMALLEST, Math.min(size, 2 * SMALLEST));
  const style = { "--face": `${side}px`, "--height": `calc(${side}px + 1.5rem)` };
  const node = h("div", { class: "sources small", style, hidden: true, "data-testid": "sources", "aria-live": "polite" });
  const known = new Map();
  /** Versions of rounds whose generator made its faces of nothing, so that nobody asks about the other faces. */
  const without = new Set();
  let wanted = 0;

  /** Show what a face of a round was made of; nothing for null. */
  async function show(round, index) {
    const mine = ++wanted;
    if (!round || index === null || without.has(round.version)) return replace(node);
    const found = await ask(round, index);
    if (found && !found.made && found.images.length === 0) without.add(round.version);
    if (mine !== wanted || !found || without.has(round.version)) return;
    node.hidden = false;
    const fake = { name: "fake", image: `${pathOf(round, index)}.png?v=${round.version}` };
    replace(node, found.images.length > 0 && [fake, ...found.images].map(picture), words(found, index));
  }

  /** The sources of a face, asked for once; null where they cannot be had, which costs nobody the sheet. */
  function ask(round, index) {
    const url = `${pathOf(round, index)}/sources?v=${round.version}`;
    if (!known.has(url)) known.set(url, get(url, { signal }).catch(() => null));
    return known.get(url);
  }

  return { node, show };
}

const pathOf = (round, index) => address("matches", round.match, "rounds", round.round, "samples", index);

function picture({ name, image }) {
  return h("figure", null, h("img", { src: image, alt: `The ${name}` }), h("figcaption", null, name));
}

function words({ made, images, real_faces_shown: shown }, index) {
  const hidden = shown ? "" : " Its real faces are photographs, which this home does not show.";
  return h("p", { class: "muted" }, `Face ${index}${made ? `: ${made}` : ""}.${hidden}`);
}
