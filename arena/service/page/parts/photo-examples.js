// Photos to try without having one: drawn faces, which show nobody, and fakes of the match whose detector judges.

import { address, get } from "../api.js";
import { h, replace } from "../dom.js";

const DRAWN = ["one", "two"];
/** Fakes that are offered. */
const FAKES = 2;

/**
 * Pictures to click. `draw(judge)` with the detector that judges.
 * @param {(photo: Blob) => void} take  @param {AbortSignal} signal
 */
export function examples(take, signal) {
  const fakes = h("span", { class: "photo-examples" });
  const drawn = DRAWN.map((name, index) => example(`Drawn face ${index + 1}`, `/page/examples/${name}.webp`));
  const node = h("div", { class: "photo-examples", "data-testid": "examples" }, h("span", { class: "muted small" }, "Or try one that shows nobody:"), drawn, fakes);

  function example(name, src) {
    const fetched = async () => take(await (await fetch(src, { signal })).blob());
    return h("button", { type: "button", title: name, onclick: () => fetched().catch(console.error) }, h("img", { src, alt: name, width: 56, height: 56 }));
  }

  async function draw({ match, round }) {
    const { fakes_refused: refused } = await get(address("matches", match), { signal });
    const one = (index) => example(`Fake ${index + 1} of round ${round} of ${match}`, address("matches", match, "rounds", round, "samples", `${index}.png`));
    replace(fakes, refused === null && Array.from({ length: FAKES }, (_, index) => one(index)));
  }

  return { node, draw };
}
