// Check a photo: every face in it, judged by a detector of the arena.

import { ApiError, get, post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { onDevice } from "../parts/on-device.js";
import { examples } from "../parts/photo-examples.js";
import { fitted, photoInput } from "../parts/photo-file.js";
import { judged, photoVerdict, spoken } from "../parts/photo-verdict.js";
import { chosenIn, queryOf, roundChoice } from "../parts/round-choice.js";
import { behindSignIn } from "../parts/sign-in.js";

/** Answers after which the same photo may well be judged a moment later. */
const PASSING = [0, 429, 503];

export async function show(main, { params, signal, live }) {
  let chosen = chosenIn(params);
  let photo = null;
  const choice = h("div", null);
  const judge = h("div", { "aria-live": "polite" });
  const place = h("div", { class: "photo-in" });
  const result = h("div", { "data-testid": "photo-place" });
  replace(
    main,
    h("h1", null, "Check a photo"),
    h("section", { class: "panel photo-judge", "aria-label": "Who judges" }, choice, judge),
    place, result,
  );
  const local = onDevice(() => queryOf(chosen), (isOn) => {
    if (photo !== null) check(photo, queryOf(chosen));
    else if (isOn) local.judge().catch((error) => drawProblem(result, error));
  }, signal);
  const check = checker(result, local.judge, signal);
  const take = (file) => {
    photo = file;
    check(file, queryOf(chosen));
  };

  const offered = examples(take, signal);
  const drawJudge = async () => {
    try {
      const found = await get(`detector${queryOf(chosen)}`, { signal });
      replace(judge, judged(found, true));
      await offered.draw(found);
    } catch (error) {
      if (error.status !== 404) throw error;
      replace(judge, h("p", { class: "notice warn" }, error.detail, " ", h("a", { href: "#/start" }, "Start a match")));
    }
  };
  const choose = async (next) => {
    chosen = next;
    history.replaceState(null, "", `#/photo${queryOf(chosen)}`);
    await drawJudge();
    if (photo !== null) check(photo, queryOf(chosen));
  };

  const drawChoice = async () => {
    const { items } = await get("matches?limit=200", { signal });
    replace(choice, roundChoice(items, chosen, "the one that played last", (next) => choose(next).catch(console.error)));
  };
  await Promise.all([drawJudge(), drawChoice()]);
  live.on("round", () => drawJudge().catch(() => null), signal);
  behindSignIn(place, "Checking a photo needs the arena's token", () => [local.element, photoInput(take, signal), offered.node], signal);
}

/** A function that has a photo judged and draws what comes of it; a newer photo takes the place of an older one. */
function checker(place, local, signal) {
  let current = new AbortController();
  signal.addEventListener("abort", () => current.abort());

  return async function check(file, query) {
    current.abort();
    current = new AbortController();
    const { signal: mine } = current;
    replace(place, h("p", { class: "muted", role: "status", "data-testid": "checking" }, "Looking at the photo …"));
    try {
      const here = await local();
      const { photo, note } = here ? { photo: file, note: null } : await fitted(file);
      if (mine.aborted) return;
      const answer = here ? await here(photo) : await post(`detect${query}${query ? "&" : "?"}heatmap=true`, photo, { signal: mine });
      if (mine.aborted) return;
      replace(place, photoVerdict(photo, answer, note));
      announce(spoken(answer));
    } catch (error) {
      if (mine.aborted) return;
      drawProblem(place, error, () => check(file, query));
    }
  };
}

/** What went wrong, with a way to try it once more where that may help. */
function drawProblem(place, error, retry) {
  if (!(error instanceof ApiError)) throw error;
  const again = retry && PASSING.includes(error.status) && h("button", { type: "button", onclick: retry }, "Try again");
  replace(place, h("div", { class: "notice bad row", role: "alert", "data-testid": "photo-problem" }, error.detail, again));
}
