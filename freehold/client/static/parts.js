/** The parts that a clip is made of: in their order, from which frame to which, played one after the other. */
import { wordsOf } from "./api.js";

/** @typedef {import("./tus.js").Upload} Upload */
/** A file on its way or there already, and the stretch of it that is wanted; `to_ms` is 0 until its length is known.
 * @typedef {{clip: string, name: string, url: string, file: File | null, upload: Upload | null, isThere: boolean, duration_ms: number, from_ms: number, to_ms: number}} Part */

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const video = /** @type {HTMLVideoElement} */ ($("preview"));
const list = /** @type {HTMLElement} */ ($("parts"));
const line = /** @type {HTMLInputElement} */ ($("film-at"));
const LEAST_MS = 100;

/** @type {Part[]} */ export const parts = [];
/** What is seen now: the moment of the whole, and which part it is in. */
export const now = { at_ms: 0, part: /** @type {Part | null} */ (null) };
const heard = { changed() {}, moved() {} };
/** `changed`: other parts, order or length; `moved`: another moment is seen. @param {typeof heard} listener */
export const listen = (listener) => Object.assign(heard, listener);

const length_ms = (/** @type {Part} */ part) => Math.max(0, part.to_ms - part.from_ms);
export const total_ms = () => parts.reduce((sum, part) => sum + length_ms(part), 0);
/** Whether the one file is wanted as it is. */
export const isPlain = () => parts.length === 1 && parts[0].from_ms === 0 && parts[0].to_ms === parts[0].duration_ms;
/** @param {number} ms */
export const clock = (ms) => `${Math.floor(ms / 60000)}:${((ms / 1000) % 60).toFixed(2).padStart(5, "0")}`;

/** Where a moment of the whole is. @param {number} at_ms @returns {{part: Part, part_ms: number, begins_ms: number} | null} */
export function placeOf(at_ms) {
  let begins_ms = 0;
  for (const part of parts) {
    if (at_ms < begins_ms + length_ms(part) || part === parts.at(-1)) {
      return { part, part_ms: Math.min(part.from_ms + at_ms - begins_ms, Math.max(part.from_ms, part.to_ms - 1)), begins_ms };
    }
    begins_ms += length_ms(part);
  }
  return null;
}

/** @param {Part} part */
const beginOf = (part) => parts.slice(0, parts.indexOf(part)).reduce((sum, one) => sum + length_ms(one), 0);

/** @param {Part} part */
export async function add(part) {
  parts.push(part);
  draw();
  heard.changed();
  await measure(part);
  if (!parts.includes(part)) return;
  if (!now.part || now.part === part) show(beginOf(part));
  draw();
  heard.changed();
}

/** How long a file is; what a browser recorded says so only at its end. @param {Part} part */
export async function measure(part) {
  if (!part.duration_ms && part.url) part.duration_ms = await lengthOf(part.url);
  if (!part.to_ms || part.to_ms > part.duration_ms) part.to_ms = part.duration_ms;
}

/** In milliseconds, 0 where this browser cannot tell. @param {string} url @returns {Promise<number>} */
const lengthOf = (url) =>
  new Promise((resolve) => {
    const probe = document.createElement("video");
    const done = (/** @type {number} */ ms) => {
      resolve(ms);
      probe.removeAttribute("src");
    };
    probe.preload = "metadata";
    probe.muted = true;
    probe.onerror = () => done(0);
    probe.ondurationchange = () => Number.isFinite(probe.duration) && probe.duration > 0 && done(Math.round(probe.duration * 1000));
    probe.onloadedmetadata = () => {
      if (!Number.isFinite(probe.duration)) probe.currentTime = 1e7;
    };
    probe.src = url;
  });

/** @param {Part} part */
export function remove(part) {
  parts.splice(parts.indexOf(part), 1);
  if (part.file && !parts.some((one) => one.url === part.url)) URL.revokeObjectURL(part.url);
  if (now.part === part) now.part = null;
  draw();
  if (parts.length) show(Math.min(now.at_ms, total_ms() - 1));
  heard.changed();
}

