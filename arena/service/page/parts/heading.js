// Which match this is and how it stands.

import { address } from "../api.js";
import { h, replace } from "../dom.js";
import { clearWinner, duration, moment, plural, sentence, setting } from "../format.js";
import { actions, mlflowLink } from "./actions.js";
import { fact } from "./numbers.js";
import { term } from "./term.js";

/** What fakes are, by what a match says of them. */
const FAKES = { generated: "drawn by Team A's network", composite: "put together by a program", unknown: "of unknown making" };

/** @param {{name: string, signal: AbortSignal}} options  @returns `draw(match, rounds)` */
export function heading({ name, signal }) {
  const badge = h("span", { class: "badge", "data-testid": "status" });
  const link = mlflowLink(signal);
  const buttons = actions(signal);
  const report = h("a", { class: "button", href: address("matches", name, "report.html"), download: "", hidden: true, "data-testid": "report" }, "Report (HTML)");
  const score = h("p", { class: "score", "data-testid": "score" });
  const facts = h("dl", { class: "facts" });
  const story = h("div", { class: "story", "data-testid": "story" });
  const problem = h("p", { class: "problem", "data-testid": "stopped-because" });
  const node = h("header", { class: "heading" },
    h("div", { class: "what" },
      h("div", { class: "row" }, h("h1", null, name), badge, link.node, report, buttons.node),
      problem,
      story,
      facts,
    ),
    score,
  );
  let linked = null;

  function draw(match, rounds) {
    badge.setAttribute("class", `badge ${match.status}`);
    replace(badge, match.status);
    replace(score, team("A", match.a_won, clear(rounds, "A")), h("span", { class: "muted" }, "–"), team("B", match.b_won, clear(rounds, "B")));
    replace(story, h("p", { class: "headline" }, match.story.headline), match.story.lines.length > 0 && h("p", null, match.story.lines.join(" ")));
    replace(facts, about(match, rounds));
    replace(problem, match.problem && `It stopped: ${sentence(match.problem)}`);
    problem.hidden = !match.problem;
    report.hidden = rounds.length === 0;
    buttons.draw(match);
    if (linked !== rounds.length) link.load([name]);
    linked = rounds.length;
  }

  return { node, draw };
}

const clear = (rounds, team) => rounds.filter(({ verdict }) => clearWinner(verdict) === team).length;

function team(letter, won, clear) {
  return h("span", { class: `side won-${letter.toLowerCase()} team-${letter.toLowerCase()}` },
    h("b", null, letter, h("span", { class: "unseen" }, " has clearly won ")),
    h("strong", null, clear),
    h("small", null, term("clear", "clear win"), won > clear && `, ${won - clear} not`),
  );
}

function about(match, rounds) {
  const faces = match.facts.faces ?? {};
  const spent = rounds.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    fact("Team A, generator", h("span", { class: "team-a" }, match.generator)),
    fact("Team B, detector", h("span", { class: "team-b" }, match.detector)),
    fact("Real faces", [faces.images ? `${match.faces}: ${faces.images.toLocaleString("en")}` : match.faces, faces.synthetic && ", drawn by a program"]),
    fact("Fakes", FAKES[match.facts.fakes_are ?? "generated"]),
    fact("Rounds", `${match.played} of ${match.rounds}`),
    fact(term("Called fake", "marking"), match.config.exam?.marking === "half" ? "the half with the highest scores" : "from B's threshold on"),
    fact("Image size", `${match.config.image_size} px`),
    fact("Seed", match.seed),
    fact("Device", [match.facts.device, match.facts.precision].filter(Boolean).map(setting).join(", ") || "–"),
    fact("Entered", moment(match.created)),
    spent > 0 && fact("Played for", duration(spent)),
  ];
}

/** What happened besides the rounds: retries, lost workers, forfeits. `draw(notes)` */
export function noteList() {
  const summary = h("summary", null);
  const list = h("ul", { class: "notes" });
  const node = h("details", { class: "panel", hidden: true, "data-testid": "notes" }, summary, list);
  function draw(notes) {
    node.hidden = notes.length === 0;
    replace(summary, h("h2", null, plural(notes.length, "note")), " ", h("span", { class: "muted small" }, "retries, lost workers, forfeits"));
    replace(list, notes.toReversed().map(oneNote));
  }
  return { node, draw };
}

function oneNote({ round, at, kind, detail }) {
  const where = round === null ? kind : `round ${round}, ${kind}`;
  return h("li", null, h("span", { class: "muted small" }, moment(at)), " ", h("b", null, where), " ", detail);
}
