// How somebody signs in: a button in the header, and a panel in the views that need it.

import { announce, h, replace } from "../dom.js";
import { onChange, signIn, signOut, token, whySignedOut } from "../session.js";

let forms = 0;

/** Draw the state of the session into its place in the header. */
export function drawSession(slot) {
  const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title", "data-testid": "sign-in-dialog" });
  const open = () => {
    replace(
      dialog,
      h("div", { class: "bar" },
        h("h2", { id: "sign-in-title" }, "Sign in"),
        h("button", { type: "button", class: "quiet end", onclick: () => dialog.close() }, "Close"),
      ),
      signInForm(),
    );
    dialog.showModal();
    dialog.querySelector("input").focus();
  };
  const draw = () => {
    if (token()) dialog.close();
    const button = token()
      ? h("button", { type: "button", class: "quiet", "data-testid": "sign-out", onclick: leave }, "Sign out")
      : h("button", { type: "button", class: "quiet", "data-testid": "sign-in", onclick: open }, "Sign in");
    const hadFocus = slot.contains(document.activeElement);
    replace(slot, button, !token() && whySignedOut() && notice(open), dialog);
    if (hadFocus) button.focus();
  };
  onChange(draw);
  draw();
}

/** A panel that says why one has to sign in, and lets one do it. */
export function signInPanel(purpose) {
  return h("section", { class: "panel sign-in", "data-testid": "sign-in-panel" }, h("h2", null, purpose), signInForm());
}

/**
 * Keep `place` as `drawIn` draws it while somebody is signed in, and as the sign-in panel otherwise.
 * @param {HTMLElement} place  @param {string} purpose  @param {() => Node} drawIn  @param {AbortSignal} signal
 */
export function behindSignIn(place, purpose, drawIn, signal) {
  let inside = null;
  place.tabIndex = -1; // for the focus, while there is nothing in it to take it
  const draw = () => {
    if (token() && inside === null) inside = drawIn(); // what is filled in survives signing out and in again
    const hadFocus = place.contains(document.activeElement);
    replace(place, token() ? inside : signInPanel(purpose));
    if (hadFocus) (place.querySelector("input, select, button") ?? place).focus();
  };
  onChange(draw, signal);
  draw();
}

function leave() {
  signOut();
  announce("Signed out.");
}

function notice(open) {
  const dismiss = (event) => event.target.closest(".notice").remove();
  return h("div", { class: "notice signed-out", role: "alert", "data-testid": "signed-out" },
    whySignedOut(), " ",
    h("button", { type: "button", onclick: open }, "Sign in"),
    h("button", { type: "button", class: "quiet", onclick: dismiss }, "Dismiss"),
  );
}

function signInForm() {
  const id = `token-${++forms}`;
  const input = h("input", {
    id, type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": `${id}-help ${id}-problem`,
    "data-testid": "token",
  });
  const problem = h("p", { id: `${id}-problem`, class: "problem small", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    const wrong = await signIn(input.value);
    if (wrong === null) return announce("Signed in.");
    input.setAttribute("aria-invalid", "true");
    replace(problem, wrong);
    input.focus();
  };
  return h("form", { class: "token-form", onsubmit: submit },
    h("p", { class: "muted small", id: `${id}-help` },
      "Looking is free; changing something needs the arena's token. Open the link that ", h("code", null, "arena serve"),
      " printed, or paste the token: it is in the file ", h("code", null, "token"), " of the home, or what ",
      h("code", null, "ARENA_TOKEN"), " was set to.",
    ),
    h("label", { for: id }, "Token"),
    h("div", { class: "row" }, input, h("button", { class: "primary", "data-testid": "token-submit" }, "Sign in")),
    problem,
  );
}
