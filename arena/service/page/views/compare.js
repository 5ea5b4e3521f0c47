// Several matches in one chart, and what they were played with.

import { address, get } from "../api.js";
import { chart } from "../charts.js";
import { h, replace } from "../dom.js";
import { setting, share } from "../format.js";
import { mlflowLink } from "../parts/actions.js";

/** Matches that may be chosen from. */
const MOST = 200;

export async function show(main, { params, signal, live }) {
  const names = [...new Set(params.getAll("match"))];
  const known = (await get(`matches?limit=${MOST}`, { signal })).items.map(({ name }) => name);
  const link = mlflowLink(signal);
  const charts = {
    accuracy: chart("Accuracy of each round of the chosen matches", { signal, height: "20rem" }),
    auroc: chart("AUROC of each round of the chosen matches", { signal, height: "20rem" }),
  };
  const table = h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Settings that differ" });
  const results = h("div", { class: "view", hidden: names.length === 0 },
    h("div", { class: "columns" },
      h("section", { class: "panel" }, h("header", null, h("h2", null, "Accuracy")), charts.accuracy.node),
      h("section", { class: "panel" }, h("header", null, h("h2", null, "AUROC")), charts.auroc.node),
    ),
    h("section", { class: "panel" }, h("header", null, h("h2", null, "How they stand, and what they differ in")), table),
  );
  replace(main, h("div", { class: "row" }, h("h1", null, "Compare matches"), link.node), chooser(known, names), results);
  if (names.length === 0) return;
  const refresh = () => draw(names, charts, table, signal).catch(() => {}); // the banner tells, and a resync comes
  for (const event of ["round", "end", "playing", "resync"]) {
    live.on(event, (data) => (data?.match === undefined || names.includes(data.match)) && refresh(), signal);
  }
  link.load(names);
  await draw(names, charts, table, signal);
}

/** Boxes for all matches; a change is a new address, so that it can be sent to somebody. */
function chooser(known, names) {
  const change = (event) => {
    const name = event.target.value;
    const chosen = event.target.checked ? [...names, name] : names.filter((other) => other !== name);
    location.hash = `#/compare${chosen.length > 0 ? "?" : ""}${chosen.map((other) => `match=${encodeURIComponent(other)}`).join("&")}`;
  };
  const box = (name) => h("label", { class: "row" }, h("input", { type: "checkbox", value: name, checked: names.includes(name), onchange: change }), h("span", { class: "name" }, name));
  return h("details", { class: "panel", open: names.length < 2 },
    h("summary", null, h("h2", null, "Matches")),
    known.length === 0 ? h("p", { class: "muted" }, "No match has been played here yet.") : h("div", { class: "choices", "data-testid": "choices" }, known.map(box)),
  );
}

async function draw(names, charts, table, signal) {
  const query = names.map((name) => `match=${encodeURIComponent(name)}`).join("&");
  for (const [kind, { load }] of Object.entries(charts)) load(`figures/${kind}?${query}`);
  const ask = (path) => get(path, { signal });
  const [matches, standings] = await Promise.all([
    Promise.all(names.map((name) => ask(address("matches", name)))),
    Promise.all(names.map((name) => ask(`standings?match=${encodeURIComponent(name)}`))),
  ]);
  replace(table, settings(matches, standings.map(({ items }) => items.find(({ team }) => team === "B"))));
}

function settings(matches, standings) {
  const row = (name, values) => h("tr", null, h("th", { scope: "row" }, name), values.map((value) => h("td", null, value)));
  const flat = matches.map(({ config }) => new Map(leaves(config)));
  const keys = [...new Set(flat.flatMap((values) => [...values.keys()]))];
  const differing = keys.filter((key) => new Set(flat.map((values) => setting(values.get(key) ?? null))).size > 1);
  return h("table", { "data-testid": "differences" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Match"), matches.map(({ name }) => h("th", { scope: "col" }, h("a", { href: `#/match/${encodeURIComponent(name)}`, class: "name" }, name))))),
    h("tbody", null,
      row("status", matches.map(({ status }) => h("span", { class: `badge ${status}` }, status))),
      row("played", matches.map(({ played, rounds }) => `${played} of ${rounds}`)),
      row("clear wins, A – B", matches.map(({ a_clear: a, b_clear: b }) => `${a} – ${b}`)),
      row("mean accuracy of B", standings.map((line) => share(line?.accuracy))),
      row("mean AUROC of B", standings.map((line) => share(line?.auroc))),
      differing.map((key) => row(h("code", null, key), flat.map((values) => setting(values.get(key) ?? null)))),
      differing.length === 0 && matches.length > 1 && h("tr", null, h("td", { colspan: matches.length + 1, class: "muted" }, "All settings are the same.")),
    ),
  );
}

/** Settings by their dotted names. */
function leaves(value, path = "") {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}
