/** Comments: in the panel of the current clip, and on pages of their own. What is shown is taken from those pages. */
import { act, askSignIn, call, complain, short, signedIn, words, wordsOf } from "./api.js";
import { deeds } from "./app.js";

const said = wordsOf("panel-words");
const body = document.getElementById("panel-body");
const compose = document.getElementById("panel-compose");
const ALIKE = 6;

/** @type {HTMLElement | null} */ let article = null;
/** Which of its requests the panel waits for. */
let asked = 0;
/** The comment that is answered, "" for none. */
let answered = "";

/** @param {string} name @param {string} className @param {(Node | string)[]} inside */
function make(name, className, ...inside) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...inside);
  return element;
}

/** @param {string} href @returns {Promise<Document>} */
async function page(href) {
  const answer = await fetch(href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) throw new Error(answer ? words.failed : words.unreachable);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** @template {HTMLElement} T @param {ParentNode} root @param {string} selector */
const find = (root, selector) => /** @type {T | null} */ (root.querySelector(selector));
const talk = () => /** @type {HTMLElement} */ (document.getElementById("talk"));
const rowOf = (/** @type {Element} */ one) => /** @type {HTMLElement} */ (one.closest(".comment"));

/* ---- in the panel ---- */

/** @param {HTMLElement} clip */
export async function show(clip) {
  article = clip;
  const mine = ++asked;
  if (!body || !compose) return;
  body.replaceChildren(make("p", "spin", ""));
  compose.hidden = true;
  try {
    const section = (await page(clip.dataset.url + "/comments?sort=likes")).getElementById("talk");
    if (mine !== asked || document.getElementById("panel")?.dataset.kind !== "comments" || !section) return;
    const link = Object.assign(make("a", "", said.similar), { href: clip.dataset.url + "/similar" });
    body.replaceChildren(section, make("p", "alike", link));
    await drawn(section);
    if (mine === asked && !section.querySelector(".shut")) form();
    alike();
  } catch (fault) {
    if (mine === asked) body.replaceChildren(make("p", "quiet", fault.message));
  }
}

/** Once its style sheet is there, or will not come. @param {HTMLElement} section */
const drawn = (section) =>
  new Promise((done) => {
    const link = /** @type {HTMLLinkElement} */ (section.querySelector("link"));
    if (link.sheet) return done(null);
    link.onload = link.onerror = done;
  });

/** Takes over the list that came with the page. @param {HTMLElement} clip */
export function adopt(clip) {
  article = clip;
  alike();
  listen();
}

/** Puts the first of the similar clips above the link to all of them, as its page has them. */
async function alike() {
  const line = body && find(body, ".alike");
  if (!line) return;
  const link = /** @type {HTMLAnchorElement} */ (line.firstElementChild);
  const found = await page(link.href).catch(() => null);
  if (!found || !line.isConnected) return;
  const tiles = [...found.querySelectorAll("#grid .tile")].slice(0, ALIKE);
  if (!tiles.length) return line.remove();
  line.before(make("h3", "", said.similar), make("ul", "company", ...tiles.map((tile) => make("li", "", tile))));
  link.textContent = said.similar_all;
}

function form() {
  if (!compose) return;
  if (!compose.querySelector("form, a")) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("comments"));
    compose.replaceChildren(document.importNode(template.content, true));
  }
  compose.hidden = false;
  answer("", "");
  listen();
}

/* ---- saying something ---- */

function listen() {
  const say = /** @type {HTMLFormElement | null} */ (document.querySelector("form.say"));
  if (!say || say.dataset.heard || !signedIn()) return;
  say.dataset.heard = "1";
  const text = /** @type {HTMLTextAreaElement} */ (say.querySelector("textarea"));
  say.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = text.value.trim();
    if (!value) return;
    const reply_to = answered || /** @type {HTMLInputElement | null} */ (say.elements.namedItem("reply_to"))?.value;
    text.value = "";
    try {
      const { comment } = await call("POST", `/api/clips/${talk().dataset.clip}/comments`, { text: value, ...(reply_to && { reply_to }) });
      await place(comment);
      answer("", "");
      if (!comment.is_held) tally(1);
    } catch (fault) {
      text.value = value;
      complain(fault);
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && answered) {
      event.stopPropagation();
      return answer("", "");
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    say.requestSubmit();
  });
}

