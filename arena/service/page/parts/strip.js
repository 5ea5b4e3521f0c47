// The rounds at a glance: a cell for each, in its winner's colour, with the accuracy between 0 and 1 and its interval.

import { h, replace } from "../dom.js";
import { clearWinner, inUse, outcome, percent, share } from "../format.js";

/** With more rounds than this only every tenth has its number under it. */
const MOST_NUMBERS = 40;
/** With more than this the cells become lines, so that all are seen at once on a wide screen. */
const MOST_CELLS = 80;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

/** How far a network that grows has come in a round, such as "32 px, fading in 8 %"; "" for one that does not grow. */
const stage = ({ training }) => training.generator?.grown ?? "";

/** What a cell says to who cannot see it. */
export function describe(round) {
  return told(round) + (stage(round) && `. The generator has grown to ${stage(round)}`);
}

function told({ round, verdict }) {
  if (verdict === null) return "Opening: Team A's warm-up, without an exam";
  const degenerate = verdict.degenerate ? ". Degenerate: no face was told from another" : "";
  const low = share(verdict.accuracy_low);
  const high = share(verdict.accuracy_high);
  return `Round ${round}: ${outcome(verdict)}. Accuracy ${share(verdict.accuracy)}, 95 % interval ${low} to ${high}. In use it ${inUse(verdict)}${degenerate}`;
}

/**
 * @param {{panel: string, onSelect: (round: number, isMore: boolean) => void}} options `panel`: id of what shows the
 * selected round; `isMore`: in one movement with the choice before
 */
export function strip({ panel, onSelect }) {
  const list = h("div", { class: "cells", role: "tablist", "aria-label": "Rounds", "data-testid": "strip", onkeydown: step });
  const next = h("div", { class: "cell next", "aria-hidden": "true", hidden: true }, h("i", { class: "fill" }), h("span", { class: "number" }));
  const left = h("span", { class: "left muted small" });
  const scroller = h("div", { class: "scroller" }, list, next, left);
  const marks = h("p", { class: "marks small muted", hidden: true }, "F: a team forfeited. !: no face was told from another. Neither is a merit.");
  const node = h("div", { class: "strip" }, axis(), scroller, marks);
  let cells = [];
  let versions = [];
  let selected = null;

  function step(event) {
    if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(cells.length - 1, selected + STEPS[event.key]));
    onSelect(to, event.repeat);
    cells[to].focus({ preventScroll: true });
  }

  /** Show these rounds; those that are there already stay as they are. */
  function draw(rounds) {
    if (versions.some((version, number) => rounds[number]?.version !== version)) {
      cells = []; // another match under the same name
      replace(list);
    }
    for (const round of rounds.slice(cells.length)) cells.push(list.appendChild(cell(round, panel, onSelect)));
    list.style.setProperty("--count", cells.length);
    marks.hidden = !rounds.some(({ verdict }) => verdict?.forfeit || verdict?.degenerate);
    versions = rounds.map((round) => round.version);
    node.classList.toggle("long", cells.length > MOST_NUMBERS);
    node.classList.toggle("dense", cells.length > MOST_CELLS);
  }

  function select(number) {
    for (const [index, cell] of cells.entries()) {
      cell.setAttribute("aria-selected", index === number);
      cell.tabIndex = index === number ? 0 : -1;
    }
    selected = number;
    reveal(scroller, cells[number]);
  }

  /** The round that is being trained, by how much of it is done, and how many come after it. */
  function setNext(round, done, after) {
    next.hidden = round === null;
    next.style.setProperty("--done", percent(done).replace(" ", ""));
    replace(next.lastChild, String(round));
    replace(left, after > 0 && `+ ${after} to play`);
  }

  return { node, draw, select, setNext };
}

function cell(round, panel, onSelect) {
  const { round: number, verdict } = round;
  const label = describe(round);
  const attributes = { type: "button", role: "tab", "aria-label": label, title: label, "aria-controls": panel, tabindex: -1 };
  const listen = { onclick: () => onSelect(number), "data-testid": `cell-${number}` };
  const under = h("span", { class: ["number", number % 10 === 0 && "tenth"] }, number);
  const grown = stage(round) && h("span", { class: "stage" }, stage(round).split(",")[0]);
  if (verdict === null) {
    return h("button", { ...attributes, ...listen, class: "cell opening" }, h("span", { class: "plot" }), h("span", { class: "winner" }, "–"), under, h("span", { class: "value" }, "–"), grown);
  }
  const { winner, accuracy, accuracy_low: low, accuracy_high: high, degenerate, forfeit } = verdict;
  const style = { "--accuracy": accuracy, "--low": low, "--high": high };
  const mark = forfeit ? "F" : degenerate ? "!" : null;
  return h("button", { ...attributes, ...listen, style, class: ["cell", `won-${winner.toLowerCase()}`, clearWinner(verdict) === null && "close"] },
    h("span", { class: "plot" }, h("i", { class: "spread" }), h("i", { class: "level" }), mark && h("b", { class: "mark" }, mark)),
    h("span", { class: "winner" }, h("b", null, winner)),
    under,
    h("span", { class: "value" }, share(accuracy)),
    grown,
  );
}

function axis() {
  return h("div", { class: "axis muted", "aria-hidden": "true" }, h("span", null, "1"), h("span", null, "0.5"), h("span", null, "0"));
}

/** Scroll sideways alone, and only as far as needed. */
function reveal(scroller, cell) {
  if (!cell) return;
  const [start, end] = [cell.offsetLeft, cell.offsetLeft + cell.offsetWidth];
  if (cell.matches(":last-child")) scroller.scrollLeft = scroller.scrollWidth; // and what comes after it
  else if (start < scroller.scrollLeft) scroller.scrollLeft = start - cell.offsetWidth;
  else if (end > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = end - scroller.clientWidth + cell.offsetWidth;
}

/** What the signs mean. */
export function legend() {
  return h("p", { class: "legend small muted" },
    h("span", null, h("i", { class: "swatch won-a" }), "A wins: accuracy below 0.5"),
    h("span", null, h("i", { class: "swatch won-b" }), "B wins"),
    h("span", null, h("i", { class: "swatch close" }), "no clear win: chance explains it"),
    h("span", null, h("i", { class: "swatch bar-sign" }), "accuracy from 0 to 1, with its 95 % interval"),
  );
}
