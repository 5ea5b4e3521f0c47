// A setting as a labelled input, with its help, its default once it was changed, and what is wrong with it.

import { h, replace } from "../dom.js";
import { parse, text } from "../schema.js";

/**
 * @param {import("../schema.js").Field} field
 * @param {() => void} onchange after the value has changed
 * @returns {{element: HTMLElement, path: string, isChanged: () => boolean, value: () => any, check: () => string | null,
 *   complain: (problem: string | null) => void, focus: () => void}}
 *   `value` is only to be asked where `check` finds nothing wrong
 */
export function fieldInput(field, onchange = () => {}) {
  const id = `setting-${field.path.replaceAll(".", "-")}`;
  const input = control(field, id);
  const changed = h("span", { class: "setting-default small" });
  const problem = h("p", { id: `${id}-problem`, class: "problem small", "data-testid": `problem-${field.path}` });
  const help = field.help && h("p", { id: `${id}-help`, class: "muted small" }, field.help);
  const label = h("label", { for: id }, field.label);

  const value = () => {
    if (field.kind === "boolean") return input.checked;
    return field.choices ? field.choices[input.selectedIndex] : parse(field, input.value);
  };
  const isChanged = () => JSON.stringify(value() ?? null) !== JSON.stringify(field.initial);
  const check = () => {
    const isWrong = input.validity.badInput || input.validity.patternMismatch || value() === undefined;
    return isWrong ? `${field.label} must be ${field.needs ?? NEEDS[field.kind]}.` : null;
  };
  const complain = (sentence) => {
    replace(problem, sentence);
    if (sentence === null) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  };
  const update = () => {
    complain(null);
    replace(changed, isChanged() && field.initial !== null && `default ${text(field, field.initial)}`);
    onchange();
  };
  input.addEventListener("input", update);
  input.addEventListener("change", () => {
    if (input.value.trim() !== "" || input.validity.badInput || field.nullable || field.kind === "boolean") return;
    input.value = text(field, field.initial); // an emptied field is the default again
    update();
  });

  const row = (...members) => h("div", { class: "row" }, members);
  const head = field.kind === "boolean" ? row(input, label, changed) : [row(label, changed), input];
  const element = h("div", { class: "setting-field", data: { path: field.path } }, head, help, problem);
  return { element, path: field.path, isChanged, value, check, complain, focus: () => input.focus() };
}

const NEEDS = {
  integer: "a whole number",
  number: "a number",
  numbers: "numbers with commas between them",
  other: "a value in JSON",
};

function control(field, id) {
  const described = [field.help && `${id}-help`, `${id}-problem`].filter(Boolean).join(" ");
  const common = { id, name: field.path, "aria-describedby": described };
  if (field.kind === "boolean") return h("input", { ...common, type: "checkbox", checked: field.initial });
  if (field.choices) {
    const options = field.choices.map((choice) => h("option", { selected: choice === field.initial }, choice ?? "none"));
    return h("select", common, options);
  }
  const isNumber = field.kind === "integer" || field.kind === "number";
  return h("input", {
    ...common,
    ...(isNumber ? { type: "number", inputmode: field.kind === "integer" ? "numeric" : "decimal", ...field.limits } : { type: "text" }),
    value: text(field, field.initial),
    placeholder: field.placeholder,
    pattern: field.pattern,
    autocomplete: "off",
    spellcheck: "false",
  });
}
