/** Why this clip stands here: the very terms of its score. */
import { call, wordsOf } from "./api.js";
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
    body.replaceChildren(...told(why, `/why/${page}/${position}`, article.hasAttribute("data-own")));
  } catch (fault) {
    body.replaceChildren(make("p", { className: "quiet" }, fault.message || said.failed));
  }
}

/** @param {any} why @param {string} url @param {boolean} isOwn */
function told(why, url, isOwn) {
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
    terms.length ? make("h3", {}, said.score) : make("p", { className: "quiet" }, said.nothing),
    make("ul", { className: "terms" }, ...rows),
    make("dl", { className: "facts" }, fact(said.chance, `${(why.propensity * 100).toFixed(1)} %`), fact(said.model, String(why.model_hash).slice(0, 12))),
    make("p", { className: "actions" }, ...(isOwn ? [] : [less]), make("a", { className: "button", href: url }, said.page)),
  ];
}
