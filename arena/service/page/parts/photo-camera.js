// The visitor's own camera: what it sees is shown, and one picture of that is taken as a photo. Then it is off again.

import { h, replace } from "../dom.js";
import { onChange } from "../session.js";

/** Why there is no picture, by what a browser calls it. */
const REFUSALS = {
  NotAllowedError: "This page may not use the camera: allow it in the browser's address bar, or choose a photo.",
  NotFoundError: "No camera was found here; choose a photo instead.",
  NotReadableError: "Another program is using the camera: close that, or choose a photo.",
  SecurityError: "Browsers give the camera only to pages that come over https or from this very machine; choose a photo instead.",
};
const FAILED = "The camera could not be started; choose a photo instead.";

/**
 * A button that opens the camera, and the place where its picture is shown.
 * @param {(photo: Blob) => void} take  @param {AbortSignal} signal ends it, and turns the camera off
 * @returns {{button: HTMLElement, view: HTMLElement}}
 */
export function camera(take, signal) {
  const button = h("button", { type: "button", class: "photo-webcam", "data-testid": "use-camera", onclick: open }, "Use the camera");
  const view = h("div", { class: "camera" });
  const video = h("video", { playsinline: true, "aria-label": "What the camera sees", "data-testid": "camera-view" });
  video.muted = true;
  const shutter = h("button", { type: "button", class: "primary", "data-testid": "camera-take", onclick: shoot }, "Take the picture");
  const closing = h("button", { type: "button", onclick: () => { close(); button.focus(); } }, "Close the camera");
  let stream = null;

  async function open() {
    button.disabled = true;
    replace(view);
    try {
      if (!isSecureContext) throw new DOMException("", "SecurityError");
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
      if (signal.aborted || !view.isConnected) return close();
      video.srcObject = stream;
      await video.play();
      replace(view, video, h("div", { class: "row" }, shutter, closing));
      shutter.focus();
    } catch (error) {
      close();
      replace(view, h("p", { class: "notice warn", role: "alert", "data-testid": "camera-problem" }, REFUSALS[error.name] ?? FAILED));
    } finally {
      button.disabled = false;
    }
  }

  async function shoot() {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    close();
    button.focus();
    take(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
  }

  function close() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    replace(view);
  }

  signal.addEventListener("abort", close);
  onChange(close, signal); // who signs out sees no button to close it with
  return { button, view };
}
