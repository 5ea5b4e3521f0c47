// What came of a blind test, and how everybody does.

import { h } from "../dom.js";
import { count, interval, percent, plural, share } from "../format.js";
import { tile } from "./tile.js";

const word = (isFake) => (isFake ? "fake" : "real");

/** @param {object} result the service's answer  @param {object} test  @param {HTMLImageElement} sheet */
export function blindResult(result, test, sheet) {
  const where = `#/match/${encodeURIComponent(test.match)}/round/${test.round}`;
  return h("section", { class: "panel blind-result", "aria-label": "Result", "data-testid": "blind-result" },
    h("h2", { tabindex: -1 }, headline(result)),
    tallies([["You", result.visitor], ["The detector", result.detector]], "On these images"),
    h("p", { class: "muted small" },
      "Images of the exam of ", h("a", { href: where }, `round ${test.round} of ${test.match}`),
      ". Below each: what it is, what you said and what the detector said; ✓ right, ✗ wrong.",
    ),
    h("ol", { class: "blind-answers" }, result.images.map((image, index) => answer(image, index, test, sheet))),
  );
}

/** Lines of a table: who, how often right, and the share with its interval on a scale from 0 to 1. */
export function tallies(rows, caption) {
  return h("div", { class: "table" },
    h("table", { class: "tallies" },
      h("caption", null, caption),
      h("thead", null, h("tr", null, ["", "right", "accuracy", "95 % interval", ""].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows.map(([name, tally]) => row(name, tally))),
    ),
  );
}

function headline({ n, visitor, detector }) {
  const gap = visitor.right - detector.right;
  const difference = `${plural(Math.abs(gap), "image")} ${gap > 0 ? "more" : "fewer"} than`;
  const beside = `${gap === 0 ? "as many as" : difference} the detector`;
  return `You were right about ${visitor.right} of ${n}: ${beside}.`;
}

function row(name, { votes, right, accuracy, low, high }) {
  const head = h("th", { scope: "row" }, name);
  if (votes === 0) return h("tr", null, head, h("td", { colspan: 4, class: "muted" }, "no votes yet"));
  const scale = h("div", { class: "tally-interval", style: { "--low": low, "--high": high, "--at": accuracy } });
  return h("tr", null,
    head,
    h("td", null, `${count(right)} of ${count(votes)}`),
    h("td", null, percent(accuracy)),
    h("td", null, interval(low, high)),
    h("td", { class: "wide" }, scale),
  );
}

function answer(image, index, test, sheet) {
  const said = (who, isFake, more = "") => {
    const judged = isFake === image.fake ? "right" : "wrong";
    return h("span", { class: judged }, `${who}: ${word(isFake)}${more}`, h("span", { class: "unseen" }, `, ${judged}`));
  };
  return h("li", { class: `is-${word(image.fake)}`, "data-testid": `answer-${index}` },
    tile(sheet, test, index, `Image ${index + 1}`),
    h("strong", null, word(image.fake)),
    said("you", image.called_fake),
    said("detector", image.detector_called_fake, ` ${share(image.detector_score, 2)}`),
  );
}
