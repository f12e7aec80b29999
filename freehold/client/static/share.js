/** The sheet by which a clip, a profile or a tag is passed on; without it, the same as a page. */
import { act, call, short, signedIn, toast, words } from "./api.js";
import { deeds } from "./app.js";

/** @type {HTMLDialogElement | null} */ let dialog = null;

/** @param {HTMLElement} from its link leads to the page that the sheet is taken from */
export async function show(from) {
  const { href } = /** @type {HTMLAnchorElement} */ (from);
  const section = await taken(href);
  // Without the server there is still the link.
  if (!section) return navigator.clipboard?.writeText(href.replace(/\/share$/, "")).then(() => toast(words.copied), () => toast(words.unreachable));
  dialog?.remove();
  const sheet = (dialog = document.createElement("dialog"));
  sheet.className = "sheet";
  sheet.setAttribute("aria-labelledby", "share-title");
  sheet.append(section);
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  sheet.addEventListener("close", () => {
    sheet.remove();
    from.focus({ preventScroll: true });
  });
  document.body.append(sheet);
  await drawn(section);
  if (!sheet.isConnected) return;
  begin(section);
  /** @type {HTMLElement} */ (section.querySelector('[data-do="unshare"]')).hidden = false;
  sheet.showModal();
  /** @type {HTMLElement} */ (section.querySelector("h1")).focus();
}

/** @param {string} href */
async function taken(href) {
  const answer = await fetch(href).catch(() => null);
  if (!answer?.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("share");
}

/** Once its own style sheet is there, or will not come. @param {HTMLElement} section */
const drawn = (section) =>
  new Promise((done) => {
    const link = /** @type {HTMLLinkElement} */ (section.querySelector("link"));
    if (link.sheet) return done(null);
    link.onload = link.onerror = done;
  });

/** @param {HTMLElement} section */
function begin(section) {
  /** @type {HTMLElement} */ (section.querySelector('[data-do="pass"]')).hidden = !navigator.share;
}

/** Who is signed in has shared it, once. @param {HTMLElement} section */
async function tell(section) {
  const id = section.dataset.clip;
  if (!id || !signedIn()) return;
  const now = await act("PUT", `/api/clips/${id}/share`).catch(() => null);
  for (const count of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-id="${id}"] [data-do="share"] b`))) {
    if (!now) continue;
    count.dataset.count = String(now.share_count);
    count.textContent = short(now.share_count);
  }
}

const sectionOf = (/** @type {HTMLElement} */ one) => /** @type {HTMLElement} */ (one.closest(".share"));

/** Where the browser keeps the clipboard to itself, the text is at least selected. @param {HTMLElement} from */
async function copy(from) {
  const field = /** @type {HTMLInputElement} */ (from.parentElement?.querySelector("input, textarea"));
  const line = /** @type {HTMLElement} */ (sectionOf(from).querySelector("[role=status]"));
  field.select();
  const isDone = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  const isCopied = isDone || document.execCommand("copy");
  line.textContent = (isCopied ? line.dataset.copied : line.dataset.selected) || "";
  if (isCopied) tell(sectionOf(from));
}

/** @param {HTMLElement} from */
async function pass(from) {
  const section = sectionOf(from);
  const url = /** @type {HTMLInputElement} */ (section.querySelector("#share-link")).value;
  const isDone = await navigator.share({ url, title: document.title }).then(() => true, () => false);
  if (isDone) tell(section);
}

/** @param {SubmitEvent} event */
async function repost(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-repost]")) return;
  event.preventDefault();
  const section = sectionOf(form);
  const line = /** @type {HTMLElement} */ (section.querySelector("[role=status]"));
  const on = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value !== "0";
  const path = `/api/clips/${section.dataset.clip}/repost`;
  try {
    const told = await (on ? call("PUT", path, { text: String(new FormData(form).get("text")) }) : call("DELETE", path));
    for (const chip of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`.clip[data-id="${section.dataset.clip}"] [data-reposts]`))) {
      chip.hidden = !told.repost_count;
      const count = chip.querySelector("b");
      if (count) count.textContent = short(told.repost_count);
    }
    line.textContent = (on ? line.dataset.reposted : line.dataset.unreposted) || "";
    const back = /** @type {HTMLAnchorElement} */ (section.querySelector(".back"));
    const now = (await taken(back.href + "/share"))?.querySelector("[data-repost]");
    if (now) form.replaceWith(now);
    /** @type {HTMLElement | null | undefined} */ (now?.querySelector("button"))?.focus();
  } catch (/** @type {any} */ fault) {
    line.textContent = fault.message;
  }
}

document.addEventListener("submit", repost);
Object.assign(deeds, { copy, pass, unshare: () => dialog?.close() });
const whole = document.getElementById("share");
if (whole) begin(whole);
