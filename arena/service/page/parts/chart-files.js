// A chart to take home: as a picture, as one that can be scaled, and as its numbers.

import { h } from "../dom.js";

/** Pixels of a picture; PNGs have twice as many a side. */
const WIDTH = 900;
const HEIGHT = 480;
/** Milliseconds until a file has surely been taken up. */
const TAKEN_AFTER = 10_000;

/**
 * A line that opens, with a button for each kind of file.
 * @param {string} label what the chart shows
 * @param {() => Promise<{Plotly: object, figure: object}>} drawn the chart as it is seen
 * @param {() => object} figure with the numbers as they are, whatever is made of them
 */
export function chartFiles(label, drawn, figure) {
  const name = label.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 60).replace(/-$/, "");
  const picture = async (format) => {
    const { Plotly, figure } = await drawn();
    return bytesOf(await Plotly.toImage(figure, { format, width: WIDTH, height: HEIGHT, scale: format === "png" ? 2 : 1 }));
  };
  const kinds = {
    png: () => picture("png"),
    svg: () => picture("svg"),
    csv: async () => new Blob([table(figure())], { type: "text/csv" }),
  };
  const button = ([kind, make]) => h("button", {
    type: "button", class: "quiet", "aria-label": `${kind.toUpperCase()}: ${label}`,
    onclick: async () => give(await make(), `${name}.${kind}`),
  }, kind.toUpperCase());
  return h("details", { class: "save small" }, h("summary", { class: "muted", "aria-label": `Save: ${label}` }, "Save"), Object.entries(kinds).map(button));
}

/** The bytes of a data address, which the page's policy lets nobody fetch. */
function bytesOf(address) {
  const [head, data] = [address.slice(5, address.indexOf(",")), address.slice(address.indexOf(",") + 1)];
  const [type] = head.split(";");
  const text = head.endsWith("base64") ? atob(data) : null;
  const bytes = text === null ? decodeURIComponent(data) : Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type });
}

/** The points of a figure as lines of "series, x, y, low, high"; bands say nothing that their middles do not. */
export function table({ data, layout }) {
  const axes = [layout.xaxis, layout.yaxis].map((axis, index) => axis?.title?.text ?? "xy"[index]);
  const rows = data.filter(({ fill }) => !fill).flatMap(({ name = "", x, y, customdata }) =>
    x.map((at, index) => [name, at, y[index], ...(Array.isArray(customdata?.[index]) ? customdata[index] : ["", ""])]));
  return [["series", ...axes, "low", "high"], ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

function give(blob, name) {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), TAKEN_AFTER);
}
