// Who is signed in: the arena's token, kept by this browser, or by this page alone where the browser keeps nothing.

const KEY = "arena.token";
const UNREACHABLE = "The arena's service does not answer.";
const changes = new EventTarget();

let held = stored();
let reason = null;

/** @returns {string | null} */
export const token = () => held;

/** @returns {string | null} why nobody is signed in, as a sentence, if it was not the visitor's wish */
export const whySignedOut = () => reason;

/**
 * Sign in, if the service says that this is its token.
 * @param {string} given the token, or the link that ends with it
 * @returns {Promise<string | null>} what was wrong, as a sentence
 */
export async function signIn(given) {
  const found = tokenIn(given);
  const problem = await refusal(found);
  if (problem === null) hold(found);
  return problem;
}

export const signOut = () => hold(null);

/** The service refused the token in use. */
export function refused() {
  if (held !== null) hold(null, "The arena no longer takes the token you signed in with. It needs its new one.");
}

/** @param {() => void} handler  @param {AbortSignal} [signal] ends it */
export function onChange(handler, signal) {
  changes.addEventListener("change", handler, { signal });
}

/**
 * Sign in with `#token=...`, the link that the service prints, and take the token out of the address at once. A wrong
 * one changes nothing for who is signed in.
 */
export async function adoptToken() {
  if (!location.hash.startsWith("#token=")) return;
  const link = location.hash;
  history.replaceState(null, "", "#/");
  const problem = await signIn(link);
  if (problem !== null && held === null) hold(null, problem);
}

/** Whether a token from an earlier visit is still the right one; if not, the page signs out and says so. */
export async function checkToken() {
  const checked = held;
  if (checked === null) return;
  const problem = await refusal(checked);
  if (problem !== null && problem !== UNREACHABLE && held === checked) refused();
}

/** Why the service does not take this token; null when it does. */
async function refusal(given) {
  if (!/^[!-~]+$/.test(given)) return "A token is one line of letters, digits and signs without spaces.";
  try {
    const answer = await fetch("/api/session", { headers: { authorization: `Bearer ${given}` } });
    if (!answer.ok) return UNREACHABLE;
    return (await answer.json()).signed_in ? null : "This is not the token of this arena; every home has its own.";
  } catch {
    return UNREACHABLE;
  }
}

function tokenIn(text) {
  const link = /#token=(.*)$/s.exec(text);
  if (link === null) return text.trim();
  try {
    return decodeURIComponent(link[1].trim());
  } catch {
    return link[1].trim();
  }
}

function hold(next, why = null) {
  held = next;
  reason = why;
  try {
    if (next === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // The browser keeps nothing for this page, so the token lasts as long as the page.
  }
  changes.dispatchEvent(new Event("change"));
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

// Another tab has signed in or out.
addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  held = stored();
  reason = null;
  changes.dispatchEvent(new Event("change"));
});
