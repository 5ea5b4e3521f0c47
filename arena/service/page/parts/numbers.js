// Numbers with what belongs to them.

import { h } from "../dom.js";
import { interval, share } from "../format.js";

/** "0.713 (0.66–0.76)" */
export const withInterval = (value, low, high) => [share(value), h("span", { class: "muted" }, ` (${interval(low, high)})`)];

/** A name over its value, for a list of class `facts`. */
export const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));
