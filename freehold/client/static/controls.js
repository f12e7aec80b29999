/** What one chooses for one's feeds: each slider, the switch and the list are sent as they are changed. */
import { call, toast, words } from "./api.js";

/** The level's words, as the page has them. @param {string} level */
const worded = (level) => document.querySelector(`#levels option[value="${level}"]`)?.getAttribute("label") || level;

/** @param {HTMLFormElement} form @param {() => Promise<unknown>} request @returns {Promise<boolean>} whether it was done */
async function sent(form, request) {
  const line = /** @type {HTMLElement} */ (form.querySelector(".refusal"));
  line.hidden = true;
  try {
    await request();
    return true;
  } catch (fault) {
    line.textContent = fault.message || words.failed;
    line.hidden = false;
    return false;
  }
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-wish]"))) {
  const slider = /** @type {HTMLInputElement} */ (form.querySelector("input[type=range]"));
  const output = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  const show = () => {
    output.textContent = worded(slider.value);
    slider.setAttribute("aria-valuetext", worded(slider.value));
  };
  let kept = slider.defaultValue;
  let sending = Promise.resolve();
  const send = async () => {
    const level = slider.value;
    if (level === kept) return;
    if (await sent(form, () => call("PUT", form.dataset.wish || "", { level: Number(level) }))) kept = level;
    else slider.value = kept;
    show();
  };
  slider.addEventListener("input", show);
  // One after another: the last is what holds.
  slider.addEventListener("change", () => (sending = sending.then(send)));
  form.addEventListener("submit", (event) => event.preventDefault());
  slider.value = kept; // Not what the browser remembers of an earlier visit.
  show();
}

const fresh = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-newwish]"));
fresh?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(fresh);
  const name = encodeURIComponent(String(fields.get("name")).trim());
  const path = (fresh.dataset.newwish || "") + name;
  if (await sent(fresh, () => call("PUT", path, { level: Number(fields.get("level")) }))) location.reload();
});

for (const muted of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-muted]"))) {
  const area = /** @type {HTMLTextAreaElement} */ (muted.querySelector("textarea"));
  const count = /** @type {HTMLElement} */ (muted.querySelector("[data-count]"));
  const lines = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const show = () => (count.textContent = String(lines().length));
  area.addEventListener("input", show);
  show();
  muted.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isDone = await sent(muted, async () => {
      const { words: kept } = await call("PUT", muted.dataset.path || "", { words: lines() });
      area.value = kept.join("\n");
    });
    show();
    if (isDone) toast(muted.dataset.muted || "");
  });
}

const profiling = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-profiling]"));
const toggle = /** @type {HTMLInputElement | null} */ (profiling?.querySelector("input[type=checkbox]"));
if (profiling && toggle) {
  toggle.checked = toggle.defaultChecked;
  toggle.addEventListener("change", async () => {
    const isOn = toggle.checked;
    if (await sent(profiling, () => call("PUT", "/api/feeds/for-you/profiling", { is_on: isOn }))) toast(profiling.dataset.profiling || "");
    else toggle.checked = !isOn;
  });
  profiling.addEventListener("submit", (event) => event.preventDefault());
}
