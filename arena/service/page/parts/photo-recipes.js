// How a program has a photo judged by the same detector.

import { h } from "../dom.js";
import { queryOf } from "./round-choice.js";

/** Lines for a shell and for Python that can be pasted, once ARENA_TOKEN holds the token. @param {object} judge */
export function recipes({ match, round }) {
  const { origin } = location;
  const shell = `curl -H "Authorization: Bearer $ARENA_TOKEN" --data-binary @photo.jpg \\\n  "${origin}/api/detect${queryOf({ match, round })}"`;
  const python = [
    "import os",
    "from arena.service.client import Client",
    "",
    `with Client("${origin}", os.environ["ARENA_TOKEN"]) as arena:`,
    `    print(arena.detect("photo.jpg", match="${match}", round=${round}).verdict)`,
  ].join("\n");
  const block = (title, text) => [h("h3", null, title), h("pre", { tabindex: 0 }, h("code", null, text))];
  return h("details", { class: "recipes", "data-testid": "recipes" },
    h("summary", null, "Use this from Python or curl"),
    block("curl", shell), block("Python", python),
  );
}
