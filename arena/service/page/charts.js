// Figures of the service, drawn by Plotly. Its script is large, so it is fetched when the first chart comes into view.

import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { chartFiles } from "./parts/chart-files.js";
import { chartScale } from "./parts/chart-scale.js";

const SETTINGS = { displaylogo: false, responsive: true, displayModeBar: false, scrollZoom: false };
/** Plotly brings a map library that makes an inline style sheet, which the policy forbids, unless this id is taken. */
const MAPS_STYLE = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";

let library = null;

/** Plotly, fetched once. */
function plotly() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(h("meta", { id: MAPS_STYLE }));
    const script = h("script", { src: "/page/plotly.js", async: true });
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      reject(new Error("The library of the charts could not be loaded."));
    };
    document.head.append(script);
  });
  return library;
}

/**
 * A chart that draws figures of the service, in the colours of the theme.
 * @param {string} label what it shows, for who cannot see it
 * @param {{signal: AbortSignal, height?: string, scale?: object}} options `scale`: see `chartScale`
 * @returns {{node: HTMLElement, load: (path: string, version?: any) => Promise<void>}} `load` shows the figure at an
 *   address; with the `version` of what is shown already it does nothing
 */
export function chart(label, { signal, height = "16rem", scale: offered = {} }) {
  const plot = h("div", { class: "plot" });
  const message = h("p", null, "…");
  const scale = chartScale(label, offered, () => figure && draw());
  const files = chartFiles(label, async () => ({ Plotly: await plotly(), figure: themed(scale.scaled(figure), true) }), () => figure);
  const unseen = h("p", { class: "muted", role: "status" });
  const tools = h("div", { class: "chart-tools small", hidden: true }, scale.node, unseen, files);
  const node = h("div", null, h("div", { class: "chart", role: "img", "aria-label": label, style: { "--height": height } }, plot, message), tools);
  const seen = sight(node, signal);
  let figure = null;
  let wanted = null;
  let shownVersion = null;

  async function draw() {
    const shown = figure;
    const Plotly = await plotly();
    if (signal.aborted || shown !== figure || figure === null) return;
    const { data, layout } = themed(scale.scaled(figure));
    // Who has zoomed in stays there while rounds arrive, but neither in another figure nor on another axis.
    await Plotly.react(plot, data, { ...layout, uirevision: `${wanted} ${layout.yaxis.type}` }, SETTINGS);
    replace(message);
    replace(unseen, scale.told(figure));
    tools.hidden = false;
  }

  async function load(path, version = null) {
    if (path === wanted && version !== null && version === shownVersion && figure !== null) return;
    [wanted, shownVersion] = [path, version];
    try {
      await seen;
      const found = wanted === path && (await get(path, { signal }));
      if (wanted !== path) return;
      figure = found;
      await draw();
    } catch (error) {
      if (signal.aborted || wanted !== path) return;
      figure = null;
      tools.hidden = true;
      if (plot.data) window.Plotly.purge(plot);
      replace(message, error.message);
    }
  }

  addEventListener("themechange", () => figure && draw(), { signal });
  signal.addEventListener("abort", () => plot.data && window.Plotly.purge(plot));
  return { node, load };
}

/** When an element comes near to what is on the screen. */
function sight(node, signal) {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      // Behind the first paint: Plotly takes a moment of the only thread there is.
      (window.requestIdleCallback ?? setTimeout)(resolve);
    }, { rootMargin: "300px" });
    observer.observe(node);
    signal.addEventListener("abort", () => observer.disconnect());
  });
}

/**
 * A figure in the page's type and on its ground; its colours are readable on both. The panel has the title already.
 * @param {boolean} [isAlone] in a file, where it needs a ground and a title of its own
 */
function themed({ data, layout }, isAlone = false) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => resolved(style.getPropertyValue(name));
  const axis = { gridcolor: color("--line"), zerolinecolor: color("--line"), linecolor: color("--edge"), automargin: true };
  const own = {
    paper_bgcolor: isAlone ? color("--surface") : "transparent",
    plot_bgcolor: "transparent",
    font: { family: style.getPropertyValue("--sans"), size: 12, color: color("--ink") },
    hoverlabel: { bgcolor: color("--surface"), bordercolor: color("--edge"), font: { color: color("--ink") } },
    margin: { l: 44, r: 12, t: isAlone ? 48 : 20, b: 36 },
    legend: { ...layout.legend, orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", font: { size: 12 }, bgcolor: "transparent" },
    autosize: true,
  };
  const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  for (const name of new Set(["xaxis", "yaxis", ...axes])) {
    own[name] = { ...layout[name], ...axis, title: { ...layout[name]?.title, font: { size: 12 } } };
  }
  const { title, template, width, height, ...rest } = layout;
  return { data, layout: { ...rest, ...own, ...(isAlone && { title }) } };
}

/** A colour as Plotly understands it, which knows no light-dark(). */
function resolved(value) {
  const probe = h("i", { style: { color: value } });
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
