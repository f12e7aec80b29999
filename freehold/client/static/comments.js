/** The comments of the current clip, in the panel. */
import { call, complain, signedIn, short, wordsOf } from "./api.js";

/** @typedef {{id: string, author: {handle: string, display_name: string, avatar_url: string | null}, text: string, at_us: number, is_own: boolean}} Comment */

const said = wordsOf("panel-words");
const body = /** @type {HTMLElement} */ (document.getElementById("panel-body"));
const compose = /** @type {HTMLElement} */ (document.getElementById("panel-compose"));
const units = /** @type {[number, Intl.RelativeTimeFormatUnit][]} */ ([[31536000, "year"], [604800, "week"], [86400, "day"], [3600, "hour"], [60, "minute"]]);
const ALIKE = 6;
const since = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "narrow", numeric: "auto" });

/** @type {HTMLElement} */ let article;
let shown = "";

/** @param {string} name @param {string} className @param {(Node | string)[]} inside */
function make(name, className, ...inside) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...inside);
  return element;
}

/** @param {HTMLElement} clip */
export async function show(clip) {
  article = clip;
  const id = (shown = clip.dataset.id || "");
  body.replaceChildren(make("p", "spin", ""));
  form();
  try {
    const answer = await call("GET", `/api/clips/${id}/comments`);
    if (shown !== id || document.getElementById("panel")?.dataset.kind !== "comments") return;
    const list = make("ol", "comments", ...answer.comments.map(row));
    body.replaceChildren(list);
    if (!answer.comments.length) body.append(make("p", "quiet", said.none));
    if (answer.more) list.after(older(list));
    const link = Object.assign(make("a", "", said.similar), { href: clip.dataset.url + "/similar" });
    body.append(make("p", "alike", link));
    alike();
  } catch (fault) {
    body.replaceChildren(make("p", "quiet", fault.message));
  }
}

/** Takes over the list that came with the page. @param {HTMLElement} clip */
export function adopt(clip) {
  article = clip;
  shown = clip.dataset.id || "";
  const list = body.querySelector("ol");
  if (list?.hasAttribute("data-more")) list.after(older(list));
  alike();
  listen();
}

/** Puts the first of the similar clips above the link to all of them, as its page has them. */
async function alike() {
  const line = /** @type {HTMLElement} */ (body.querySelector(".alike"));
  const link = /** @type {HTMLAnchorElement} */ (line.firstElementChild);
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok || !line.isConnected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const tiles = [...page.querySelectorAll("#grid .tile")].slice(0, ALIKE);
  if (!tiles.length) return line.remove();
  line.before(make("h3", "", said.similar), make("ul", "company", ...tiles.map((tile) => make("li", "", tile))));
  link.textContent = said.similar_all;
}

/** @param {Comment} comment */
function row(comment) {
  const { author } = comment;
  const href = "/@" + author.handle;
  const picture = author.avatar_url
    ? Object.assign(make("img", "avatar"), { src: author.avatar_url, alt: "" })
    : make("span", `avatar hue${[...new TextEncoder().encode(author.handle)].reduce((sum, byte) => sum + byte, 0) % 8}`, (author.display_name || author.handle)[0].toUpperCase());
  const link = Object.assign(make("a", "", picture), { href, tabIndex: -1, ariaHidden: "true" });
  const name = Object.assign(make("a", "", make("b", "", author.display_name || author.handle)), { href });
  const text = Object.assign(make("p", "text", comment.text), { dir: "auto" });
  const line = make("li", "comment", link, make("div", "", make("p", "by", name, " ", make("time", "", when(comment.at_us))), text));
  line.dataset.id = comment.id;
  if (comment.is_own) {
    const button = make("button", "plain quiet small", said.delete);
    button.addEventListener("click", () => remove(line));
    line.append(button);
  }
  return line;
}

/** @param {number} at_us */
function when(at_us) {
  const seconds = Math.max(0, Date.now() - at_us / 1000) / 1000;
  const [size, unit] = units.find(([size]) => seconds >= size) || [1, "second"];
  return since.format(-Math.floor(unit === "second" ? 0 : seconds / size), unit);
}

/** @param {Element} list */
function older(list) {
  const button = make("button", "button", said.more);
  button.addEventListener("click", async () => {
    try {
      const last = /** @type {HTMLElement} */ (list.lastElementChild).dataset.id;
      const answer = await call("GET", `/api/clips/${shown}/comments?before=${last}`);
      list.append(...answer.comments.map(row));
      if (!answer.more) button.remove();
    } catch (fault) {
      complain(fault);
    }
  });
  return button;
}

/** @param {HTMLElement} line */
async function remove(line) {
  try {
    await call("DELETE", `/api/comments/${line.dataset.id}`);
    const next = /** @type {HTMLElement | null} */ (line.nextElementSibling?.querySelector("button") || body);
    line.remove();
    tally(-1);
    next?.focus();
  } catch (fault) {
    complain(fault);
  }
}

function form() {
  if (!compose.querySelector("form, a")) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("comments"));
    compose.replaceChildren(document.importNode(template.content, true));
  }
  compose.hidden = false;
  listen();
}

function listen() {
  const say = compose.querySelector("form");
  if (!say || say.dataset.heard || !signedIn()) return;
  say.dataset.heard = "1";
  const text = /** @type {HTMLTextAreaElement} */ (say.querySelector("textarea"));
  say.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = text.value.trim();
    if (!value) return;
    text.value = "";
    try {
      const { comment } = await call("POST", `/api/clips/${shown}/comments`, { text: value });
      body.querySelector(":scope > .quiet")?.remove();
      const list = body.querySelector("ol") || body.appendChild(make("ol", "comments"));
      list.prepend(row(comment));
      body.scrollTop = 0;
      tally(1);
    } catch (fault) {
      text.value = value;
      complain(fault);
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    say.requestSubmit();
  });
}

/** @param {number} change */
function tally(change) {
  const count = /** @type {HTMLElement | null} */ (article.querySelector('[data-do="comments"] b'));
  if (!count) return;
  count.dataset.count = String(Number(count.dataset.count) + change);
  count.textContent = short(Number(count.dataset.count));
}
