/** The pictures of a photo post before the viewer: they turn by themselves until somebody turns them, over its sound. */
import { deeds } from "./app.js";
import { still } from "./player.js";

const TURN_MS = 3000;

/** @type {HTMLElement | null} */ let current = null;
let timer = 0;

const audio = new Audio();
audio.loop = true;
const button = /** @type {HTMLElement} */ (document.querySelector(".sound"));

/** Heard while the post is before the viewer, shown, and the viewer wants sound. */
function hear() {
  const isWanted = button.getAttribute("aria-pressed") === "true" && !document.hidden && !current?.querySelector(".veil input:not(:checked)");
  if (!current?.dataset.sound || !isWanted) return audio.pause();
  if (!audio.src.endsWith(current.dataset.sound)) audio.src = current.dataset.sound;
  audio.play().catch(() => {});
}

new MutationObserver(hear).observe(button, { attributeFilter: ["aria-pressed"] });
document.addEventListener("visibilitychange", hear);
document.addEventListener("change", (event) => /** @type {Element} */ (event.target).closest(".veil") && hear());

const strip = () => /** @type {HTMLElement | null | undefined} */ (current?.querySelector(".pictures"));
const all = () => /** @type {HTMLElement[]} */ ([...(strip()?.children || [])].filter((one) => one.matches("img")));

/** Which picture is seen, from 0. */
function place() {
  const line = strip();
  return line ? Math.round(Math.abs(line.scrollLeft) / Math.max(1, line.clientWidth)) : 0;
}

/** @param {number} to @param {boolean} isByHand */
function show(to, isByHand) {
  const line = strip();
  if (!line || to < 0 || to >= all().length) return;
  if (isByHand) rest();
  const sense = document.dir === "rtl" ? -1 : 1;
  line.scrollTo({ left: sense * to * line.clientWidth, behavior: still.matches ? "instant" : "smooth" });
}

function tell() {
  const at = place();
  const count = current?.querySelector(".turns b");
  if (count) count.textContent = String(at + 1);
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (current?.querySelectorAll('[data-do="turn"]') || []);
  // Not `disabled`, which would take the focus away.
  for (const button of buttons) button.setAttribute("aria-disabled", String(button.value === "1" ? at >= all().length - 1 : at === 0));
}

/** From here on the viewer turns. */
function rest() {
  clearInterval(timer);
  timer = 0;
}

/** What is covered, or on a page that is not seen, stays at its first. */
function turn() {
  if (document.hidden || current?.querySelector(".veil input:not(:checked)")) return;
  if (place() >= all().length - 1) return rest();
  show(place() + 1, false);
}

/** @param {HTMLElement} article which has come before the viewer */
export function enter(article) {
  current = article;
  audio.currentTime = 0;
  hear();
  rest();
  const line = strip();
  if (!line) return;
  line.onscroll = tell;
  line.onpointerdown = rest;
  line.onwheel = rest;
  tell();
  if (!still.matches && all().length > 1) timer = setInterval(turn, TURN_MS);
}

export function leave() {
  rest();
  current = null;
  hear();
}

/** @param {number} by */
const step = (by) => show(place() + by, true);

deeds.turn = (/** @type {HTMLElement} */ from) => step(Number(/** @type {HTMLButtonElement} */ (from).value));
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!current || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog, .panel")) return;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(document.dir === "rtl" ? -by : by);
});
