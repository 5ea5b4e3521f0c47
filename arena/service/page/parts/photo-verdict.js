// What the detector said of a photo, face by face.

import { h } from "../dom.js";
import { alarmLevel, plural, score, sentence, times } from "../format.js";
import { NOT_JUDGED, picture, verdictClass } from "./photo-picture.js";
import { term } from "./term.js";
import { recipes } from "./photo-recipes.js";

/** The ends of a bar, as alarm levels: so many times the threshold, and one part in so many. */
const ENDS = 100;
/** With more faces than this the photo stays in sight above the list on a phone, too. */
const MANY = 3;

/** One sentence for who hears the page. */
export function spoken({ whole_image: isWhole, faces, verdict }) {
  if (faces.length === 0) return "No verdict: no face was found.";
  if (isWhole) return `The picture is a face, cut out, and called ${verdict}.`;
  const [fakes, refused] = ["fake", null].map((word) => faces.filter((face) => face.verdict === word).length);
  return `${plural(faces.length, "face")} found, ${fakes} called fake${refused ? `, ${refused} ${NOT_JUDGED}` : ""}.`;
}

/** @param {Blob} photo  @param {object} result the service's answer  @param {string | null} note */
export function photoVerdict(photo, result, note) {
  const toggles = [];
  const items = result.faces.map((face, index) => item(face, index));
  const shown = picture(photo, result, (index) => items[index].focus());

  function item(face, index) {
    const show = () => shown.heat(index, toggle.checked);
    const toggle = h("input", { type: "checkbox", "data-testid": `heat-${index}`, onchange: show });
    if (face.heatmap) toggles.push(toggle);
    const name = result.whole_image ? "What was judged" : `Face ${index + 1}`;
    const mark = () => shown.mark(index);
    const unmark = () => shown.mark(null);
    return h("li", {
      class: ["judged-face", verdictClass(face.verdict)], tabindex: -1, "data-testid": `face-${index}`,
      onmouseenter: mark, onmouseleave: unmark, onfocusin: mark, onfocusout: unmark,
    },
      h("div", { class: "row" },
        h("h3", null, name),
        h("strong", { class: "judged-verdict" }, face.verdict ?? NOT_JUDGED),
        face.verdict && h("span", null, level(face.score, result.judge.threshold)),
        face.heatmap &&
          h("label", { class: "row small heat-toggle" }, toggle, "Heat map", h("span", { class: "unseen" }, ` of ${name}`)),
      ),
      face.verdict
        ? bar(face, result.judge.threshold)
        : h("p", { class: "muted small" }, sentence(face.refused)),
    );
  }

  return h("div", { class: ["photo-verdicts", items.length > MANY && "many"], "data-testid": "photo-result" },
    shown.element,
    h("section", { class: "panel", "aria-label": "Verdict" },
      h("h2", { "data-testid": "photo-summary" }, spoken(result)),
      [note, result.note].map((text) => text && h("p", { class: "notice warn small" }, sentence(text))),
      h("ol", { class: "judged-faces" }, items),
      result.verdict && h("p", { class: "muted small" },
        "The middle of each bar is the ", term("alarm level"), ", from which on a face is called fake: ",
        result.judge.threshold > 1 ? "this detector never raises it. " : `a score of ${score(result.judge.threshold)}. `,
        result.faces.length > 1 &&
          `The photo counts as ${result.verdict}, by its highest score: ${level(result.score, result.judge.threshold)}.`,
      ),
      result.prepared && h("p", { class: "muted small", "data-testid": "prepared" }, sentence(result.prepared)),
      toggles.length > 0 && heats(shown, toggles),
      judged(result.judge),
      recipes(result.judge),
    ),
  );
}

/** "3.2 × the alarm level" */
function level(score, threshold) {
  const high = alarmLevel(score, threshold);
  return high === null ? "no alarm level" : `${times(high)} ${high < 1 ? "of " : ""}the alarm level`;
}

/** How high a score is, with the alarm threshold in the middle. */
function bar(face, threshold) {
  const high = alarmLevel(face.score, threshold) ?? 1 / ENDS;
  const place = 0.5 + Math.log(high) / Math.log(ENDS) / 2;
  return h("div", {
    class: "bar-of-score", role: "img", "aria-label": `${level(face.score, threshold)}, a score of ${score(face.score)}`,
    title: `Score ${score(face.score)}`, style: { "--score": Math.min(Math.max(place, 0.01), 1) },
  });
}

/** What goes for all heat maps: whether they are shown, and how strong they are. */
function heats(shown, toggles) {
  const all = h("input", { type: "checkbox", "data-testid": "heat-all", onchange: () => toggles.forEach((toggle) => {
    toggle.checked = all.checked;
    toggle.dispatchEvent(new Event("change"));
  }) });
  const set = () => shown.strength(slider.value / 100);
  const slider = h("input", { type: "range", min: 10, max: 100, step: 5, value: 80, oninput: set });
  set();
  return h("div", { class: "row small" },
    toggles.length > 1 && h("label", { class: "row" }, all, "All heat maps"),
    h("label", { class: "row" }, "Strength of the heat maps", slider));
}

/** Which detector judges, with a link to its round. @param {boolean} [isFull] also what it knows */
export function judged(judge, isFull = false) {
  const where = `#/match/${encodeURIComponent(judge.match)}/round/${judge.round}`;
  return h("p", { class: "muted small", "data-testid": "judge" },
    isFull ? "Judge: " : "Judged by ", h("strong", null, judge.contender), ", as it is after ",
    h("a", { href: where }, `round ${judge.round} of ${judge.match}`), ".",
    isFull && ` It sees faces of ${judge.image_size} × ${judge.image_size} pixels and knows real ones from ${judge.faces}`,
    isFull && (judge.synthetic ? ", which are drawn faces, not photos of people." : "."),
  );
}
