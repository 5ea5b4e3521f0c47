// Who is signed in: the arena's token, kept by this browser.

import { h, replace } from "./dom.js";

const KEY = "arena.token";
const changes = new EventTarget();

/** @returns {string | null} */
export const token = () => localStorage.getItem(KEY);

export function signIn(given) {
  localStorage.setItem(KEY, given);
  changes.dispatchEvent(new Event("change"));
}

export function signOut() {
  localStorage.removeItem(KEY);
  changes.dispatchEvent(new Event("change"));
}

/** @param {() => void} handler  @param {AbortSignal} [signal] */
export function onChange(handler, signal) {
  changes.addEventListener("change", handler, { signal });
}

/** Sign in with `#token=...`, the link that the service prints, and take the token out of the address. */
export function adoptToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", "#/");
  signIn(decodeURIComponent(found[1]));
}

/** Draw the sign-in into its place in the header. */
export function drawSession(slot) {
  const draw = () => replace(slot, token() && h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out"));
  onChange(draw);
  draw();
}
