/** The page on which a clip is changed: the cover is seen while it is chosen. */
import "./saying.js";

const cover = /** @type {HTMLElement} */ (document.getElementById("cover"));
const at = /** @type {HTMLInputElement | null} */ (document.getElementById("cover-at"));

if (at && cover.dataset.video) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, preload: "auto" });
  const label = /** @type {HTMLElement} */ (document.querySelector('label[for="cover-at"]'));
  const time = document.createElement("output");
  Object.assign(at, { type: "range", step: "1" });
  label.append(" ", time);
  at.addEventListener("input", () => {
    if (!video.src) {
      video.src = cover.dataset.video || "";
      cover.querySelector(".coverframe")?.append(video);
    }
    video.currentTime = Number(at.value) / 1000;
    time.textContent = `${(Number(at.value) / 1000).toFixed(2)} s`;
    at.setAttribute("aria-valuetext", time.textContent);
  });
}
