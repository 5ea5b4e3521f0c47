// The same latents over the rounds: a time slider, a play button, two rounds side by side.

import { address } from "../api.js";
import { h, prefersStillness, replace } from "../dom.js";
import { outcome, sentence } from "../format.js";
import { openFace } from "./face.js";
import { Sheets, sheet, sheetAddress } from "./sheets.js";
import { sources } from "./sources.js";
import { term } from "./term.js";
import { walkThrough } from "./walk.js";

const MILLISECONDS_A_ROUND = 450;

/**
 * `select(number)` shows a round; who moves the slider or plays asks for it through `onSelect(number, isMore)`.
 * @param {{match: string, size: number, onSelect: (round: number, isMore: boolean) => void, signal: AbortSignal}} options
 * `size`: pixels of a face; `isMore`: in one movement with the choice before
 */
export function gallery({ match, size, onSelect, signal }) {
  const sheets = new Sheets();
  const onOpen = (index) => openFace({ match, index, rounds, size, signal });
  const [shown, other] = [0, 1].map((place) => sheet({ size, onOpen, onPoint: (index) => point(place, index) }));
  const made = sources({ size, signal });
  const attributes = { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Round shown", "data-testid": "slider" };
  const slider = h("input", { ...attributes, oninput: slide, onkeydown: (event) => (isRepeat = event.repeat), onchange: () => (isSliding = false) });
  const place = h("output", { class: "small", "data-testid": "slider-round" });
  const button = h("button", { type: "button", onclick: toggle, "data-testid": "play" });
  const choice = h("select", { "aria-label": "Round to compare with", "data-testid": "beside", onchange: drawOther });
  const message = h("p", { class: "muted", "data-testid": "no-sheets" });
  const controls = h("div", { class: "time", hidden: true }, button, slider, place);
  const beside = h("label", { class: "row small", hidden: true }, "Side by side with", choice);
  const walk = walkThrough(signal);
  const file = h("a", { download: "" }, "This sheet (PNG)");
  const film = h("a", { href: address("matches", match, "animation.gif"), download: "" }, "All rounds (GIF)");
  const files = h("p", { class: "row small", hidden: true }, walk.button, file, film);
  const pair = h("div", { class: "pair", hidden: true }, shown.node, other.node);
  const node = h("section", { class: "panel gallery", "aria-label": "The same faces over the rounds", "data-testid": "gallery" },
    h("header", null, h("h2", null, "The same ", term("latents"), ", round by round"), beside),
    message, controls, pair, made.node, files, walk.node,
  );
  let rounds = [];
  let at = -1;
  let timer = null;
  let isHeld = false;
  let isSliding = false;
  let isRepeat = false;
  let isOwn = false;

  slider.addEventListener("pointerdown", () => (isHeld = true));
  addEventListener("pointerup", release, { signal });
  addEventListener("pointercancel", release, { signal });
  signal.addEventListener("abort", pause);
  other.node.hidden = true;
  pause();

  function release() {
    if (!isHeld) return;
    isHeld = false;
    lengthen();
  }

  /** What a face was made of, below the sheets, while somebody points at it. */
  function point(place, index) {
    made.show(rounds[place === 0 ? at : Number(choice.value)], index);
  }

  /** The slider ends at the last round; under somebody's finger it does not change its scale. */
  function lengthen() {
    if (isHeld) return;
    slider.max = rounds.length - 1;
    slider.value = at;
    replace(place, `${at} of ${rounds.length - 1}`);
  }

  /** There are these rounds now. `refused`: why the fakes are not shown, null where they are. */
  function draw(all, refused) {
    const found = refused === null ? all : [];
    if (rounds.some((round, number) => found[number]?.version !== round.version)) at = -1; // another match of the name
    rounds = found;
    message.hidden = rounds.length > 0;
    for (const part of [controls, pair, files]) part.hidden = !message.hidden;
    beside.hidden = rounds.length < 2;
    if (rounds.length === 0) {
      at = -1;
      return replace(message, refused === null ? "No round has been committed yet." : sentence(refused));
    }
    if (choice.options.length - 1 !== rounds.length) drawChoice();
    if (at >= 0) lengthen();
  }

  function drawChoice() {
    const chosen = choice.value;
    replace(choice, h("option", { value: "" }, "none"), rounds.map(({ round }) => h("option", { value: round }, round || "opening")));
    choice.value = chosen;
  }

  /** Show a round that was chosen, here or elsewhere. */
  async function select(number) {
    if (number === at || number >= rounds.length) return;
    if (!isOwn) pause();
    at = number;
    slider.setAttribute("aria-valuetext", title(rounds[number]));
    if (isHeld) replace(place, `${number} of ${rounds.length - 1}`);
    else lengthen();
    file.href = sheetAddress(rounds[number]);
    walk.choose(rounds[number]);
    sheets.prepare(rounds, number);
    await show(shown, rounds[number], () => at === number);
  }

  async function drawOther() {
    const number = choice.value;
    other.node.hidden = number === "";
    pair.classList.toggle("two", number !== "");
    if (number !== "") await show(other, rounds[Number(number)], () => choice.value === number);
  }

  async function show(place, round, isWanted) {
    try {
      const image = await sheets.get(round);
      if (isWanted() && !signal.aborted) place.draw(image, title(round));
    } catch {
      if (isWanted()) replace(place.node.querySelector("figcaption"), `The sheet of round ${round.round} cannot be shown.`);
    }
  }

  /** Ask for a round. */
  function ask(number, isMore) {
    isOwn = true;
    onSelect(number, isMore);
    isOwn = false;
  }

  function slide() {
    pause();
    ask(Number(slider.value), isSliding || isRepeat);
    isSliding = true;
  }

  function toggle() {
    if (prefersStillness()) return ask(at + 1 < rounds.length ? at + 1 : 0, false);
    if (timer !== null) return pause();
    ask(at >= rounds.length - 1 ? 0 : at + 1, false);
    timer = setInterval(advance, MILLISECONDS_A_ROUND);
    replace(button, "Pause");
  }

  function advance() {
    if (at >= rounds.length - 1) return pause();
    ask(at + 1, true);
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    replace(button, prefersStillness() ? "Next" : "Play");
  }

  /** Whether somebody holds the slider or plays, and wants no other round meanwhile. */
  const isMoving = () => isHeld || timer !== null;

  return { node, draw, select, isMoving };
}

const title = ({ round, verdict }) => (verdict === null ? "Opening" : `Round ${round}: ${outcome(verdict)}`);