/** What is known of the parts has changed: they are drawn and seen anew. */
export function seen() {
  draw();
  show(now.at_ms);
}

/* ---- the preview ---- */

/** @param {number} at_ms of the whole */
export function show(at_ms) {
  const place = placeOf(Math.max(0, at_ms));
  if (!place) return;
  now.at_ms = Math.max(0, Math.min(at_ms, total_ms()));
  seek(place.part, place.part_ms);
  tell();
}

/** @param {Part} part @param {number} part_ms */
function seek(part, part_ms) {
  if (now.part !== part && part.url) {
    now.part = part;
    video.classList.remove("unseen");
    video.src = part.url;
  }
  video.currentTime = part_ms / 1000;
}

function tell() {
  line.max = String(Math.max(1, total_ms()));
  line.value = String(Math.round(now.at_ms));
  line.setAttribute("aria-valuetext", clock(now.at_ms));
  $("film-time").textContent = `${clock(now.at_ms)} / ${clock(total_ms())}`;
  heard.moved();
}

let frame = 0;
/** While it plays: to the end of the part, then the next one. */
function follow() {
  cancelAnimationFrame(frame);
  if (video.paused || !now.part) return;
  const part_ms = video.currentTime * 1000;
  if (part_ms >= now.part.to_ms - 15 || video.ended) {
    const next = parts[parts.indexOf(now.part) + 1];
    if (!next) return stop();
    seek(next, next.from_ms);
    now.at_ms = beginOf(next);
    video.play().catch(stop);
  } else now.at_ms = beginOf(now.part) + part_ms - now.part.from_ms;
  tell();
  frame = requestAnimationFrame(follow);
}

function stop() {
  video.pause();
}

export function play() {
  if (!video.paused) return stop();
  if (now.at_ms >= total_ms() - 50) show(0);
  video.muted = false;
  video.play().catch(stop);
}

video.addEventListener("play", () => {
  $("film-play").setAttribute("aria-pressed", "true");
  frame = requestAnimationFrame(follow);
});
video.addEventListener("pause", () => $("film-play").setAttribute("aria-pressed", "false"));
video.addEventListener("ended", follow);
video.addEventListener("error", () => video.getAttribute("src") && video.classList.add("unseen"));
video.addEventListener("loadedmetadata", () => now.part === parts[0] && video.parentElement?.style.setProperty("aspect-ratio", `${video.videoWidth} / ${video.videoHeight}`));
$("film-play").addEventListener("click", play);
line.addEventListener("input", () => {
  stop();
  show(Number(line.value));
});

/** The frame that is seen begins here, or a little before what was asked for. @param {Part} part @param {number} asked_ms @returns {Promise<number>} */
const frameAt = (part, asked_ms) =>
  new Promise((resolve) => {
    if (!("requestVideoFrameCallback" in video) || !part.url) return resolve(asked_ms);
    const late = setTimeout(() => resolve(asked_ms), 600);
    video.requestVideoFrameCallback((_, { mediaTime }) => {
      clearTimeout(late);
      const begins_ms = Math.floor(mediaTime * 1000);
      resolve(Math.abs(begins_ms - asked_ms) < 250 ? begins_ms : asked_ms);
    });
  });

/* ---- the list ---- */

function draw() {
  list.replaceChildren(...parts.map(card));
  list.hidden = !parts.length;
  tell();
}

/** @param {string} tag @param {Record<string, any>} given @param {...(Node | string)} inside */
function made(tag, given, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node && !name.startsWith("aria")) /** @type {any} */ (node)[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...inside);
  return node;
}

/** @param {string} icon */
const icon = (icon) => document.importNode(/** @type {HTMLTemplateElement} */ ($("part-icons")).content.querySelector(`[data-icon="${icon}"]`) || new Text(), true);

