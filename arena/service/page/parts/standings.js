// Who wins how often.

import { h, replace } from "../dom.js";
import { count, interval, percent, share } from "../format.js";
import { heading } from "./table.js";

const COLUMNS = ["Team", "Contender", "Matches", "Rounds", ["Clear wins", "clear wins"], ["Clear losses", "clear win"], ["Too close", "too close"], ["Degenerate", "degenerate"], ["Forfeits", "forfeits"], ["Share, 95 %", "interval"], ["B's accuracy", "accuracy"], ["B's AUROC", "AUROC"]];
const SAID = "The share is of clear wins among the rounds that count; degenerate and forfeited rounds do not. Its interval is between matches, so one match has none.";

/** `draw(standings)` with the service's answer. */
export function standingsTable(caption) {
  const body = h("tbody", null);
  const head = COLUMNS.map((name, index) => h("th", { scope: "col", class: index > 1 && "number" }, heading(name)));
  const table = h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, head)), body);
  const said = h("p", { class: "small muted" });
  const visitors = h("p", { class: "small muted" });
  const node = h("div", { "data-testid": "standings" }, h("div", { class: "table", tabindex: 0, role: "region", "aria-label": caption }, table), said, visitors);

  function draw({ items, visitors: third }) {
    replace(body, items.length === 0 ? h("tr", null, h("td", { colspan: COLUMNS.length, class: "muted" }, "No round has been played yet.")) : groups(items));
    replace(said, items.length > 0 && [SAID, termsOf(items).size > 1 && " Matches with other faces or by other rules are not thrown together."]);
    replace(visitors, third?.votes > 0 && tally(third));
  }

  return { node, draw };
}

/** The lines below what they have in common. */
function groups(items) {
  return [...termsOf(items).values()].flatMap((lines) => {
    const [{ faces, digest, rule }] = lines;
    return [h("tr", { class: "terms" }, h("th", { scope: "rowgroup", colspan: COLUMNS.length, title: digest && `digest ${digest}` }, faces, h("span", { class: "muted" }, ` ${rule}`))), ...lines.map(row)];
  });
}

function termsOf(items) {
  const found = new Map();
  for (const line of items) {
    const key = [line.faces, line.digest, line.rule].join("\n");
    found.set(key, [...(found.get(key) ?? []), line]);
  }
  return found;
}

function row(line) {
  const cell = (value) => h("td", { class: "number" }, value);
  return h("tr", null,
    h("td", null, h("b", { class: `team-${line.team.toLowerCase()}` }, line.team)),
    h("th", { scope: "row", class: "name" }, line.contender),
    cell(count(line.matches)),
    cell(count(line.rounds)),
    cell(count(line.won)),
    cell(count(line.lost)),
    cell(count(line.close)),
    cell(count(line.degenerate)),
    cell(forfeits(line)),
    cell([percent(line.share), line.share_low !== null && h("span", { class: "muted" }, ` (${interval(line.share_low, line.share_high)})`)]),
    cell(share(line.accuracy)),
    cell(share(line.auroc)),
  );
}

const forfeits = ({ forfeits: own, walkovers }) => (walkovers > 0 ? `${count(own)}, other team ${count(walkovers)}` : count(own));

const tally = ({ votes, right, accuracy, low, high }) => [
  "Visitors, in the blind test: ", h("b", null, `${count(right)} of ${count(votes)}`),
  ` faces called right, ${percent(accuracy)} (${interval(low, high)}). `, h("a", { href: "#/blind" }, "Can you tell?"),
];
