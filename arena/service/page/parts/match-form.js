// The form of a match's settings. Only what differs from the defaults is sent.

import { h, replace } from "../dom.js";
import { plural } from "../format.js";
import { ROLES, optionFields, put, settingFields } from "../schema.js";
import { fieldInput } from "./field.js";

/** Settings that are shown before all others. */
const FIRST = ["rounds", "faces", "seed"];
const TEAMS = { generator: "Team A, the generator", detector: "Team B, the detector" };

/**
 * @param {{schema: object, defaults: object}} settings  @param {object[]} contenders
 * @returns {{element: HTMLElement, read: () => {body: object} | {field: object},
 *   find: (place: string, sentence: string) => object | null}}
 *   `read`: the body of the request, or the first field with something wrong, which it has said; `find`: the field that
 *   a problem of the service is about
 */
export function matchForm({ schema, defaults }, contenders) {
  const summary = h("summary", null);
  const details = h("details", { class: "all-settings", "data-testid": "all-settings" }, summary);
  const fields = () => [name, ...inputs, ...ROLES.flatMap((role) => teams[role].inputs())];

  const update = () => {
    const hidden = fields().filter((field) => details.contains(field.element) && field.isChanged()).length;
    replace(summary, "All settings", hidden > 0 && ` (${hidden} changed)`);
  };
  const name = fieldInput({
    path: "name", label: "Name", kind: "string", initial: null, nullable: true, placeholder: "made up",
    pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}", needs: "up to 64 letters, digits, '-', '_' and '.'",
    help: "Up to 64 letters, digits, '-', '_' and '.'; left empty, the arena makes one up.",
  });
  const inputs = settingFields(schema, defaults).map((field) => fieldInput(field, update));
  const first = FIRST.map((path) => inputs.find((input) => input.path === path)).filter(Boolean);
  const teams = Object.fromEntries(ROLES.map((role) => [role, team(role, defaults[role].name, contenders, update)]));

  const rest = inputs.filter((input) => !first.includes(input));
  const group = (title, members) => h("fieldset", null, h("legend", null, title), grid(members));
  const isExam = (input) => input.path.startsWith("exam.");
  details.append(
    group("Match", rest.filter((input) => !isExam(input))),
    group("Exam", rest.filter(isExam)),
    ...ROLES.map((role) => teams[role].options),
  );
  const main = grid([name, ...first, ...ROLES.map((role) => teams[role].choice)]);
  update();

  const read = () => {
    const wrong = fields().filter((field) => {
      const problem = field.check();
      field.complain(problem);
      return problem !== null;
    });
    if (wrong.length > 0) return { field: wrong[0] };
    const config = {};
    for (const field of inputs) if (field.isChanged()) put(config, field.path, field.value());
    for (const role of ROLES) teams[role].write(config);
    return { body: { name: name.value() || null, config } };
  };

  const find = (place, sentence) => {
    const path = place.replace(/^config\./, "");
    const known = [...ROLES.map((role) => teams[role].choice), ...fields()];
    const says = (key) => new RegExp(`\\b${key}\\b`).test(sentence);
    // A problem may lie inside of a field ("parts.1"), or be said of a group of them and name the one it means.
    const found =
      known.find((field) => field.path === path) ??
      known.find((field) => path.startsWith(`${field.path}.`)) ??
      known.find((field) => field.path.startsWith(`${path}.`) && says(field.path.split(".").pop()));
    if (found && details.contains(found.element)) details.open = true;
    return found ?? null;
  };

  return { element: h("div", { class: "settings" }, main, details), read, find };
}

const grid = (inputs) => h("div", { class: "setting-fields" }, inputs.map((input) => input.element));

/** The choice of a contender, and its options, which are others for each. */
function team(role, usual, contenders, update) {
  const known = contenders.filter((contender) => contender.role === role);
  const chosen = () => known.find((contender) => contender.name === choice.value()) ?? known[0];
  let inputs = [];
  const options = h("fieldset", null);
  const draw = () => {
    const contender = chosen();
    inputs = optionFields(contender).map((field) => fieldInput(field, update));
    replace(
      options,
      h("legend", null, `${TEAMS[role]}: ${contender.name}, ${plural(inputs.length, "option")}`),
      grid(inputs),
    );
    replace(about, contender.summary);
  };
  const names = known.map((contender) => contender.name);
  const choice = fieldInput(
    { path: `${role}.name`, label: TEAMS[role], kind: "string", initial: usual, choices: names, help: "Who plays." },
    () => {
      draw();
      update();
    },
  );
  const about = choice.element.querySelector(`#setting-${role}-name-help`);
  draw();

  const write = (config) => {
    const changed = inputs.filter((input) => input.isChanged());
    if (!choice.isChanged() && changed.length === 0) return;
    put(config, `${role}.name`, choice.value());
    for (const input of changed) put(config, input.path, input.value());
  };
  return { choice, options, inputs: () => inputs, write };
}
