// Start a match: a form out of the service's own settings, and what became of the start.

import { ApiError, get, post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { sentence } from "../format.js";
import { matchForm } from "../parts/match-form.js";
import { behindSignIn } from "../parts/sign-in.js";
import { followStarts } from "../parts/starts.js";
import { token } from "../session.js";

/** What the service says before what is wrong with a setting; at its field it needs not be said. */
const PLACE = /^the settings: (?:[\w.]+: )?/i;

export async function show(main, { signal, live }) {
  const list = h("ul", { class: "start-list panel", "aria-label": "Matches being started", "data-testid": "starts", hidden: true });
  const place = h("div", null);
  replace(
    main,
    h("h1", null, "Start a match"),
    h("p", { class: "muted intro" }, "A match goes on when this page is closed. The same settings and seed give the same match."),
    list, place,
  );
  const starts = followStarts(list, live, signal);
  const inside = h("div", null);
  let isMissing = false;
  const fill = async () => {
    isMissing = false;
    replace(inside, h("p", { class: "muted", role: "status" }, "Asking who can play …")); // the first answer takes seconds
    try {
      const [settings, contenders] = await Promise.all([get("settings", { signal }), get("contenders", { signal })]);
      replace(inside, startForm(settings, contenders.items, starts, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      isMissing = true;
      const again = h("button", { type: "button", onclick: fill }, "Try again");
      replace(inside, h("div", { class: "notice bad row", role: "alert" }, error.detail, again));
    }
  };
  const form = () => {
    fill();
    return inside;
  };
  live.on("resync", () => isMissing && fill(), signal);
  behindSignIn(place, "Starting a match needs the arena's token", form, signal);
  await starts.refresh();
}

function startForm(settings, contenders, starts, signal) {
  const form = matchForm(settings, contenders);
  const problem = h("div", { role: "alert", "data-testid": "form-problem" });
  const button = h("button", { class: "primary", "data-testid": "start" }, "Start the match");
  const status = h("p", { role: "status", class: "muted", "data-testid": "start-status" });

  const complain = (said) => {
    replace(problem, said && h("p", { class: "notice bad", tabindex: -1 }, said));
    problem.firstElementChild?.focus();
  };
  const complainAt = (error) => {
    const field = error.field && form.find(error.field, error.detail);
    if (!field) return complain(error.detail);
    field.complain(sentence(error.detail.replace(PLACE, "")));
    field.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    complain(null);
    const { field, body } = form.read();
    if (field) return field.focus();
    button.disabled = true;
    try {
      const start = await post("matches", body, { signal });
      const ending = starts.await(start.name);
      replace(status, `Starting ${start.name} …`);
      announce(`Starting ${start.name}.`);
      await starts.refresh();
      const wrong = await ending;
      if (signal.aborted) return;
      if (wrong === null) location.hash = `#/match/${encodeURIComponent(start.name)}`;
      else {
        complain(`${start.name} did not start: ${wrong}`);
        await starts.forget(start.name); // it has been said
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (token()) complainAt(error); // otherwise the page has signed out and says so
    } finally {
      button.disabled = false;
      replace(status);
    }
  };

  const attributes = { class: "panel start-form", "aria-label": "Settings of the match", "data-testid": "start-form" };
  return h("form", { ...attributes, novalidate: true, onsubmit: submit },
    problem,
    form.element,
    h("p", { class: "muted small", "data-testid": "ending" }, settings.matches_end
      ? "When the arena itself is stopped, the match stops with it; it can be resumed, and no committed round is lost."
      : "The match also goes on when the arena's service is stopped or restarted."),
    h("div", { class: "row form-actions" }, button, status),
  );
}
