// The round that is being trained, as it happens.

import { h, replace, s } from "../dom.js";
import { count, share } from "../format.js";

const TEAMS = [["generator", "a", "Team A"], ["detector", "b", "Team B"]];
/** Points of a loss that are kept: two a second, so a few minutes. */
const MOST_POINTS = 600;

/** Both teams' progress. `update(progress, upcoming, match)` with the data of the event, and the round that is played; null when none is. */
export function training() {
  const teams = TEAMS.map(([role, letter, title]) => ({ role, ...teamRow(letter, title) }));
  const heading = h("h2", null, "Training");
  const state = h("span", { class: "muted small" });
  const total = h("progress", { max: 1, value: 0, "aria-label": "The whole match" });
  const left = h("span", { "data-testid": "left" });
  const node = h("section", { class: "panel training", hidden: true, "aria-label": "Training now", "data-testid": "training" },
    h("header", null, heading, state),
    h("div", { class: "total" }, h("h3", null, "Match"), total, left),
    h("div", { class: "columns" }, teams.map((team) => team.node)),
  );
  let round = null;

  function update(progress, upcoming, match) {
    node.hidden = upcoming === null;
    if (upcoming === null) return;
    const isStarting = match.status === "starting";
    replace(heading, isStarting ? "The match is starting" : upcoming === 0 ? "The opening is being trained" : `Round ${upcoming} is being trained`);
    const current = progress?.round === upcoming ? progress : null;
    if (round !== upcoming) for (const team of teams) team.clear();
    round = upcoming;
    replace(state, isStarting ? "Its process is getting ready …" : current === null || doneShare(current) === 0 ? "Waiting for the first steps …" : doneShare(current) === 1 && "Trained; the exam comes next.");
    total.value = current?.done ?? upcoming / (match.rounds + 1);
    replace(left, current?.left);
    for (const team of teams) team.draw(current?.teams[team.role] ?? null);
  }

  return { node, update };
}

/** How much of the round's training is done, between 0 and 1: the slower team decides; Team A opens alone. */
export function doneShare({ round, teams }) {
  const shares = TEAMS.slice(0, round === 0 ? 1 : 2).map(([role]) => teams[role]).map((team) => (team ? team.step / Math.max(team.steps, 1) : 0));
  return Math.min(...shares);
}

function teamRow(letter, title) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": `${title}'s training` });
  const steps = h("span", null, "–");
  const speed = h("span", { class: "muted" });
  const losses = h("dl", { class: "losses" });
  const curves = new Map();

  function draw(team) {
    bar.max = team?.steps || 1;
    bar.value = team?.step ?? 0;
    replace(steps, team ? `${count(team.step)} / ${count(team.steps)} steps` : "–");
    replace(speed, team && `${count(team.images_per_second)} images/s`);
    for (const [name, value] of Object.entries(team?.losses ?? {})) lossLine(name, letter).add(team.step, value);
  }

  function lossLine(name) {
    if (!curves.has(name)) curves.set(name, curve(name, losses));
    return curves.get(name);
  }

  function clear() {
    curves.clear();
    replace(losses);
  }

  const node = h("div", { class: `trainee team-${letter}` },
    h("div", { class: "bar" }, h("h3", null, title), steps, h("span", { class: "end" }, speed)),
    bar,
    losses,
  );
  return { node, draw, clear };
}

/** A loss: its latest value, and the line it has drawn since the page looks on. */
function curve(name, list) {
  const value = h("dd", { class: "mono" });
  const line = s("polyline", { fill: "none", stroke: "currentColor", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" });
  const picture = s("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  const points = [];
  list.append(h("div", null, h("dt", null, name.replaceAll("_", " ")), value, picture));

  function add(step, loss) {
    replace(value, share(loss));
    if (points.at(-1)?.[0] === step) return;
    points.push([step, loss]);
    if (points.length > MOST_POINTS) points.shift();
    line.setAttribute("points", polyline(points));
  }

  return { add };
}

/** Points as the corners of a line in a box of 100 x 20. */
export function polyline(points) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, low] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left || 1, Math.max(...ys) - low || 1];
  return points.map(([x, y]) => `${((100 * (x - left)) / width).toFixed(1)},${(19 - (18 * (y - low)) / height).toFixed(1)}`).join(" ");
}
