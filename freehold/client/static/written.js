/** A text post while it is written: shown as others will see it, and kept on this device until it is posted. */
import { kept } from "./api.js";
import { caption, count } from "./saying.js";

const KEY = "written";
const form = /** @type {HTMLFormElement} */ (caption.form);
const ground = /** @type {HTMLElement} */ (document.querySelector("#written .ground"));
const shown = /** @type {HTMLElement} */ (ground.querySelector(".words"));
const looks = /** @type {RadioNodeList} */ (form.elements.namedItem("look"));

/** As the server has it. @param {string} text */
function loudness(text) {
  const lines = text.split("\n").length - 1 + [...text].length / 24;
  return lines <= 3 ? "loud" : lines <= 9 ? "clear" : lines <= 16 ? "even" : "fine";
}

function show() {
  const text = caption.value.trim();
  shown.textContent = text;
  ground.className = `ground ${looks.value} ${loudness(text)}`;
}

function keep() {
  if (form.hasAttribute("data-kept")) kept.set(KEY, caption.value ? { caption: caption.value, look: looks.value } : undefined);
}

form.addEventListener("input", () => {
  show();
  keep();
});
form.addEventListener("submit", () => form.hasAttribute("data-kept") && kept.set(KEY, undefined));
if (form.hasAttribute("data-kept") && !caption.value) {
  const before = kept.get(KEY, null);
  if (before) {
    caption.value = before.caption;
    looks.value = before.look;
    count();
  }
}
show();
