// The settings of a match as a flat list of fields, out of their JSON Schema and the contenders' options.

/**
 * @typedef {object} Field
 * @property {string} path dotted place below the config, such as "exam.size"
 * @property {string} label
 * @property {string} help
 * @property {"integer" | "number" | "boolean" | "string" | "numbers" | "other"} kind
 * @property {any} initial the value that need not be sent
 * @property {any[] | null} [choices]
 * @property {boolean} [nullable] it may be left empty
 * @property {Record<string, number | string>} [limits] attributes of a number's input
 * @property {string} [placeholder]
 * @property {string} [pattern] of the whole text
 * @property {string} [needs] what it must be, in words
 */

/** The roles of a match's two contestants; their settings are a contender's name and its options. */
export const ROLES = ["generator", "detector"];

/** All settings but the contestants', in the order of the schema. @returns {Field[]} */
export function settingFields(schema, defaults, prefix = "") {
  return Object.entries(schema.properties).flatMap(([key, given]) => {
    if (prefix === "" && ROLES.includes(key)) return [];
    const inner = resolve(given, schema.$defs);
    const path = prefix + key;
    if (inner.type === "object" && inner.properties) {
      return settingFields({ ...inner, $defs: schema.$defs }, defaults[key], `${path}.`);
    }
    return [field(path, key, inner, defaults[key])];
  });
}

/** The options of a contender. @returns {Field[]} */
export function optionFields(contender) {
  return Object.entries(contender.options).map(([key, option]) =>
    field(`${contender.role}.options.${key}`, key, { ...option, description: option.help }, option.default),
  );
}

/** What a text says as a value of this field; undefined when it says nothing of the kind. @param {Field} field */
export function parse(field, text) {
  const said = text.trim();
  if (said === "" && field.nullable) return null;
  if (field.kind === "string") return said;
  if (field.kind === "numbers") {
    const numbers = said.split(/[\s,;]+/).filter(Boolean).map(Number);
    return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : undefined;
  }
  if (field.kind === "other") {
    try {
      return JSON.parse(said);
    } catch {
      return undefined;
    }
  }
  return said !== "" && Number.isFinite(Number(said)) ? Number(said) : undefined;
}

/** A value as the text of its input; `parse` undoes it. @param {Field} field */
export function text(field, value) {
  if (value === null || value === undefined) return "";
  if (field.kind === "numbers") return value.join(", ");
  return field.kind === "other" ? JSON.stringify(value) : String(value);
}

/** Put a value at a dotted place of nested objects. */
export function put(values, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  for (const key of keys) values = values[key] ??= {};
  values[last] = value;
}

function field(path, key, schema, initial) {
  const { schema: inner, nullable } = present(schema);
  return {
    path,
    label: sentenceCase(key),
    help: inner.description ?? schema.description ?? "",
    kind: kindOf(inner, initial),
    initial: initial ?? null,
    choices: inner.enum ?? null,
    nullable: nullable || initial === null,
    limits: limitsOf(inner),
  };
}

/** `X | null` is X that may be left empty. */
function present(schema) {
  const isNull = (choice) => choice.type === "null";
  if (Array.isArray(schema.type)) {
    const type = schema.type.find((name) => name !== "null");
    return { schema: { ...schema, type }, nullable: schema.type.includes("null") };
  }
  if (!schema.anyOf) return { schema, nullable: false };
  const rest = schema.anyOf.filter((choice) => !isNull(choice));
  return { schema: rest.length === 1 ? { ...schema, ...rest[0] } : schema, nullable: schema.anyOf.some(isNull) };
}

function kindOf(schema, initial) {
  if (["integer", "number", "boolean", "string"].includes(schema.type)) return schema.type;
  if (schema.enum?.every((choice) => typeof choice === "string")) return "string";
  const isNumbers = schema.type === "array" && Array.isArray(initial) && initial.every((item) => typeof item === "number");
  return isNumbers ? "numbers" : "other";
}

function limitsOf(schema) {
  const limits = { min: schema.minimum ?? schema.exclusiveMinimum, max: schema.maximum ?? schema.exclusiveMaximum };
  limits.step = schema.type === "integer" ? (schema.multipleOf ?? 1) : "any";
  return limits;
}

function resolve(schema, definitions) {
  if (!schema.$ref) return schema;
  return { ...definitions[schema.$ref.split("/").pop()], ...schema, $ref: undefined };
}

const sentenceCase = (key) => key[0].toUpperCase() + key.slice(1).replaceAll("_", " ");
