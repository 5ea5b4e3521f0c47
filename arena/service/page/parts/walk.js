// A walk through a generator's latents: what it draws between two of them, filmed by the service when somebody asks.

import { address, get } from "../api.js";
import { h, replace } from "../dom.js";

/** A button, and the film it opens below. `choose(round)`: whose generator walks. @param {AbortSignal} signal */
export function walkThrough(signal) {
  const button = h("button", { type: "button", "aria-expanded": false, "data-testid": "walk", onclick: toggle }, "Walk through latents");
  const node = h("figure", { class: "walk", hidden: true, "data-testid": "walk-film", "aria-live": "polite" });
  let round = null;

  function toggle() {
    node.hidden = !node.hidden;
    button.setAttribute("aria-expanded", !node.hidden);
    replace(button, node.hidden ? "Walk through latents" : "Stop walking");
    draw();
  }

  /** Another round was chosen; who looks at a walk sees its walk. */
  function choose(chosen) {
    if (round?.version === chosen.version) return;
    round = chosen;
    draw();
  }

  function draw() {
    if (node.hidden || round === null) return replace(node);
    const mine = round;
    const url = `${address("matches", mine.match, "rounds", mine.round, "walk.webp")}?v=${mine.version}`;
    const words = h("figcaption", { class: "small muted", role: "status" }, "Filming the walk …");
    const film = h("img", { src: url, alt: `Faces of round ${mine.round} that turn into each other`, hidden: true });
    film.onload = () => {
      film.hidden = false;
      replace(words, `What the generator of round ${mine.round} draws between four latents of each face. AI-generated.`);
    };
    film.onerror = () => get(url, { signal }).catch((error) => signal.aborted || mine !== round || replace(words, error.message));
    replace(node, film, words);
  }

  return { node, button, choose };
}
