/** Why this clip stands here: the very terms of its score. */
import { askSignIn, call, complain, signedIn, toast, wordsOf } from "./api.js";
import { deeds } from "./app.js";

const said = wordsOf("panel-words");
const body = /** @type {HTMLElement} */ (document.getElementById("panel-body"));

/** @param {string} name @param {Record<string, unknown>} traits @param {(Node | string)[]} inside */
function make(name, traits, ...inside) {
  const element = Object.assign(document.createElement(name), traits);
  element.append(...inside);
  return element;
}

/** @param {HTMLElement} article */
export async function show(article) {
  /** @type {HTMLElement} */ (document.getElementById("panel-compose")).hidden = true;
  body.replaceChildren(make("p", { className: "spin" }));
  const { page, position } = article.dataset;
  try {
    const why = await call("GET", `/api/why/${page}/${position}`);
    if (document.getElementById("panel")?.dataset.kind !== "why") return;
    body.replaceChildren(...told(why, `/why/${page}/${position}`, article));
  } catch (fault) {
    body.replaceChildren(make("p", { className: "quiet" }, fault.message || said.failed));
  }
}

/** @param {string} kind @param {string} name @returns {Promise<number>} what was asked for before */
async function levelOf(kind, name) {
  const { wishes } = await call("GET", "/api/feeds/for-you/wishes");
  return wishes.find((/** @type {any} */ wish) => wish.kind === kind && wish.name === name)?.level || 0;
}

/** Asks for fewer, and where that was asked for already, for none at all.
 * @param {HTMLElement} button @param {string} kind @param {string} name @param {string} shown */
async function wishFewer(button, kind, name, shown) {
  if (!signedIn()) return askSignIn();
  try {
    const now = Number(button.dataset.level ?? (await levelOf(kind, name)));
    const level = Math.max(Math.min(now, 0) - 1, -2);
    await call("PUT", `/api/feeds/for-you/wishes/${kind}/${encodeURIComponent(name)}`, { level });
    button.dataset.level = String(level);
    toast((level === -1 ? said.fewer_now : said.none_now).replace("{name}", shown));
    button.textContent = said.none_of.replace("{name}", shown);
    if (level === -2) button.setAttribute("disabled", "");
  } catch (fault) {
    complain(fault);
  }
}

/** What can be asked for beside "not interested". @param {HTMLElement} article */
function fewer(article) {
  const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (article.querySelectorAll('.caption a[href^="/tag/"]'))];
  const linked = links.map((link) => decodeURIComponent(new URL(link.href).pathname.slice("/tag/".length)));
  const tags = new Set(linked.filter((tag) => /\p{L}/u.test(tag)));
  const handle = article.dataset.handle || "";
  const all = [...[...tags].map((tag) => ["tag", tag, "#" + tag, said.fewer_of]), ["author", handle, "@" + handle, said.fewer_by]];
  return all.map(([kind, name, shown, label]) => {
    const button = make("button", { className: "button" }, label.replace("{name}", shown));
    button.addEventListener("click", () => wishFewer(button, kind, name, shown));
    return button;
  });
}

/** @param {any} why @param {string} url @param {HTMLElement} article */
function told(why, url, article) {
  const terms = [...why.terms].sort((a, b) => b.value - a.value);
  const total = terms.reduce((sum, term) => sum + Math.abs(term.value), 0);
  const rows = terms.map((term) => {
    const part = total ? Math.abs(term.value) / total : 0;
    const share = `${Math.round(part * 100)}% ${said.ofscore}${term.value < 0 ? ", " + said.against : ""}`;
    const bar = make("progress", { max: 1, value: part, ariaLabel: term.text, className: term.value < 0 ? "against" : "" });
    return make("li", {}, make("p", {}, make("b", {}, term.text), make("span", { className: "quiet" }, share)), bar);
  });
  const fact = (/** @type {string} */ name, /** @type {string} */ value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
  const less = make("button", { className: "button" }, said.less);
  less.addEventListener("click", (event) => deeds.less(less, event));
  return [
    make("p", { className: "lead" }, why.source_text),
    ...(why.feed === "for-you" && !why.is_profiled ? [make("p", { className: "quiet" }, said.unprofiled)] : []),
    terms.length ? make("h3", {}, said.score) : make("p", { className: "quiet" }, said.nothing),
    make("ul", { className: "terms" }, ...rows),
    make("dl", { className: "facts" }, fact(said.chance, `${(why.propensity * 100).toFixed(1)} %`), fact(said.model, String(why.model_hash).slice(0, 12))),
    make("p", { className: "actions" }, ...(article.hasAttribute("data-own") ? [] : [less, ...fewer(article)]), make("a", { className: "button", href: url }, said.page)),
  ];
}
