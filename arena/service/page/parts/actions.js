// Stop and resume a match, for who is signed in.

import { address, get, post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { isUnderWay } from "../format.js";
import { onChange, token } from "../session.js";

/** More rounds that are offered for a match that has played all of its own. */
const MORE = 5;
/** Milliseconds between two looks at whether it is done: a process takes some seconds to begin, and may fail to. */
const PAUSE = 1000;

/** What a match that is told to go on, or to stop, comes out of. */
const stage = (match) => (isUnderWay(match) ? "under way" : match.status);

/** Buttons for what can be done with a match. `draw(match)` when its status may have changed. @param {AbortSignal} signal */
export function actions(signal) {
  const buttons = h("span", { class: "row" });
  const problem = h("span", { class: "problem small", role: "alert" });
  const node = h("span", { class: "row", tabindex: -1, "data-testid": "actions" }, buttons, problem);
  let match = null;
  let leaving = null; // the stage that is being left

  function draw(found = match) {
    match = found;
    if (match === null) return;
    if (leaving !== stage(match)) leaving = null;
    const key = `${match.status} ${leaving} ${Boolean(token())}`;
    if (buttons.dataset.key === key) return; // what is being filled in stays
    buttons.dataset.key = key;
    const hadFocus = node.contains(document.activeElement);
    replace(buttons, token() && offers());
    // While there is nothing to press, the focus waits beside it.
    if (hadFocus) (buttons.querySelector("input, button:enabled") ?? node).focus();
  }

  function offers() {
    if (isUnderWay(match)) return stopButton();
    if (match.status === "stopped") return button("Resume", "resume", () => act("resume", { rounds: null }));
    return moreForm();
  }

  function stopButton() {
    const stop = button("Stop", "stop", () => act("stop"));
    stop.title = "The round that is being trained is played again when the match is resumed";
    return stop;
  }

  function moreForm() {
    const field = h("input", { type: "number", min: 1, max: 1000, value: MORE, required: true, "aria-label": `More rounds of ${match.name}` });
    const submit = (event) => {
      event.preventDefault();
      act("resume", { rounds: Number(field.value) });
    };
    return h("form", { class: "row", onsubmit: submit }, h("label", { class: "row" }, "Play", field), h("button", { disabled: leaving !== null, "data-testid": "more" }, leaving ? "Resuming …" : "more rounds"));
  }

  function button(text, id, onclick) {
    const saying = { Stop: "Stopping …", Resume: "Resuming …" }[text];
    const attributes = { type: "button", "data-testid": id, onclick, disabled: leaving !== null, "aria-label": `${text} ${match.name}` };
    return h("button", attributes, leaving ? saying : text);
  }

  async function act(what, body) {
    const path = address("matches", match.name);
    leaving = stage(match);
    replace(problem);
    draw();
    announce(`${what === "stop" ? "Stopping" : "Resuming"} ${match.name}.`);
    try {
      await post(`${path}/${what}`, body, { signal });
      while (leaving !== null) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        const found = await get(path, { signal });
        if (found.problem && leaving === stage(found)) throw new Error(found.problem);
        draw(found);
      }
    } catch (error) {
      if (signal.aborted) return;
      leaving = null;
      replace(problem, error.message);
      draw();
    }
  }

  onChange(() => draw(), signal);
  return { node, draw };
}

/** A link to MLflow, where the service knows one. `load(names)` for these matches. @param {AbortSignal} signal */
export function mlflowLink(signal) {
  const node = h("a", { class: "button", target: "_blank", rel: "noreferrer", hidden: true, "data-testid": "mlflow" });
  async function load(names) {
    const query = names.map((name) => `match=${encodeURIComponent(name)}`).join("&");
    try {
      const { link } = await get(`mlflow?${query}`, { signal });
      node.href = link ?? "";
      node.hidden = link === null;
      replace(node, names.length === 0 ? "MLflow" : names.length === 1 ? "MLflow run" : "Compare in MLflow");
    } catch {
      node.hidden = true; // its UI does not answer
    }
  }
  return { node, load };
}
