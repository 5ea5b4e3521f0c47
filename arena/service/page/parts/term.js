// Words that explain themselves: a pointer, the focus or a tap shows what they mean. The texts are the glossary's.

import { get } from "../api.js";
import { h, replace } from "../dom.js";

/** Pixels between a word and its explanation, and between that and the edge of the window. */
const GAP = 6;
const EDGE = 8;

let words = null;
let tip = null;
let explained = null;

/** The glossary by its words, fetched once. */
function glossary() {
  words ??= get("glossary").then(
    ({ items }) => new Map(items.flatMap((entry) => [entry.term, ...entry.names].map((name) => [name, entry]))),
    () => (words = null),
  );
  return words;
}

/** A word of the glossary. @param {string} text  @param {string} [word] its name in the glossary */
export const term = (text, word = text) => told(text, async () => (await glossary())?.get(word) ?? null);

/** A word that is explained here. */
export const explaining = (text, plain) => told(text, async () => ({ plain }));

function told(text, find) {
  const show = () => open(node, find);
  const node = h("button", {
    type: "button", class: "term",
    onfocus: show, onblur: close, onpointerenter: (event) => event.pointerType === "mouse" && show(),
    onpointerleave: (event) => event.pointerType === "mouse" && document.activeElement !== node && close(),
    onclick: show, onkeydown: (event) => event.key === "Escape" && close(),
  }, text);
  return node;
}

async function open(node, find) {
  explained = node;
  const entry = await find();
  if (entry === null || explained !== node || !node.isConnected) return;
  tip ??= document.body.appendChild(h("div", { id: "tip", class: "tip small", role: "tooltip", popover: "manual", "data-testid": "tip" }));
  replace(tip, h("p", null, entry.plain), entry.exact && h("p", { class: "muted" }, entry.exact));
  node.setAttribute("aria-describedby", tip.id);
  (node.closest("dialog") ?? document.body).append(tip);
  tip.showPopover();
  place(node.getBoundingClientRect());
}

/** Below the word, or above it where there is more room. */
function place(word) {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.max(EDGE, Math.min(word.left, innerWidth - width - EDGE));
  const isBelow = word.bottom + GAP + height <= innerHeight || word.top < innerHeight / 2;
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${isBelow ? word.bottom + GAP : word.top - GAP - height}px`);
}

function close() {
  explained?.removeAttribute("aria-describedby");
  explained = null;
  if (tip?.matches(":popover-open")) tip.hidePopover();
}

/** A word that has the focus keeps its meaning while it is in sight: to get there by key may have scrolled the page. */
function follow() {
  if (explained === null || explained !== document.activeElement) return close();
  const word = explained.getBoundingClientRect();
  if (word.bottom < 0 || word.top > innerHeight) close();
  else if (tip?.matches(":popover-open")) place(word);
}

addEventListener("scroll", follow, { passive: true });
addEventListener("hashchange", close);
