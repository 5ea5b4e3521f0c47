// The questions of a blind test: one image large, all of them below, each to be called real or fake.

import { announce, h, replace } from "../dom.js";
import { drawTile, tile } from "./tile.js";

const KEYS = { ArrowLeft: false, r: false, R: false, ArrowRight: true, f: true, F: true };
const key = (name) => h("kbd", null, name);
const WORDS = { true: "fake", false: "real" };

/**
 * @param {{n: number, columns: number, size: number}} test  @param {HTMLImageElement} sheet
 * @param {(fake: boolean[]) => Promise<void>} handIn  @param {AbortSignal} signal ends listening to keys
 */
export function questions(test, sheet, handIn, signal) {
  /** @type {(boolean | null)[]} whether each was called fake; null: not yet */
  const votes = Array(test.n).fill(null);
  let current = 0;

  const large = tile(sheet, test, 0, "Image 1");
  large.classList.add("blind-large");
  const title = h("h2", { tabindex: -1, "data-testid": "blind-title" });
  const vote = (isFake, ...label) => {
    const word = WORDS[isFake];
    const attributes = { type: "button", class: ["blind-vote", `is-${word}`], "data-testid": `vote-${word}` };
    return h("button", { ...attributes, onclick: () => give(isFake) }, label);
  };
  const buttons = { false: vote(false, key("←"), "Real"), true: vote(true, "Fake", key("→")) };
  const small = votes.map((_, index) => {
    const attributes = { type: "button", "data-testid": `question-${index}`, onclick: () => go(index) };
    return h("button", attributes, tile(sheet, test, index, null), h("span", null));
  });
  const progress = h("progress", { max: test.n, value: 0, "aria-label": "Images judged" });
  const left = h("span", { class: "muted", "data-testid": "blind-progress" });
  const submit = h("button",
    { type: "button", class: "primary", "data-testid": "hand-in", onclick: () => hand() }, "Hand in",
  );

  const draw = () => {
    drawTile(large, sheet, test, current);
    large.setAttribute("aria-label", `Image ${current + 1} of ${test.n}`);
    replace(title, `Image ${current + 1} of ${test.n}`);
    for (const [key, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(votes[current]) === key);
    small.forEach((button, index) => {
      const word = WORDS[votes[index]];
      button.className = `blind-one ${word ? `is-${word}` : ""}`;
      button.setAttribute("aria-label", `Image ${index + 1}: ${word ?? "not judged yet"}`);
      if (index === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      replace(button.lastElementChild, word ?? "?");
    });
    const given = votes.filter((answer) => answer !== null).length;
    progress.value = given;
    replace(left, given === test.n ? "All judged; they can still be changed." : `${given} of ${test.n} judged`);
    submit.disabled = given < test.n;
  };
  const go = (index) => {
    current = index;
    draw();
  };
  const give = (isFake) => {
    votes[current] = isFake;
    const said = `Image ${current + 1}: ${WORDS[isFake]}.`;
    const next = nextOpen(votes, current);
    announce(next === null ? `${said} All ${test.n} are judged.` : `${said} Next: image ${next + 1}.`);
    go(next ?? current);
    if (next === null) submit.focus();
  };
  const hand = async () => {
    submit.disabled = true;
    await handIn(/** @type {boolean[]} */ (votes));
    submit.disabled = false;
  };

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog") != null;
    if (isTyping || event.altKey || event.ctrlKey || event.metaKey || !(event.key in KEYS)) return;
    event.preventDefault();
    give(KEYS[event.key]);
  }, { signal });
  draw();

  return h("section", { class: "panel blind", "aria-label": "Blind test", "data-testid": "blind-test" },
    large,
    h("div", { class: "blind-asked" },
      title,
      h("div", { class: "row blind-votes", role: "group", "aria-label": "This image is" }, buttons.false, buttons.true),
      h("p", { class: "muted small blind-keys" },
        "Keys: ", key("←"), " or ", key("R"), " real, ", key("→"), " or ", key("F"), " fake.",
      ),
      h("div", { class: "row" }, progress, left, submit),
    ),
    h("div", { class: "blind-all", role: "group", "aria-label": "All images" }, small),
  );
}

/** The next image without a vote, from here on and then from the beginning. */
function nextOpen(votes, from) {
  for (let step = 1; step <= votes.length; step++) {
    const index = (from + step) % votes.length;
    if (votes[index] === null) return index;
  }
  return null;
}
