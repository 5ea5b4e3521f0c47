// A match: how it stands, its rounds, what the fakes look like and what the detector makes of them, as it happens.

import { address, everything, get } from "../api.js";
import { chart } from "../charts.js";
import { announce, h, replace } from "../dom.js";
import { clearWinner, isUnderWay, outcome } from "../format.js";
import { gallery } from "../parts/gallery.js";
import { heading, noteList } from "../parts/heading.js";
import { roundPanel } from "../parts/round.js";
import { legend, strip } from "../parts/strip.js";
import { roundsTable } from "../parts/table.js";
import { term } from "../parts/term.js";
import { doneShare, training } from "../parts/training.js";

/** Milliseconds that a round has to stay selected before its exam is asked for: arrow keys pass over many. */
const PAUSE = 120;

export async function show(main, { path, signal, live, reload }) {
  const name = path[0] ?? (await current(signal));
  if (name === null) return drawNothing(main, live, signal, reload);
  const view = new MatchView(name, main, signal);
  live.on("round", (event) => event.match === name && view.arrive(event.round), signal);
  live.on("progress", (event) => event.match === name && view.progress(event), signal);
  live.on("end", (event) => event.match === name && view.end(), signal);
  live.on("note", (event) => event.match === name && view.refresh(), signal);
  live.on("resync", () => view.reload(), signal);
  live.on("playing", ({ matches }) => {
    if (view.isCurrent && matches.length > 0 && !matches.includes(name)) reload();
    else view.refresh();
  }, signal);
  view.isCurrent = view.wasCurrent = path[0] === undefined;
  await view.load(numberIn(path));
  return (next) => view.move(next.path);
}

/** The round in an address; null where it names none. */
const numberIn = (path) => (path[1] === undefined ? null : Number(path[1]));

/** The match that is being played, else the newest; null when there is none. */
async function current(signal) {
  const { items } = await get("matches?limit=200", { signal });
  return (items.find(isUnderWay) ?? items[0])?.name ?? null;
}

function drawNothing(main, live, signal, reload) {
  live.on("match", reload, signal);
  replace(main,
    h("section", { class: "empty", "data-testid": "no-match" },
      h("h1", null, "No match has been played here yet"),
      h("p", null, "In a match a generator of fake faces and a detector train against each other in rounds; a referee scores each. This page shows it as soon as it begins."),
      h("p", null, h("a", { class: "button primary", href: "#/start" }, "Start a match")),
      h("p", { class: "small" }, "Or in a shell: ", h("code", null, "arena run --rounds 10")),
    ),
  );
}

class MatchView {
  constructor(name, main, signal) {
    Object.assign(this, { name, main, signal });
    this.base = address("matches", name);
    /** The selected round, everywhere on the page and in its address; null follows the newest. */
    this.selected = null;
    /** Without a name in its address the view shows the match that is being played. */
    this.isCurrent = false;
    /** Whether it was opened so. */
    this.wasCurrent = false;
    this.byNumber = new Map();
    this.arrived = [];
    this.match = null;
    this.latest = null;
    this.timer = null;
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  /** All there is. What arrives meanwhile is not lost. */
  async load(selected) {
    this.arrived = [];
    const options = { signal: this.signal };
    const [match, rounds] = await Promise.all([get(this.base, options), everything(`${this.base}/rounds`, options)]);
    this.byNumber = new Map([...rounds, ...this.arrived].map((round) => [round.round, round]));
    this.selected = this.chosen(selected);
    if (this.parts === undefined) this.build(match);
    this.match = match;
    this.draw();
  }

  /** All there is again; what was selected stays so. */
  async reload() {
    if (this.parts === undefined) return;
    await this.load(this.selected).catch(() => {}); // the banner tells, and another resync comes
  }

  build(match) {
    const { name, signal } = this;
    const charts = {
      auroc: chart("AUROC of each round with its 95 % interval", { signal }),
      accuracy: chart("Accuracy of each round with its 95 % interval", { signal }),
      faces: chart("Share of fakes that look like a face in each round, with its 95 % interval", { signal }),
      losses: chart("Losses of both teams over the images seen in training", { signal, scale: { log: false, smoothing: true } }),
      chance: chart("How well chance explains each round: p-values", { signal, scale: { log: true } }),
      speed: chart("Images a second in both teams' training in each round", { signal, scale: { log: false } }),
    };
    this.parts = {
      heading: heading({ name, signal }),
      strip: strip({ panel: "round", onSelect: (...chosen) => this.select(...chosen) }),
      training: training(),
      gallery: gallery({ match: name, size: match.config.image_size, onSelect: (...chosen) => this.select(...chosen), signal }),
      round: roundPanel({ id: "round", signal }),
      table: roundsTable(),
      notes: noteList(),
      charts,
    };
    const { parts } = this;
    this.rounds = h("section", { class: "panel", "aria-label": "Rounds" }, h("header", null, h("h2", null, "Rounds"), legend()), parts.strip.node);
    this.faces = chartPanel(term("Faces", "one face"), charts.faces);
    this.judged = h("div", { class: "columns charts" },
      chartPanel(term("AUROC"), charts.auroc), chartPanel(term("Accuracy", "accuracy"), charts.accuracy), this.faces, chartPanel("Losses", charts.losses),
      chartPanel(term("Chance", "p"), charts.chance), chartPanel("Speed", charts.speed));
    this.middle = h("div", { class: "middle" }, parts.gallery.node, parts.round.node);
    replace(this.main, parts.heading.node, this.rounds, parts.training.node, this.middle, this.judged, parts.table.node, parts.notes.node);
  }

  /** The rounds without a gap from the opening on. */
  list() {
    const rounds = [];
    while (this.byNumber.has(rounds.length)) rounds.push(this.byNumber.get(rounds.length));
    return rounds;
  }

  draw() {
    const rounds = this.list();
    const { parts, base } = this;
    parts.heading.draw(this.match, rounds);
    parts.notes.draw(this.match.notes);
    parts.strip.draw(rounds);
    parts.gallery.draw(rounds, this.match.fakes_refused);
    parts.table.draw(rounds);
    parts.round.node.hidden = rounds.length === 0;
    this.drawProgress();
    this.judged.hidden = rounds.length < 2;
    this.faces.hidden = !rounds.some(({ quality }) => quality?.measures.some(({ name }) => name === "one_face"));
    if (rounds.length > 0) this.drawSelected(rounds, 0);
    if (rounds.length > 1) for (const [kind, chart] of Object.entries(parts.charts)) if (kind !== "faces" || !this.faces.hidden) chart.load(`${base}/figures/${kind}`, rounds.at(-1).version);
  }

  drawProgress() {
    const upcoming = this.list().length;
    const isPlaying = isUnderWay(this.match) && upcoming <= this.match.rounds;
    const current = this.latest?.round === upcoming ? this.latest : null;
    this.parts.training.update(current, isPlaying ? upcoming : null, this.match);
    this.parts.strip.setNext(isPlaying ? upcoming : null, current ? doneShare(current) : 0, Math.min(this.match.rounds, this.match.rounds - upcoming + (isPlaying ? 0 : 1)));
  }

  /** The newest round is one to follow; there may be fewer than an address says. */
  chosen(number) {
    return number !== null && number < this.byNumber.size - 1 ? number : null;
  }

  drawSelected(rounds, pause) {
    const number = this.selected ?? rounds.length - 1;
    this.parts.strip.select(number);
    this.parts.gallery.select(number);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.parts.round.draw(rounds[number]), pause);
  }

