// Elements without a template language: text is always text, so nothing that a server says can become markup.

const SVG = "http://www.w3.org/2000/svg";
/** Milliseconds after which an announcement has surely been taken up. */
const SAID_AFTER = 10_000;

/**
 * An element. `onclick: fn` and the like listen; `true` sets an empty attribute; null, undefined and false set none;
 * `style` and `data` take objects; `class` takes a string or a list. Children are nodes, text, numbers, lists of them;
 * null and false are left out.
 * @param {string} tag
 * @param {Record<string, any> | null} [attributes]
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Put these children in the place of all others. */
export function replace(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Whether the reader asked for less movement. */
export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Tell screen readers, when they have finished what they are saying. What comes a moment later takes nothing away. */
export function announce(text) {
  const line = h("p", null, text);
  document.getElementById("announcer").append(line);
  setTimeout(() => line.remove(), SAID_AFTER);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "style") for (const [key, given] of Object.entries(value)) node.style.setProperty(key, given);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "class") node.setAttribute("class", [value].flat().filter(Boolean).join(" "));
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