/** Whom the next words answer. @param {string} id "" for nobody @param {string} handle */
function answer(id, handle) {
  answered = id;
  document.querySelector(".answering")?.remove();
  if (!id) return;
  const stop = make("button", "plain", said.plain);
  stop.addEventListener("click", () => answer("", ""));
  const line = make("p", "answering", make("span", "", said.reply.replace("{handle}", handle)), stop);
  line.setAttribute("role", "status");
  document.querySelector("form.say")?.before(line);
}

/** Puts what was just said where it belongs. @param {{id: string, root_id: string | null}} comment */
async function place(comment) {
  const row = await fresh(comment.id);
  row.classList.add("fresh");
  const root = comment.root_id && document.getElementById("comment-" + comment.root_id);
  const none = find(talk(), ".none");
  if (none) none.hidden = true;
  if (root) {
    const unfold = find(root, '.unfold[aria-expanded="false"]');
    if (unfold) await deeds.replies(unfold, new Event("place"));
    if (!document.getElementById(row.id)) find(root, ".replies")?.append(row);
  } else {
    const list = /** @type {HTMLElement} */ (document.getElementById("comments-list"));
    const pinned = [...list.children].filter((one) => one.querySelector(":scope > .one .state-of use[href$='#pin']"));
    if (pinned.length) pinned[0].after(row);
    else list.prepend(row);
  }
  document.getElementById(row.id)?.scrollIntoView({ block: "nearest" });
}

/** The row as the server shows it now. @param {string} id */
async function fresh(id) {
  const found = (await page(`${talk()?.dataset.url || ""}/comments/${id}`)).getElementById("comment-" + id);
  if (!found) throw new Error(words.failed);
  found.querySelector(":scope > .replies")?.replaceChildren();
  return document.importNode(found, true);
}

/** @param {number} change */
function tally(change) {
  const count = article && find(article, '[data-do="comments"] b');
  if (!count) return;
  count.dataset.count = String(Number(count.dataset.count) + change);
  count.textContent = short(Number(count.dataset.count));
}

/* ---- what can be done with a comment ---- */

Object.assign(deeds, {
  "like-comment": async (/** @type {HTMLElement} */ button) => {
    if (!signedIn()) return askSignIn();
    const count = /** @type {HTMLElement} */ (button.querySelector("b"));
    const was = button.getAttribute("aria-pressed") === "true";
    const show = (/** @type {boolean} */ liked, /** @type {number} */ number) => {
      button.setAttribute("aria-pressed", String(liked));
      count.dataset.count = String(number);
      count.textContent = number ? short(number) : "";
    };
    const number = Number(count.dataset.count);
    show(!was, number + (was ? -1 : 1));
    try {
      const now = await act(was ? "DELETE" : "PUT", `/api/comments/${rowOf(button).dataset.id}/like`);
      if (now) show(now.is_liked, now.like_count);
    } catch (fault) {
      show(was, number);
      complain(fault);
    }
  },
  reply(/** @type {HTMLAnchorElement} */ link) {
    if (!signedIn()) return askSignIn();
    const text = /** @type {HTMLElement | null} */ (document.querySelector("form.say textarea"));
    if (!text || !said.reply) return location.assign(link.href);
    answer(rowOf(link).dataset.id || "", link.dataset.handle || "");
    text.focus();
  },
  async replies(/** @type {HTMLAnchorElement} */ link) {
    const list = /** @type {HTMLElement} */ (link.nextElementSibling);
    const isOpen = link.getAttribute("aria-expanded") === "true";
    const shown = link.textContent || "";
    if (!isOpen) {
      try {
        await unfold(list, link.href);
      } catch (fault) {
        return complain(fault);
      }
    } else list.replaceChildren();
    link.setAttribute("aria-expanded", String(!isOpen));
    link.textContent = link.dataset.hide || "";
    link.dataset.hide = shown;
  },
  "more-replies": async (/** @type {HTMLAnchorElement} */ link) => {
    const list = /** @type {HTMLElement} */ (link.closest(".replies") || find(talk(), ".replies"));
    await unfold(list, link.href).then(() => link.remove(), complain);
  },
  async sort(/** @type {HTMLAnchorElement} */ link) {
    const found = await page(link.href).catch(complain);
    const section = found?.getElementById("talk");
    if (!section) return;
    talk().replaceWith(section);
    /** @type {HTMLElement} */ (section.querySelector(".sorts [aria-current]")).focus();
  },
  "more-comments": async (/** @type {HTMLAnchorElement} */ link) => {
    const found = await page(link.href).catch(complain);
    const section = found?.getElementById("talk");
    if (!section) return;
    const rows = [...section.querySelectorAll("#comments-list > .comment")].filter((row) => !document.getElementById(row.id));
    document.getElementById("comments-list")?.append(...rows);
    const next = section.querySelector('[data-do="more-comments"]');
    if (next) link.replaceWith(next);
    else link.remove();
    /** @type {HTMLElement | null | undefined} */ (rows[0]?.querySelector(".by a"))?.focus({ preventScroll: true });
  },
  async versions(/** @type {HTMLAnchorElement} */ link) {
    const one = /** @type {HTMLElement} */ (link.closest(".one"));
    const there = one.querySelector(".versions");
    link.setAttribute("aria-expanded", String(!there));
    if (there) return there.remove();
    const list = (await page(link.href).catch(complain))?.getElementById("versions");
    if (!list) return;
    list.removeAttribute("id");
    one.querySelector(".text")?.after(list);
  },
});

