// How a chart is looked at: a logarithmic axis, curves smoothed. What was chosen holds until the page is closed.

import { h } from "../dom.js";
import { plural } from "../format.js";

/** How much of a smoothed value is what came before it: the steps of the slider. */
const WEIGHTS = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];
/** Opacity of a curve behind its smoothed self. */
const FAINT = 0.25;
/** By what a chart shows. */
const remembered = new Map();

/**
 * The switches of a chart, and what they make of its figure.
 * @param {string} label what it shows
 * @param {{log?: boolean, smoothing?: boolean}} offered `log`: whether it starts with a logarithmic axis, left out where
 *   none makes sense  @param {() => void} changed
 * @returns {{node: HTMLElement, scaled: (figure: object) => object, told: (figure: object) => string | null}} `told`: of
 *   what cannot be seen because of them
 */
export function chartScale(label, { log, smoothing = false }, changed) {
  const chosen = remembered.get(label) ?? { isLog: log ?? false, weight: 0 };
  remembered.set(label, chosen);
  const toggle = h("input", { type: "checkbox", checked: chosen.isLog, "data-testid": "log-axis", "aria-label": `Log axis: ${label}`, onchange: () => {
    chosen.isLog = toggle.checked;
    changed();
  } });
  const said = h("output", null);
  const slider = h("input", { type: "range", min: 0, max: WEIGHTS.length - 1, value: WEIGHTS.indexOf(chosen.weight), "data-testid": "smoothing", "aria-label": `Smoothing: ${label}`, oninput: () => {
    chosen.weight = WEIGHTS[slider.value];
    say();
    changed();
  } });
  const say = () => {
    said.value = chosen.weight || "off";
    slider.setAttribute("aria-valuetext", said.value);
  };
  say();
  const node = h("div", { class: "row chart-scale" },
    log !== undefined && h("label", { class: "row" }, toggle, "Log axis"),
    smoothing && h("label", { class: "row" }, "Smoothing", slider, said));

  function scaled({ data, layout }) {
    const { range, ...linear } = layout.yaxis;
    const notes = [chosen.weight > 0 && `smoothed by ${chosen.weight}`, chosen.isLog && "log"].filter(Boolean);
    const title = { ...linear.title, text: [linear.title.text, ...notes].join(", ") };
    const yaxis = chosen.isLog ? { ...linear, type: "log", exponentformat: "e" } : { ...linear, ...(range && { range }) };
    return { data: chosen.weight > 0 ? data.flatMap((trace) => behind(trace, chosen.weight)) : data, layout: { ...layout, yaxis: { ...yaxis, title } } };
  }

  function told({ data }) {
    const hidden = chosen.isLog && data.reduce((sum, { y }) => sum + y.filter((value) => value <= 0).length, 0);
    return hidden > 0 ? `${plural(hidden, "value")} of 0 or less cannot be seen on a log axis.` : null;
  }

  return { node, scaled, told };
}

/** A curve, faint, and its smoothed self, which answers for both. */
function behind(trace, weight) {
  const hovertemplate = trace.hovertemplate.replace("<extra>", " (%{customdata:.3g} as it was)<extra>");
  return [
    { ...trace, opacity: FAINT, hoverinfo: "skip", hovertemplate: null, showlegend: false, legendgroup: trace.name },
    { ...trace, y: smoothed(trace.y, weight), customdata: trace.y, hovertemplate, legendgroup: trace.name },
  ];
}

/**
 * Exponential average of what came before, without the pull of a start at 0: the first value is the first value.
 * @param {number[]} values  @param {number} weight of what came before, from 0 to below 1
 */
export function smoothed(values, weight) {
  let [sum, rest] = [0, 1];
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value;
    rest *= weight;
    return sum / (1 - rest);
  });
}
