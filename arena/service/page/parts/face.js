// One latent over all rounds: its face, its score, and whether it fooled the detector.

import { ApiError, address, get } from "../api.js";
import { h, replace, s } from "../dom.js";
import { plural, score as shown } from "../format.js";
import { sources } from "./sources.js";
import { polyline } from "./training.js";

/**
 * Open the dialog of a face.
 * @param {{match: string, index: number, rounds: any[], size: number, signal: AbortSignal}} options
 */
export async function openFace({ match, index, rounds, size, signal }) {
  const body = h("div", { class: "history" }, h("p", { class: "muted" }, "…"));
  const dialog = h("dialog", { class: "latent", "aria-labelledby": "face-title", "data-testid": "face" },
    h("header", { class: "bar" },
      h("h2", { id: "face-title" }, `Face ${index} of ${match}`),
      h("button", { type: "button", class: "end", onclick: () => dialog.close() }, "Close"),
    ),
    body,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  signal.addEventListener("abort", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    drawHistory(body, await history(match, index, rounds, signal), size);
    const made = sources({ size, signal });
    body.append(made.node);
    await made.show(rounds.at(-1), index);
  } catch (error) {
    if (!signal.aborted) replace(body, h("p", { class: "problem", role: "alert" }, error.message));
  }
}

/** What is known of a face; where the service knows no scores, the pictures alone. */
async function history(match, index, rounds, signal) {
  try {
    return (await get(address("matches", match, "samples", index), { signal })).rounds;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const image = (round) => `${address("matches", match, "rounds", round.round, "samples", `${index}.png`)}?v=${round.version}`;
    return rounds.map((round) => ({ round: round.round, image: image(round), score: null, threshold: null, fooled: null }));
  }
}

function drawHistory(body, rounds, size) {
  const judged = rounds.filter(({ fooled }) => fooled !== null);
  const fooled = judged.filter(({ fooled }) => fooled).length;
  const summary = judged.length === 0
    ? "How the detector scored these faces is not known."
    : `It fooled the detector in ${fooled} of ${plural(judged.length, "round")} with a known score.`;
  replace(body,
    h("p", null, summary),
    judged.length > 1 && scoreLine(judged),
    h("ol", { class: "thumbs", style: { "--face": `${Math.max(64, size)}px` } }, rounds.map(oneRound)),
  );
}

function oneRound({ round, image, score, fooled }) {
  const name = round === 0 ? "opening" : `round ${round}`;
  const verdict = fooled === null ? null : h("span", { class: fooled ? "team-a" : "team-b" }, fooled ? "fooled B" : "caught");
  return h("li", null,
    h("figure", null,
      h("img", { src: image, alt: `The face in the ${name}`.replace("the round", "round"), loading: "lazy" }),
      h("figcaption", { class: "small" }, h("b", null, name), score !== null && h("span", { class: "mono" }, shown(score)), verdict),
    ),
  );
}

function scoreLine(judged) {
  const line = s("polyline", { points: polyline(judged.map(({ round, score }) => [round, score])), fill: "none", stroke: "currentColor", "vector-effect": "non-scaling-stroke" });
  const first = judged[0];
  const last = judged.at(-1);
  return h("div", { class: "scores small muted" },
    `Score ${shown(first.score)} in round ${first.round}`,
    s("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" }, line),
    `${shown(last.score)} in round ${last.round}`,
  );
}
