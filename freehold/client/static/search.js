/** The search box: what its words may become while they are typed, as the ARIA practices' combobox with a list. */
import { call, wordsOf } from "./api.js";

/** What `GET /api/search/suggest` answers.
 * @typedef {{kind: string, text: string, query: string, clip_count: number | null, account: {handle: string, display_name: string} | null}} Suggestion */

const said = wordsOf("search-words");
const AFTER_MS = 120;
const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-search]"));
const box = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const list = /** @type {HTMLElement} */ (document.getElementById("suggestions"));
const line = /** @type {HTMLElement} */ (document.getElementById("suggestions-said"));
const icons = /** @type {HTMLTemplateElement} */ (document.getElementById("suggestion-icons"));

/** @type {Suggestion[]} */ let offered = [];
let chosen = -1;
let timer = 0;
let asking = new AbortController();

box.setAttribute("role", "combobox");
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", "suggestions");
close();

/** Asks once the typing has paused; an answer that comes when more was typed is let go. */
function ask() {
  clearTimeout(timer);
  asking.abort();
  const text = box.value;
  if (!text.trim()) return close();
  timer = setTimeout(async () => {
    asking = new AbortController();
    const { signal } = asking;
    const answer = await call("GET", "/api/search/suggest?q=" + encodeURIComponent(text), undefined, { signal }).catch(() => null);
    if (!signal.aborted) show(answer?.suggestions || []);
  }, AFTER_MS);
}

/** @param {Suggestion[]} suggestions */
function show(suggestions) {
  offered = suggestions;
  list.replaceChildren(...offered.map(option));
  if (!offered.length || document.activeElement !== box) return close();
  choose(-1);
  list.hidden = false;
  box.setAttribute("aria-expanded", "true");
  line.textContent = offered.length === 1 ? said.one : said.some.replace("{number}", String(offered.length));
}

/** @param {Suggestion} suggestion @param {number} place */
function option(suggestion, place) {
  const item = document.createElement("li");
  item.id = `suggestion-${place}`;
  item.setAttribute("role", "option");
  const icon = icons.content.querySelector(`[data-kind="${suggestion.kind}"]`)?.cloneNode(true);
  const text = document.createElement("b");
  const more = document.createElement("span");
  const count = suggestion.clip_count;
  text.textContent = suggestion.text;
  text.dir = "auto";
  more.className = "quiet small";
  more.textContent = count === null ? suggestion.account?.display_name || "" : count === 1 ? said.clip : said.clips.replace("{number}", String(count));
  item.append(...(icon ? [icon] : []), text, " ", more);
  item.addEventListener("click", () => take(place));
  return item;
}

function close() {
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  line.textContent = "";
  choose(-1);
}

/** Which one Enter takes; -1 is what was typed. @param {number} place */
function choose(place) {
  chosen = place;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === place)));
  if (place < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", `suggestion-${place}`);
  list.children[place].scrollIntoView({ block: "nearest" });
}

/** An account that is all that was asked for is gone to; anything else is looked for. @param {number} place */
function take(place) {
  const { query, account } = offered[place];
  close();
  if (account && query === "@" + account.handle) return location.assign(`/@${account.handle}`);
  box.value = query;
  form.requestSubmit();
}

/** One further, round over what was typed. @param {number} by */
const step = (by) => choose(((chosen + 1 + by + offered.length + 1) % (offered.length + 1)) - 1);

box.addEventListener("input", ask);
box.addEventListener("blur", close);
box.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const isOpen = !list.hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (isOpen) step(event.key === "ArrowDown" ? 1 : -1);
    else ask();
  } else if (event.key === "Enter" && isOpen && chosen >= 0) take(chosen);
  else if (event.key === "Escape" && isOpen) close();
  else return;
  event.preventDefault();
});
// The box keeps the focus while one of the list is pressed.
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("mousedown", (event) => event.preventDefault());
form.addEventListener("submit", () => {
  clearTimeout(timer);
  asking.abort();
  close();
});
/** An address without what says nothing. */
form.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value) formData.delete(name);
});