/** Puts the replies of a thread's page behind those that are there. @param {HTMLElement} list @param {string} href */
async function unfold(list, href) {
  const found = await page(href);
  const replies = [...found.querySelectorAll(".replies > .comment")].filter((row) => !document.getElementById(row.id));
  list.append(...replies);
  const more = found.querySelector('[data-do="more-replies"]');
  if (more) list.append(more);
}

/** @type {Record<string, (id: string, text: string) => Promise<unknown>>} */
const verbs = {
  edit: (id, text) => call("PATCH", `/api/comments/${id}`, { text }),
  delete: (id) => call("DELETE", `/api/comments/${id}`),
  pin: (id) => call("PUT", `/api/comments/${id}/pin`),
  unpin: (id) => call("DELETE", `/api/comments/${id}/pin`),
  "let-through": (id) => call("POST", `/api/comments/${id}/let-through`),
};

document.addEventListener("submit", async (event) => {
  const doings = /** @type {HTMLFormElement} */ (event.target);
  if (!doings.matches("[data-doings]")) return;
  event.preventDefault();
  const verb = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter)?.value || "";
  const row = rowOf(doings);
  const id = row.dataset.id || "";
  if (!verbs[verb]) return;
  try {
    await verbs[verb](id, String(new FormData(doings).get("text") || ""));
    if (row.closest("[data-held]")) return leave(row);
    if (verb === "delete") return await gone(row);
    if (verb === "pin" || verb === "unpin") return await again();
    await renew(row, id);
    if (verb === "let-through") tally(1);
  } catch (fault) {
    complain(fault);
  }
});

/** @param {HTMLElement} row */
async function gone(row) {
  const isHeld = row.querySelector(":scope > .one .state-of use[href$='#eye-off']");
  if (!isHeld) tally(-1);
  // Where it has replies, its place stays.
  if (row.querySelector(":scope > .unfold, :scope > .replies > .comment")) await renew(row, row.dataset.id || "");
  else leave(row);
}

/** @param {HTMLElement} row */
function leave(row) {
  const beside = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  const next = beside?.querySelector("a[data-do], button, .by a") || document.getElementById("panel-title") || document.querySelector("main a");
  /** @type {HTMLElement | null} */ (next)?.focus({ preventScroll: true });
}

/** The row anew; the replies that are shown stay. @param {HTMLElement} row @param {string} id */
async function renew(row, id) {
  const now = await fresh(id);
  row.className = now.className;
  const one = /** @type {HTMLElement} */ (now.querySelector(":scope > .one"));
  /** @type {HTMLElement} */ (row.querySelector(":scope > .one")).replaceWith(one);
  /** @type {HTMLElement | null} */ (one.querySelector("summary, .doings button") || row.querySelector(".unfold"))?.focus({ preventScroll: true });
}

/** The list anew: what is pinned stands first. */
async function again() {
  const current = /** @type {HTMLAnchorElement | null} */ (talk().querySelector(".sorts [aria-current]"));
  if (current) await deeds.sort(current, new Event("pin"));
  else location.reload();
}

if (!body) listen();
