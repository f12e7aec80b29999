/** The fields of what is said of a clip: tags as they are typed, suggestions for #tags and @names, the time to post at. */
import { call, wordsOf } from "./api.js";

/** @typedef {{kind: string, text: string, clip_count: number | null, account: {handle: string, display_name: string} | null}} Offer */

const said = wordsOf("said-words");
const AFTER_MS = 120;
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const whole = new Intl.NumberFormat(document.documentElement.lang);
export const caption = /** @type {HTMLTextAreaElement} */ ($("caption"));
const list = /** @type {HTMLElement} */ ($("offers"));

/* ---- how long it is, and its tags ---- */

export function count() {
  $("caption-count").textContent = `${whole.format([...caption.value].length)} / ${whole.format(caption.maxLength)}`;
  const tags = [...new Set([...caption.value.matchAll(/(?<![\p{L}\p{N}_&/])#([\p{L}\p{N}_]+)/gu)].map((match) => match[1].toLowerCase()))].slice(0, 30);
  $("tags").replaceChildren(...tags.map((tag) => Object.assign(document.createElement("li"), { textContent: "#" + tag })));
}

/* ---- all that is said, as the API takes it ---- */

const USES = ["comment", "duet", "stitch", "use_sound", "download"];

/** @param {HTMLFormElement} form @returns {Record<string, any>} */
export function wordsIn(form) {
  const fields = new FormData(form);
  return {
    caption: caption.value,
    audience: fields.get("audience"),
    alt: fields.get("alt"),
    language: fields.get("language"),
    is_ai_made: fields.has("ai_made"),
    is_sensitive: fields.has("sensitive"),
    ...(fields.has("transcribe") ? { may_transcribe: fields.get("transcribe") === "1" } : {}),
    permissions: Object.fromEntries(USES.map((use) => [use, fields.get("may_" + use)])),
  };
}

/** Puts back what was said. @param {HTMLFormElement} form @param {Record<string, any>} told */
export function say(form, told) {
  const field = (/** @type {string} */ name) => /** @type {any} */ (form.elements.namedItem(name));
  for (const name of ["caption", "audience", "alt", "language"]) if (field(name)) field(name).value = told[name] ?? field(name).value;
  field("ai_made").checked = told.is_ai_made;
  field("sensitive").checked = told.is_sensitive;
  if (field("transcribe") && told.may_transcribe !== undefined) field("transcribe").value = told.may_transcribe ? "1" : "0";
  for (const use of USES) if (field("may_" + use)) field("may_" + use).value = told.permissions[use];
  count();
}

/* ---- suggestions, as the ARIA practices' combobox with a list ---- */

/** @type {Offer[]} */ let offered = [];
let chosen = -1;
let timer = 0;
let asking = new AbortController();

caption.setAttribute("aria-autocomplete", "list");
caption.setAttribute("aria-controls", "offers");

/** The #tag or @name that is being written: where it begins, and it. */
function begun() {
  const before = caption.value.slice(0, caption.selectionStart);
  const match = /(?:^|[\s(])([#@][\p{L}\p{M}\p{N}_.]+)$/u.exec(before);
  return match && caption.selectionStart === caption.selectionEnd ? { at: before.length - match[1].length, text: match[1] } : null;
}

function ask() {
  clearTimeout(timer);
  asking.abort();
  const word = begun();
  if (!word) return close();
  timer = setTimeout(async () => {
    asking = new AbortController();
    const { signal } = asking;
    const answer = await call("GET", "/api/search/suggest?q=" + encodeURIComponent(word.text), undefined, { signal }).catch(() => null);
    if (!signal.aborted) show((answer?.suggestions || []).filter((/** @type {Offer} */ one) => one.kind !== "word" && one.text !== word.text));
  }, AFTER_MS);
}

/** @param {Offer[]} offers */
function show(offers) {
  offered = offers;
  list.replaceChildren(...offered.map(option));
  if (!offered.length || document.activeElement !== caption) return close();
  choose(-1);
  list.hidden = false;
  $("offers-said").textContent = offered.length === 1 ? said.one : said.some.replace("{number}", String(offered.length));
}

/** @param {Offer} offer @param {number} place */
function option(offer, place) {
  const item = document.createElement("li");
  item.id = `offer-${place}`;
  item.setAttribute("role", "option");
  const more = Object.assign(document.createElement("span"), { className: "quiet small" });
  more.textContent = offer.clip_count === null ? offer.account?.display_name || "" : offer.clip_count === 1 ? said.clip : said.clips.replace("{number}", whole.format(offer.clip_count));
  item.append(Object.assign(document.createElement("b"), { textContent: offer.text, dir: "auto" }), more);
  item.addEventListener("click", () => take(place));
  return item;
}

function close() {
  list.hidden = true;
  $("offers-said").textContent = "";
  offered = [];
  choose(-1);
}

/** @param {number} place -1 for none */
function choose(place) {
  chosen = place;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === place)));
  if (place < 0) return caption.removeAttribute("aria-activedescendant");
  caption.setAttribute("aria-activedescendant", `offer-${place}`);
  list.children[place].scrollIntoView({ block: "nearest" });
}

/** Puts it in place of what was begun, with a space behind it. @param {number} place */
function take(place) {
  const word = begun();
  const { text } = offered[place];
  close();
  if (!word) return;
  caption.setRangeText(text + " ", word.at, word.at + word.text.length, "end");
  caption.dispatchEvent(new Event("input", { bubbles: true }));
  close();
}

caption.addEventListener("input", () => {
  count();
  ask();
});
caption.addEventListener("blur", close);
caption.addEventListener("keydown", (event) => {
  if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = (/** @type {number} */ by) => choose(((chosen + 1 + by + offered.length + 1) % (offered.length + 1)) - 1);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
  else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(chosen);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
for (const name of ["pointerdown", "mousedown"]) list.addEventListener(name, (event) => event.preventDefault());
count();

/* ---- the time to post at: the device's own on the page, a moment for the server ---- */

const at = /** @type {HTMLInputElement | null} */ ($("publish_at"));

/** The moment in microseconds since 1970; null where none is said. */
export const publishAt_us = () => (at?.value ? new Date(at.value).getTime() * 1000 : null);

/** As the field takes it. @param {Date} date */
const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

if (at) {
  const moment = Object.assign(document.createElement("input"), { type: "hidden", name: "publish_at" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const tell = () => {
    const time_us = publishAt_us();
    moment.value = time_us === null ? "" : new Date(time_us / 1000).toISOString();
    $("publish_at-said").textContent = time_us === null ? said.at_once : new Date(time_us / 1000).toLocaleString(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" });
  };
  at.removeAttribute("name");
  at.after(moment);
  if (at.dataset.at) at.value = local(new Date(Number(at.dataset.at) / 1000));
  at.min = local(new Date());
  $("zone").textContent = zone ? `(${zone})` : "";
  at.addEventListener("input", tell);
  tell();
}
