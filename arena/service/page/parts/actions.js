// Stop and resume a match, for who is signed in.

import { address, post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { onChange, token } from "../session.js";

/** More rounds that are offered for a match that has played all of its own. */
const MORE = 5;

/** Buttons for what can be done with a match. `draw(match)` when its status may have changed. @param {AbortSignal} signal */
export function actions(signal) {
  const buttons = h("span", { class: "row" });
  const problem = h("span", { class: "problem small", role: "alert" });
  const node = h("span", { class: "row", "data-testid": "actions" }, buttons, problem);
  let match = null;
  let pending = null; // the status that is being left

  function draw(found = match) {
    match = found;
    if (match === null) return;
    if (pending !== match.status) pending = null;
    const key = `${match.status} ${pending} ${Boolean(token())}`;
    if (buttons.dataset.key === key) return; // what is being filled in stays
    buttons.dataset.key = key;
    replace(buttons, token() && offers());
  }

  function offers() {
    if (match.status === "playing") return stopButton();
    if (match.status === "stopped") return button("Resume", "resume", () => act("resume", { rounds: null }, "Resuming"));
    return moreForm();
  }

  function stopButton() {
    const stop = button("Stop", "stop", () => act("stop", undefined, "Stopping"));
    stop.title = "The round that is being trained is played again when the match is resumed";
    return stop;
  }

  function moreForm() {
    const field = h("input", { type: "number", min: 1, max: 1000, value: MORE, required: true, "aria-label": "More rounds" });
    const submit = (event) => {
      event.preventDefault();
      act("resume", { rounds: Number(field.value) }, "Resuming");
    };
    return h("form", { class: "row", onsubmit: submit }, field, h("button", { disabled: pending !== null, "data-testid": "more" }, "more rounds"));
  }

  const button = (text, id, onclick) => h("button", { type: "button", "data-testid": id, onclick, disabled: pending !== null }, text);

  async function act(what, body, saying) {
    pending = match.status;
    replace(problem);
    draw();
    announce(`${saying} ${match.name}.`);
    try {
      await post(`${address("matches", match.name)}/${what}`, body, { signal });
    } catch (error) {
      if (signal.aborted) return;
      pending = null;
      replace(problem, error.message);
      draw();
    }
  }

  onChange(() => draw(), signal);
  return { node, draw };
}

/** A link to MLflow, where the service knows one. `load(names)` for these matches. @param {AbortSignal} signal */
export function mlflowLink(signal, { get }) {
  const node = h("a", { class: "button", target: "_blank", rel: "noreferrer", hidden: true, "data-testid": "mlflow" });
  async function load(names) {
    const query = names.map((name) => `match=${encodeURIComponent(name)}`).join("&");
    try {
      node.href = (await get(`mlflow?${query}`, { signal })).link;
      replace(node, names.length > 1 ? "Compare in MLflow" : "MLflow run");
      node.hidden = false;
    } catch {
      node.hidden = true; // none is running beside this service
    }
  }
  return { node, load };
}