  /** Somebody chooses a round. `isMore`: in one movement with the choice before, which Back undoes as a whole. */
  select(number, isMore = false) {
    const rounds = this.list();
    if (number === (this.selected ?? rounds.length - 1)) return;
    this.selected = this.chosen(number);
    this.isCurrent = false;
    history[isMore ? "replaceState" : "pushState"](null, "", `#/match/${encodeURIComponent(this.name)}/round/${number}`);
    this.drawSelected(rounds, PAUSE);
  }

  /** Go to another round of an address, as Back does; false for another match. */
  move(path) {
    const isSame = path[0] === undefined ? this.wasCurrent : path[0] === this.name;
    if (this.parts === undefined || !isSame) return false;
    this.isCurrent = path[0] === undefined;
    this.selected = this.chosen(numberIn(path));
    const rounds = this.list();
    if (rounds.length > 0) this.drawSelected(rounds, 0);
    return true;
  }

  /** A round has been committed. */
  arrive(round) {
    this.arrived.push(round);
    if (this.parts === undefined || this.byNumber.get(round.round)?.version === round.version) return;
    if (this.selected === null && this.parts.gallery.isMoving()) this.selected = this.list().length - 1;
    this.byNumber.set(round.round, round);
    if (round.verdict !== null) this.match = { ...this.match, ...score(this.list()) };
    this.draw();
    // Who follows the newest round has it in the address, too.
    if (this.selected === null && location.hash.includes("/round/")) history.replaceState(null, "", location.hash.replace(/\d+$/, this.list().length - 1));
    announce(round.verdict === null ? "The opening is done." : `Round ${round.round}: ${outcome(round.verdict)}. ${round.sentence}`);
    this.refresh();
  }

  progress(progress) {
    this.latest = progress;
    if (this.parts === undefined) return;
    if (this.match.status === "playing") this.drawProgress();
    else this.refresh();
  }

  end() {
    announce(`The match ${this.name} is over.`);
    this.refresh();
  }

  /** The match without its rounds: status, notes, score. */
  async refresh() {
    if (this.parts === undefined) return;
    try {
      this.match = await get(this.base, { signal: this.signal });
    } catch {
      return; // as in reload
    }
    this.parts.heading.draw(this.match, this.list());
    this.parts.notes.draw(this.match.notes);
    this.drawProgress();
  }
}

const chartPanel = (title, { node }) => h("section", { class: "panel" }, h("header", null, h("h2", null, title)), node);

function score(rounds) {
  const won = (team) => rounds.filter(({ verdict }) => verdict?.winner === team).length;
  const clear = (team) => rounds.filter(({ verdict }) => clearWinner(verdict) === team).length;
  return { a_won: won("A"), b_won: won("B"), a_clear: clear("A"), b_clear: clear("B"), played: rounds.length - 1 };
}