/** @param {Part} part @param {number} place */
function card(part, place) {
  const name = `${place + 1}. ${part.name}`;
  const length = made("span", { className: "quiet small" }, part.duration_ms ? clock(length_ms(part)) : "");
  const button = (/** @type {string} */ what, /** @type {string} */ look, /** @type {() => void} */ deed, off = false) => {
    const made_ = made("button", { type: "button", className: "plain", disabled: off, "aria-label": `${what}: ${name}`, onclick: deed }, icon(look));
    made_.dataset.deed = look;
    return made_;
  };
  const head = made("p", { className: "parthead" }, made("b", { dir: "auto" }, name), length);
  const tools = made(
    "p",
    { className: "tools" },
    button(said.earlier, "arrow-up", () => swap(place, place - 1), place === 0),
    button(said.later, "arrow-down", () => swap(place, place + 1), place === parts.length - 1),
    button(said.split, "split", () => split(part), !part.duration_ms),
    button(said.remove, "x", () => remove(part), parts.length === 1),
  );
  const item = made("li", {}, head, tools);
  if (part.duration_ms) item.append(edge(part, "from_ms", said.from, name, length), edge(part, "to_ms", said.to, name, length));
  return item;
}

/** The first or the last frame of a part. @param {Part} part @param {"from_ms" | "to_ms"} which @param {string} label @param {string} name @param {HTMLElement} length */
function edge(part, which, label, name, length) {
  const told = made("output", {}, clock(part[which]));
  const input = /** @type {HTMLInputElement} */ (made("input", { type: "range", min: "0", max: String(part.duration_ms), step: "1", value: String(part[which]), "aria-label": `${label}: ${name}`, "aria-valuetext": clock(part[which]) }));
  input.dataset.edge = which;
  const set = (/** @type {number} */ ms) => {
    part[which] = which === "from_ms" ? Math.max(0, Math.min(ms, part.to_ms - LEAST_MS)) : Math.min(part.duration_ms, Math.max(ms, part.from_ms + LEAST_MS));
    input.value = String(part[which]);
    told.textContent = clock(part[which]);
    length.textContent = clock(length_ms(part));
    input.setAttribute("aria-valuetext", clock(part[which]));
  };
  input.addEventListener("input", async () => {
    stop();
    set(Number(input.value));
    const seen_ms = which === "from_ms" ? part.from_ms : part.to_ms - 1;
    const begins = frameAt(part, seen_ms);
    now.at_ms = beginOf(part) + seen_ms - part.from_ms;
    seek(part, seen_ms);
    tell();
    if (which === "from_ms" && Number(input.value) === part.from_ms) {
      const begins_ms = await begins;
      if (part.from_ms === seen_ms) set(begins_ms);
    }
    heard.changed();
  });
  return made("label", { className: "edge" }, label, input, told);
}

/** @param {number} from @param {number} to */
function swap(from, to) {
  [parts[from], parts[to]] = [parts[to], parts[from]];
  draw();
  show(0);
  heard.changed();
  const deed = to < from ? "arrow-up" : "arrow-down";
  const button = /** @type {HTMLButtonElement | null} */ (list.children[to].querySelector(`[data-deed="${deed}"]`));
  (button?.disabled ? /** @type {HTMLElement} */ (list.children[to].querySelector("button:enabled")) : button)?.focus();
}

/** In two at the moment that is seen, or in the middle. @param {Part} part */
function split(part) {
  const seen_ms = now.part === part ? part.from_ms + now.at_ms - beginOf(part) : 0;
  const isInside = seen_ms >= part.from_ms + LEAST_MS && seen_ms <= part.to_ms - LEAST_MS;
  const at_ms = Math.round(isInside ? seen_ms : (part.from_ms + part.to_ms) / 2);
  if (at_ms - part.from_ms < LEAST_MS) return;
  parts.splice(parts.indexOf(part) + 1, 0, { ...part, from_ms: at_ms });
  part.to_ms = at_ms;
  draw();
  heard.changed();
}
