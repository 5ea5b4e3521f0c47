// Matches that are being started: each disappears when the ledger knows it, or stays and says what was wrong.

import { address, get, remove } from "../api.js";
import { h, replace } from "../dom.js";
import { sentence } from "../format.js";
import { token } from "../session.js";

const PAUSE = 1000;

/**
 * Follow the starts for as long as one is under way.
 * @param {HTMLElement} place where they are listed
 * @param {import("../live.js").live} live  @param {AbortSignal} signal
 * @returns {{refresh: () => Promise<void>, await: (name: string) => Promise<string | null>,
 *   forget: (name: string) => Promise<void>}}
 *   `await`: what the start of this name came to: null when the match is in the ledger, or the problem as a sentence;
 *   `forget`: a start that failed
 */
export function followStarts(place, live, signal) {
  /** @type {Map<string, (problem: string | null) => void>} */
  const waiting = new Map();
  let timer = 0;
  let running = null;

  const refresh = () => (running ??= ask().finally(() => (running = null)));

  const ask = async () => {
    clearTimeout(timer);
    const asked = [...waiting]; // who comes later is not in this answer
    try {
      const { items } = await get("starts", { signal });
      if (signal.aborted) return;
      draw(items);
      for (const [name, settle] of asked) await look(name, settle, items.find((start) => start.name === name));
      if (waiting.size > 0 || items.some((start) => start.status === "starting")) timer = setTimeout(refresh, PAUSE);
    } catch (error) {
      if (!signal.aborted) timer = setTimeout(refresh, PAUSE); // the banner says that the service is away
    }
  };

  const look = async (name, settle, start) => {
    if (start?.status === "starting") return;
    if (start === undefined) {
      try {
        await get(address("matches", name), { signal });
      } catch (error) {
        if (error.status !== 404) throw error;
        start = { problem: `The match ${name} did not begin, and its process left no word.` };
      }
    }
    waiting.delete(name);
    settle(start === undefined ? null : sentence(start.problem ?? "The match did not begin."));
  };

  const forget = async (name) => {
    await remove(address("starts", name), { signal }).catch(() => null); // gone already is as good
    await refresh();
  };

  const draw = (items) => {
    replace(place, items.map((start) => row(start, () => forget(start.name))));
    place.hidden = items.length === 0;
  };

  signal.addEventListener("abort", () => clearTimeout(timer));
  for (const name of ["match", "resync"]) live.on(name, refresh, signal);
  return { refresh, forget, await: (name) => new Promise((settle) => waiting.set(name, settle)) };
}

function row(start, forget) {
  const isFailed = start.status === "failed";
  return h("li", { "data-testid": `start-${start.name}` },
    h("span", { class: ["badge", start.status] }, isFailed ? "failed" : "starting"),
    h("strong", { class: "name" }, start.name),
    h("span", { class: isFailed ? "problem" : "muted" }, isFailed ? sentence(start.problem) : "The process is getting ready …"),
    isFailed && token() && h("button", { type: "button", class: "quiet", onclick: forget, "aria-label": `Forget ${start.name}` }, "Forget"),
  );
}
