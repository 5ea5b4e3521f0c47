// Can you tell? Twenty images of an exam, judged by the visitor beside the detector.

import { ApiError, address, get, post } from "../api.js";
import { h, replace } from "../dom.js";
import { sentence } from "../format.js";
import { questions } from "../parts/blind-questions.js";
import { blindResult, tallies } from "../parts/blind-result.js";
import { chosenIn, queryOf, roundChoice } from "../parts/round-choice.js";
import { loadSheet } from "../parts/tile.js";
import { behindSignIn } from "../parts/sign-in.js";

export async function show(main, { params, signal }) {
  let chosen = chosenIn(params);
  const place = h("div", null);
  const everybody = h("section", { class: "panel", "aria-label": "Everybody", "data-testid": "blind-tally" });
  replace(
    main,
    h("h1", null, "Can you tell?"),
    h("p", { class: "muted intro" },
      "Twenty images of an exam, as many real as fake. Call each one real or fake; then see how the detector did on the ",
      "same ones. Your votes are counted with those of all visitors, without a word about who you are.",
    ),
    place, everybody,
  );
  const drawEverybody = ({ visitors, detectors }) =>
    replace(everybody, tallies([["Visitors", visitors], ["The detectors", detectors]], "Everybody so far, on the same images"));
  const [known, matches] = await Promise.all([get("blind", { signal }), get("matches?limit=200", { signal })]);
  drawEverybody(known);
  if (!known.allowed) {
    replace(place, h("p", { class: "notice warn", "data-testid": "blind-refused" }, sentence(known.reason)));
    return;
  }

  let playing = new AbortController(); // of the test that is on screen: only that one listens to keys
  signal.addEventListener("abort", () => playing.abort());
  const inside = h("div", { class: "view" });

  const begin = async () => {
    await attempt(inside, async () => {
      const test = await post("blind", chosen, { signal });
      const sheet = await loadSheet(test.sheet);
      playing.abort();
      playing = new AbortController();
      replace(inside, questions(test, sheet, (fake) => handIn(test, sheet, fake), playing.signal));
      inside.querySelector("h2").focus();
    }, signal);
  };
  const handIn = (test, sheet, fake) => attempt(inside, async () => {
    const result = await post(address("blind", test.id), { fake }, { signal });
    playing.abort();
    replace(inside, blindResult(result, test, sheet), again("Another twenty"));
    inside.querySelector("h2").focus();
    scrollTo(0, 0);
    drawEverybody(await get("blind", { signal }));
  }, signal);

  const again = (label) => {
    const choose = (next) => {
      chosen = next;
      history.replaceState(null, "", `#/blind${queryOf(chosen)}`);
    };
    return h("section", { class: "panel blind-begin", "aria-label": "A test" },
      roundChoice(matches.items, chosen, "the newest that may be shown", choose),
      h("button", { type: "button", class: "primary", "data-testid": "begin", onclick: begin }, label),
    );
  };
  replace(inside, again("Begin"));
  behindSignIn(place, "Taking part needs the arena's token", () => inside, signal);
}

/** Do it; what the service says against it is shown above of what is there already. */
async function attempt(place, action, signal) {
  place.querySelector(":scope > .notice")?.remove();
  try {
    await action();
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError || error.name === "EncodingError")) throw error;
    const text = error instanceof ApiError ? error.detail : "The images of the test could not be loaded.";
    place.prepend(h("p", { class: "notice bad", role: "alert", "data-testid": "blind-problem" }, text));
  }
}
