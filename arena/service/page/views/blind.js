import { h, replace } from "../dom.js";

export async function show(main) {
  replace(main, h("h1", null, "Can you tell?"));
}
