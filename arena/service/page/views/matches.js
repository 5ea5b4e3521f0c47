// All matches: filter them, compare them, stop and resume them.

import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { moment, plural, sentence } from "../format.js";
import { actions, mlflowLink } from "../parts/actions.js";
import { standingsTable } from "../parts/standings.js";
import { followStarts } from "../parts/starts.js";

const PAGE = 200;
const STATUSES = ["starting", "playing", "finished", "stopped"];
const COLUMNS = ["", "Match", "Status", "Contenders", "Real faces", "Seed", "Rounds", "A – B, clear", "Entered", ""];

export async function show(main, { signal, live }) {
  const view = new MatchesView(main, signal);
  const refresh = () => view.refresh();
  for (const event of ["match", "round", "end", "playing", "resync"]) live.on(event, refresh, signal);
  await view.load();
  followStarts(view.starts, live, signal).refresh();
}

class MatchesView {
  constructor(main, signal) {
    this.signal = signal;
    this.rows = new Map();
    this.chosen = new Set();
    this.wanted = PAGE;
    this.running = null;
    this.isStale = false;
    this.build(main);
  }

  build(main) {
    const filter = () => this.filter();
    this.text = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter by name, contender or faces", oninput: filter });
    this.status = h("select", { "aria-label": "Status", onchange: filter }, h("option", { value: "" }, "any status"), STATUSES.map((status) => h("option", null, status)));
    this.shown = h("span", { class: "muted small", role: "status" });
    this.compare = h("a", { class: "button", "data-testid": "compare" });
    this.link = mlflowLink(this.signal);
    this.body = h("tbody", null);
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.page() }, "Show more");
    this.starts = h("ul", { class: "starts", "aria-label": "Matches that are being started", hidden: true });
    this.standings = standingsTable("Standings over all matches");
    const head = COLUMNS.map((name) => h("th", { scope: "col" }, name));
    replace(main,
      h("h1", null, "Matches"),
      this.starts,
      h("section", { class: "panel", "aria-label": "All matches" },
        h("div", { class: "bar" }, this.text, this.status, this.shown, h("span", { class: "end row" }, this.link.node, this.compare)),
        h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Matches" }, h("table", { class: "matches", "data-testid": "matches" }, h("thead", null, h("tr", null, head)), this.body)),
        this.more,
      ),
      h("section", { class: "panel" }, h("header", null, h("h2", null, "Standings")), this.standings.node),
    );
    this.choose();
  }

  async load() {
    const options = { signal: this.signal };
    const [page, standings] = await Promise.all([get(`matches?limit=${PAGE}`, options), get("standings", options)]);
    const items = [...page.items];
    while (items.length < Math.min(this.wanted, page.total)) {
      const next = await get(`matches?offset=${items.length}&limit=${PAGE}`, options);
      if (next.items.length === 0) break;
      items.push(...next.items);
    }
    this.more.hidden = items.length >= page.total;
    this.draw(items);
    this.standings.draw(standings);
  }

  /** Load again; what changes meanwhile is loaded after that, once. */
  async refresh() {
    this.isStale = true;
    this.running ??= (async () => {
      while (this.isStale) {
        this.isStale = false;
        await this.load().catch(() => {}); // the banner tells, and a resync comes
      }
      this.running = null;
    })();
    await this.running;
  }

  page() {
    this.wanted += PAGE;
    this.refresh();
  }

  draw(matches) {
    const before = this.rows;
    this.rows = new Map(matches.map((match) => [match.name, before.get(match.name) ?? this.row(match.name)]));
    for (const match of matches) this.rows.get(match.name).draw(match);
    const nodes = [...this.rows.values()].map(({ node }) => node);
    // Rows that stay are not touched, so that the focus stays too.
    if (nodes.length !== this.body.children.length || nodes.some((node, index) => this.body.children[index] !== node)) {
      replace(this.body, nodes.length > 0 ? nodes : h("tr", null, h("td", { colspan: COLUMNS.length, class: "muted" }, "No match yet. ", h("a", { href: "#/start" }, "Start one"))));
    }
    this.filter();
  }

  row(name) {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${name}`, onchange: () => this.choose(name, box.checked) });
    const buttons = actions(this.signal);
    const cells = Array.from({ length: 7 }, () => h("td", null));
    const link = h("a", { href: `#/match/${encodeURIComponent(name)}`, class: "name" }, name);
    const node = h("tr", { "data-testid": `match-${name}` }, h("td", null, box), h("th", { scope: "row" }, link), cells, h("td", null, buttons.node));
    let found = null;
    const draw = (match) => {
      found = match;
      buttons.draw(match);
      for (const [index, value] of summary(match).entries()) replace(cells[index], value);
    };
    const fits = (text, status) =>
      (status === "" || found.status === status) &&
      [found.name, found.generator, found.detector, found.faces].join(" ").toLowerCase().includes(text);
    return { node, draw, fits };
  }

  filter() {
    const text = this.text.value.trim().toLowerCase();
    let shown = 0;
    for (const { node, fits } of this.rows.values()) {
      node.hidden = !fits(text, this.status.value);
      shown += !node.hidden;
    }
    replace(this.shown, shown === this.rows.size ? plural(shown, "match", "matches") : `${shown} of ${plural(this.rows.size, "match", "matches")}`);
  }

  choose(name, isChosen) {
    if (name !== undefined) this.chosen[isChosen ? "add" : "delete"](name);
    const names = [...this.chosen];
    const query = names.map((chosen) => `match=${encodeURIComponent(chosen)}`).join("&");
    if (names.length > 0) this.compare.href = `#/compare?${query}`;
    else this.compare.removeAttribute("href");
    replace(this.compare, names.length > 0 ? `Compare ${names.length}` : "Tick matches to compare");
    this.link.load(names);
  }
}

function summary(match) {
  return [
    h("span", { class: `badge ${match.status}`, title: match.problem && sentence(match.problem) }, match.status),
    [h("span", { class: "team-a" }, match.generator), h("span", { class: "muted" }, " – "), h("span", { class: "team-b" }, match.detector)],
    match.faces,
    match.seed,
    `${match.played} of ${match.rounds}`,
    score(match),
    moment(match.created),
  ];
}

function score({ a_clear: a, b_clear: b, status }) {
  const leader = a === b ? null : a > b ? "A" : "B";
  const word = leader === null ? "even" : `${leader} ${status === "finished" ? "wins" : "leads"}`;
  return [`${a} – ${b} `, h("span", { class: leader ? `small team-${leader.toLowerCase()}` : "small muted" }, a + b > 0 && word)];
}
