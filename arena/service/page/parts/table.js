// All rounds in numbers, the newest first.

import { h, replace } from "../dom.js";
import { count, duration, outcome, pValue, percent, share } from "../format.js";
import { withInterval } from "./numbers.js";
import { term } from "./term.js";

const COLUMNS = ["Round", ["Verdict", "clear"], ["Accuracy", "accuracy"], ["AUROC"], ["In use: caught", "in use"], ["False alarms", "false alarms"], ["EER"], ["Threshold", "threshold"], ["p"], "Images A", "Images B", "Took"];

/** `draw(rounds)`; the table itself is only made when it is opened. */
export function roundsTable() {
  const summary = h("summary", null, h("h2", null, "All rounds in numbers"));
  const place = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "All rounds in numbers" });
  const node = h("details", { class: "panel", "data-testid": "rounds", ontoggle: fill }, summary, place);
  let rounds = [];

  function fill() {
    if (!node.open) return;
    const head = COLUMNS.map((name, index) => h("th", { scope: "col", class: index > 1 && "number" }, heading(name)));
    replace(place, h("table", null, h("thead", null, h("tr", null, head)), h("tbody", null, rounds.toReversed().map(row))));
  }

  function draw(found) {
    rounds = found;
    fill();
  }

  return { node, draw };
}

/** A name as it is, or one that the glossary explains: what is written, and its word. */
export const heading = (name) => (Array.isArray(name) ? term(...name) : name);

function row({ round, seconds, verdict: v, training }) {
  const cell = (value) => h("td", { class: "number" }, value);
  const images = ["generator", "detector"].map((role) => cell(training[role] ? count(training[role].images) : "–"));
  if (v === null) {
    return h("tr", null, h("th", { scope: "row" }, "opening"), h("td", { class: "muted" }, "no exam"), Array.from({ length: 7 }, () => cell("–")), images, cell(duration(seconds)));
  }
  const judged = [withInterval(v.accuracy, v.accuracy_low, v.accuracy_high), withInterval(v.auroc, v.auroc_low, v.auroc_high),
    percent(v.tpr), `${(100 * (1 - v.tnr)).toFixed(1)} %`, share(v.eer), share(v.threshold), pValue(v.p_value)];
  return h("tr", null,
    h("th", { scope: "row" }, round),
    h("td", { class: `team-${v.winner.toLowerCase()}` }, outcome(v)),
    judged.map(cell), images, cell(duration(seconds)),
  );
}
