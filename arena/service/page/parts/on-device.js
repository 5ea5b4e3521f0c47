// The switch "on this device": photos are judged by the visitor's own browser and never leave it.

import { get, post } from "../api.js";
import { h, replace } from "../dom.js";
import { sentence } from "../format.js";

/**
 * @param {() => string} query which detector judges  @param {(isOn: boolean) => void} changed  @param {AbortSignal} signal
 * @returns {{element: HTMLElement, judge: () => Promise<((photo: Blob) => Promise<object>) | null>}} `judge`: what
 *   judges a photo here, null where the service does
 */
export function onDevice(query, changed, signal) {
  const toggle = h("input", { type: "checkbox", disabled: true, "data-testid": "on-device", onchange: () => changed(toggle.checked) });
  const told = h("p", { class: "muted small", role: "status", "data-testid": "on-device-note" });
  const element = h("div", null, h("label", { class: "row" }, toggle, "On this device: the photo never leaves it"), told);
  get("/on-device", { signal }).then(({ missing }) => {
    toggle.disabled = missing !== null;
    replace(told, missing !== null && sentence(missing));
  }, (error) => replace(told, sentence(error.detail ?? error.message)));

  const loaded = new Map();
  async function load(which) {
    replace(told, "Bringing the detector and the face finder here, once …");
    const { localJudge } = await import("../device/judge.js");
    const judge = await localJudge(await post(`/on-device/kit${which}`, undefined, { signal }), { signal });
    replace(told, "The detector and the face finder are here. Nothing of a photo is sent; heat maps need the service.");
    return judge;
  }
  function judge() {
    if (!toggle.checked) return Promise.resolve(null);
    const which = query();
    if (!loaded.has(which)) {
      const loading = load(which);
      loaded.set(which, loading);
      loading.catch(() => {
        loaded.delete(which);
        replace(told);
      });
    }
    return loaded.get(which);
  }
  return { element, judge };
}
