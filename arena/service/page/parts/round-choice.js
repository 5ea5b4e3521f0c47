// The choice of a match and of one of its rounds.

import { h, replace } from "../dom.js";

/**
 * @param {{name: string, played: number}[]} matches  @param {{match: string | null, round: number | null}} chosen
 * @param {string} usual what is taken when nothing is chosen
 * @param {(chosen: {match: string | null, round: number | null}) => void} onchange
 */
export function roundChoice(matches, chosen, usual, onchange) {
  const option = (value, label, selected) => h("option", { value, selected }, label);
  const playable = matches.filter((match) => match.played > 0);
  const match = h("select", { "data-testid": "choose-match", onchange: () => { drawRounds(null); tell(); } },
    option("", usual, false), playable.map(({ name }) => option(name, name, name === chosen.match)),
  );
  const round = h("select", { "data-testid": "choose-round", onchange: () => tell() });
  const roundLabel = h("label", { class: "row" }, "after round", round);
  const drawRounds = (number) => {
    const played = playable.find(({ name }) => name === match.value)?.played ?? 0;
    const numbers = Array.from({ length: played }, (_, index) => played - index);
    replace(round, option("", "the last one", false), numbers.map((n) => option(n, n, n === number)));
    roundLabel.hidden = match.value === "";
  };
  const tell = () => onchange({ match: match.value || null, round: round.value === "" ? null : Number(round.value) });
  drawRounds(chosen.round);
  return h("div", { class: "row" }, h("label", { class: "row" }, "Match", match), roundLabel);
}

/** The choice that an address holds, and the query that says it. */
export function chosenIn(params) {
  const round = params.get("round");
  return { match: params.get("match") || null, round: /^\d+$/.test(round ?? "") ? Number(round) : null };
}

export function queryOf({ match, round }) {
  const given = Object.entries({ match, round }).filter(([, value]) => value !== null);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : "";
}
