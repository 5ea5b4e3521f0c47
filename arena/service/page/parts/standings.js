// Who wins how often.

import { h, replace } from "../dom.js";
import { count, interval, percent, share } from "../format.js";

const COLUMNS = ["Team", "Contender", "Matches", "Rounds", "Won", "Share, 95 %", "Clear", "Forfeits", "B's accuracy", "B's AUROC"];

/** `draw(standings)` with the service's answer. */
export function standingsTable(caption) {
  const body = h("tbody", null);
  const head = COLUMNS.map((name, index) => h("th", { scope: "col", class: index > 1 && "number" }, name));
  const table = h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, head)), body);
  const visitors = h("p", { class: "small muted" });
  const node = h("div", { "data-testid": "standings" }, h("div", { class: "table", tabindex: 0, role: "region", "aria-label": caption }, table), visitors);

  function draw({ items, visitors: third }) {
    replace(body, items.length === 0 ? h("tr", null, h("td", { colspan: COLUMNS.length, class: "muted" }, "No round has been played yet.")) : items.map(row));
    replace(visitors, third?.votes > 0 && tally(third));
  }

  return { node, draw };
}

function row(line) {
  const cell = (value) => h("td", { class: "number" }, value);
  return h("tr", null,
    h("td", null, h("b", { class: `team-${line.team.toLowerCase()}` }, line.team)),
    h("th", { scope: "row", class: "name" }, line.contender),
    cell(count(line.matches)),
    cell(count(line.rounds)),
    cell(count(line.won)),
    cell([percent(line.share), h("span", { class: "muted" }, ` (${interval(line.share_low, line.share_high)})`)]),
    cell(count(line.clear)),
    cell(count(line.forfeits)),
    cell(share(line.accuracy)),
    cell(share(line.auroc)),
  );
}

const tally = ({ votes, right, accuracy, low, high }) => [
  "Visitors, in the blind test: ", h("b", null, `${count(right)} of ${count(votes)}`),
  ` faces called right, ${percent(accuracy)} (${interval(low, high)}). `, h("a", { href: "#/blind" }, "Can you tell?"),
];
