/** My clips: the list follows the server while something moves; one template, the page's own. */
import { call, complain } from "./api.js";

const BUSY_MS = 1500;
const IDLE_MS = 20000;
const list = document.getElementById("mine");
const none = document.getElementById("none");
const sure = /** @type {HTMLDialogElement | null} */ (document.getElementById("sure"));
let timer = 0;

async function refresh() {
  clearTimeout(timer);
  if (!list) return;
  const answer = document.hidden ? null : await fetch("/studio", { headers: { accept: "text/html" } }).catch(() => null);
  if (answer?.ok) merge(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("mine"));
  timer = setTimeout(refresh, list.querySelector("[data-moving]") ? BUSY_MS : IDLE_MS);
}

/** Times that are to come, by the clock of this device. @param {ParentNode} under */
function tellTimes(under) {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (under.querySelectorAll("[data-local]"))) {
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  }
}

/** Replaces only the cards that differ, so that focus and pictures stay. @param {HTMLElement | null} fresh */
function merge(fresh) {
  if (!list || !none || !fresh) return;
  tellTimes(fresh);
  const cards = new Map([...list.children].map((card) => [/** @type {HTMLElement} */ (card).dataset.id, card]));
  const wanted = [...fresh.children].map((card) => {
    const here = cards.get(/** @type {HTMLElement} */ (card).dataset.id);
    if (here?.innerHTML === card.innerHTML && here.className === card.className) return here;
    const focused = here?.contains(document.activeElement) ? /** @type {HTMLButtonElement} */ (document.activeElement).value : "";
    const copy = document.importNode(card, true);
    if (focused) queueMicrotask(() => /** @type {HTMLElement | null} */ (copy.querySelector(`[value="${focused}"]`))?.focus());
    return copy;
  });
  if (wanted.some((card, at) => list.children[at] !== card) || wanted.length !== list.children.length) list.replaceChildren(...wanted);
  none.hidden = wanted.length > 0;
}

list?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const verb = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter).value;
  const id = /** @type {HTMLElement} */ (event.target).closest("li")?.dataset.id;
  if (verb === "delete" && !(await confirmed())) return;
  try {
    if (verb === "delete") await call("DELETE", `/api/clips/${id}`);
    else if (verb.endsWith("pin")) await call(verb === "pin" ? "PUT" : "DELETE", `/api/clips/${id}/pin`);
    else if (verb === "draft") await call("PATCH", `/api/clips/${id}`, { wish: "draft" });
    else await call("POST", `/api/clips/${id}/${verb}`);
  } catch (fault) {
    complain(fault);
  }
  refresh();
});

/** @returns {Promise<boolean>} */
function confirmed() {
  return new Promise((resolve) => {
    if (!sure) return resolve(false);
    sure.returnValue = "";
    sure.showModal();
    sure.addEventListener("close", () => resolve(sure.returnValue === "yes"), { once: true });
  });
}

if (list) tellTimes(list);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
timer = setTimeout(refresh, list?.querySelector("[data-moving]") ? BUSY_MS : IDLE_MS);
