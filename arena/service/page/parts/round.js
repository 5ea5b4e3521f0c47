// A round in full: the verdict in numbers, and what the detector made of its exam.

import { address, get } from "../api.js";
import { chart } from "../charts.js";
import { h, replace } from "../dom.js";
import { count, duration, inUse, moment, outcome, plural, pValue, score as shown, share } from "../format.js";
import { fact, withInterval } from "./numbers.js";
import { explaining, term } from "./term.js";

/** Pictures of each kind. */
const MOST = 12;

/** The panel of the selected round. `draw(round)` shows another one. @param {{id: string, signal: AbortSignal}} options */
export function roundPanel({ id, signal }) {
  const title = h("h2", null, "Round");
  const when = h("span", { class: "muted small" });
  const said = h("p", { class: "headline", "data-testid": "sentence" });
  const facts = h("dl", { class: "facts" });
  const scores = chart("Histogram of the detector's scores of real and of fake faces, with its threshold", { signal });
  const roc = chart("ROC curve of the exam", { signal });
  const charts = h("div", { class: "columns" },
    h("div", null, h("h3", null, term("Scores", "scores"), " of the exam's faces"), scores.node),
    h("div", null, h("h3", null, term("ROC", "AUROC")), roc.node),
  );
  const pictures = h("div", { class: "exam", "data-testid": "exam" });
  const attributes = { id, role: "tabpanel", "aria-label": "The selected round", "data-testid": "round" };
  const node = h("section", { ...attributes, class: "panel round" }, h("header", null, title, when), said, facts, charts, pictures);
  let version = null;

  async function draw(round) {
    if (round.version === version) return;
    version = round.version;
    const { verdict } = round;
    replace(title, verdict ? `Round ${round.round}: ${outcome(verdict)}` : "The opening");
    replace(said, round.sentence);
    replace(when, `${moment(round.committed)}, took ${duration(round.seconds)}`);
    replace(facts, verdict ? numbers(round) : opening(round));
    charts.hidden = pictures.hidden = verdict === null;
    if (verdict === null) return;
    const base = address("matches", round.match, "rounds", round.round);
    scores.load(`${base}/figures/scores?v=${version}`);
    roc.load(`${base}/figures/roc?v=${version}`);
    try {
      const exam = await get(`${base}/exam?most=${MOST}&v=${round.version}`, { signal });
      if (version === round.version) drawExam(pictures, exam);
    } catch (error) {
      if (!signal.aborted && version === round.version) replace(pictures, h("p", { class: "problem" }, error.message));
    }
  }

  return { node, draw };
}

function numbers({ verdict: v, training, quality }) {
  return [
    fact(term("Accuracy", "accuracy"), withInterval(v.accuracy, v.accuracy_low, v.accuracy_high)),
    fact(term("AUROC"), withInterval(v.auroc, v.auroc_low, v.auroc_high)),
    fact(term("In use", "in use"), inUse(v)),
    fact(term("EER"), share(v.eer)),
    fact(term("Threshold", "threshold"), share(v.threshold)),
    fact(term("p"), pValue(v.p_value)),
    fact(term("Exam", "exam"), `${count(v.n)} faces${v.people === null ? "" : `, the real ones of ${count(v.people)} people`}`),
    v.resolution !== null && fact(explaining("Clear is", "By how much the accuracy of this exam has to differ from what wins: less can be luck."), `± ${share(v.resolution)}`),
    ...trained(training),
    ...measured(quality),
    v.degenerate && fact(term("Degenerate", "degenerate"), "no face was told from another"),
    v.forfeit && fact(term("Forfeit", "forfeit"), `the ${v.forfeit} could not play`),
  ];
}

const opening = ({ training, quality }) => [fact(term("Exam", "exam"), "none: Team A warms up before the first round"), ...trained(training), ...measured(quality)];

/** How good the fakes are, which decides nothing. */
const measured = (quality) => (quality?.measures ?? []).map(({ title, text, n, best, remark }) =>
  fact(explaining(title.charAt(0).toUpperCase() + title.slice(1), `Measured on ${count(n)} fakes; good is ${best}${remark && `; ${remark}`}.`),
    `${text}, n ${count(n)}${remark && `, ${remark.split(":")[0]}`}`));

function trained(training) {
  return [["A", training.generator], ["B", training.detector]]
    .filter(([, report]) => report)
    .map(([team, { seconds, learning_rate_scale: scale, grown }]) =>
      fact(`${team} trained`, `${duration(seconds)}${scale < 1 ? `, rate × ${scale}` : ""}${grown && `; at ${grown}`}`));
}

function drawExam(place, exam) {
  const fakes = Math.round(exam.n / 2);
  const alarms = exam.real_faces_shown ? exam.most_alarming : [];
  const fooled = `${count(exam.fooled)} of ${count(fakes)} fakes fooled the detector in use`;
  replace(place,
    exam.fakes_shown ? row("Most convincing fakes", fooled, exam.most_convincing, "fake") : h("p", { class: "small" }, `${fooled}; they are made of photographs of people, or may be, which this home does not show.`),
    exam.fakes_shown && row("Most obvious fakes", null, exam.most_obvious, "fake"),
    alarms.length > 0 && row("Real faces that alarmed most", plural(exam.false_alarms, "false alarm"), alarms, "real"),
  );
}

function row(title, note, images, kind) {
  return h("div", null,
    h("div", { class: "bar" }, h("h3", null, title), note && h("span", { class: "small" }, note)),
    h("ul", { class: "thumbs" }, images.map((image) => thumb(image, kind))),
  );
}

function thumb({ index, score, fooled, image }, kind) {
  const called = kind === "fake" ? (fooled ? ", called real" : ", called fake") : "";
  return h("li", null,
    h("figure", null,
      h("img", { src: image, alt: `${kind} ${index}, score ${shown(score)}${called}`, loading: "lazy" }),
      h("figcaption", { class: ["small mono", kind === "fake" && (fooled ? "team-a" : "team-b")] }, shown(score)),
    ),
  );
}
