// Which view is shown: the hash of the address decides. Every view is a module with
//   show(main, {params, path, signal, live, reload})
// that draws into `main`, with an h1, until `signal` aborts. `params`: URLSearchParams; `path`: the parts of the route;
// `reload()`: show the view anew. It may return a function that is given the next address of the same view, as {params,
// path}, and says whether it has gone there itself.

import { ApiError } from "./api.js";
import { h, replace } from "./dom.js";
import { live } from "./live.js";
import { drawSession } from "./parts/sign-in.js";
import { adoptToken, checkToken } from "./session.js";

/** Pattern, module, and the entry of the navigation it belongs to. */
const ROUTES = [
  [/^\/$/, "match", "#/"],
  [/^\/match\/([^/]+)(?:\/round\/(\d+))?$/, "match", "#/matches"],
  [/^\/matches$/, "matches", "#/matches"],
  [/^\/compare$/, "compare", "#/compare"],
  [/^\/start$/, "start", "#/start"],
  [/^\/photo$/, "photo", "#/photo"],
  [/^\/blind$/, "blind", "#/blind"],
];

const main = document.getElementById("main");
let leaving = new AbortController();
/** The view that is shown, and how it goes to another address itself, if it can. */
let shown = { view: null, move: () => false };

/** @returns {{view: string | null, nav: string | null, path: string[], params: URLSearchParams}} */
function route(hash) {
  const [place, query = ""] = (hash.replace(/^#/, "") || "/").split("?");
  const params = new URLSearchParams(query);
  for (const [pattern, view, nav] of ROUTES) {
    const found = pattern.exec(place);
    if (found) return { view, nav, params, path: found.slice(1).map((part) => part && decodeURIComponent(part)) };
  }
  return { view: null, nav: null, params, path: [] };
}

async function navigate(isFirst) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { view, nav, path, params } = route(location.hash);
  shown = { view, move: () => false };
  markNav(nav);
  const place = h("div", { class: `view view-${view}` });
  replace(main, place);
  if (isFirst !== true) scrollTo(0, 0);
  try {
    if (view === null) throw new ApiError(404, "There is no such page here.");
    const { show } = await import(`./views/${view}.js`);
    if (signal.aborted) return;
    const move = await show(place, { params, path, signal, live, reload: () => navigate(false) });
    if (!signal.aborted && move) shown = { view, move };
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    if (!(error instanceof ApiError)) console.error(error);
    drawProblem(place, error);
    // Whatever was wrong, it may be right when the service is back.
    live.on("resync", () => navigate(false), signal);
  }
  if (!signal.aborted) arrive(place, isFirst === true);
}

/** Where a keyboard or a screen reader goes on: at the new view's heading, unless somebody has gone on already. */
function arrive(place, isFirst) {
  const heading = place.querySelector("h1");
  document.title = heading ? `${heading.textContent} · arena` : "arena";
  if (isFirst || !heading || place.contains(document.activeElement)) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function drawProblem(place, error) {
  const detail = error instanceof ApiError ? error.detail : "The page met an error nobody expected; the console has more.";
  replace(
    place,
    h("section", { class: "empty", "data-testid": "problem" },
      h("h1", null, error.status === 404 ? "Nothing here" : "No answer"),
      h("p", { role: "alert" }, detail),
      h("p", null, h("button", { type: "button", onclick: () => navigate(false) }, "Try again"), " ", h("a", { href: "#/matches" }, "All matches")),
    ),
  );
}

function markNav(nav) {
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.getAttribute("href") === nav) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  revealCurrent();
}

/** On a phone the navigation is wider than the screen; scrollIntoView would move the page too. */
function revealCurrent() {
  const bar = document.getElementById("nav");
  const link = bar.querySelector("[aria-current]");
  if (link) bar.scrollLeft = link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
}

function drawTheme() {
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const draw = () => {
    const other = current() === "dark" ? "light" : "dark";
    replace(button, other === "dark" ? "Dark" : "Light");
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
    dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    const other = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    draw();
    try {
      localStorage.setItem("arena.theme", other);
    } catch {
      // The browser keeps nothing for this page, so the choice lasts as long as the page.
    }
  });
  dark.addEventListener("change", draw);
  draw();
}

function drawBanner(state) {
  const isLost = state === "reconnecting";
  replace(document.getElementById("banner"), isLost && "The arena's service does not answer. What you see may be out of date; trying again …");
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash belongs to the routes
  main.focus();
});
addEventListener("hashchange", () => {
  adoptToken();
  const next = route(location.hash);
  if (next.view !== shown.view || !shown.move(next)) navigate(false);
});
live.on("state", drawBanner);
adoptToken();
checkToken();
drawSession(document.getElementById("session"));
drawTheme();
live.start();
navigate(true);
