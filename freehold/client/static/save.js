/** The sheet by which a clip is saved, and put into a collection or a playlist; without it, the same as a page. */
import { act, askSignIn, call, complain, short, signedIn, toast, words } from "./api.js";
import { deeds } from "./app.js";

/** @type {HTMLDialogElement | null} */ let dialog = null;

/** The first touch saves, the second chooses where. @param {HTMLElement} from its link leads to the page of the sheet */
export async function show(from) {
  if (!signedIn()) return askSignIn();
  const { href } = /** @type {HTMLAnchorElement} */ (from);
  const article = /** @type {HTMLElement} */ (from.closest(".clip"));
  const id = article.dataset.id || "";
  if (!article.hasAttribute("data-own") && !from.hasAttribute("data-on") && !(await save(id, true))) return;
  const answer = await fetch(href).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const section = page?.getElementById("save");
  if (!page || !section) return toast(words.unreachable);
  const said = JSON.parse(page.getElementById("save-words")?.textContent || "{}");
  dialog?.remove();
  const sheet = (dialog = document.createElement("dialog"));
  sheet.className = "sheet";
  sheet.setAttribute("aria-labelledby", "save-title");
  sheet.append(section);
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  sheet.addEventListener("submit", (event) => choose(event, id, said));
  sheet.addEventListener("close", () => {
    sheet.remove();
    from.focus({ preventScroll: true });
  });
  document.body.append(sheet);
  const link = /** @type {HTMLLinkElement} */ (section.querySelector("link"));
  if (!link.sheet) await new Promise((done) => (link.onload = link.onerror = done));
  if (!sheet.isConnected) return;
  /** @type {HTMLElement} */ (section.querySelector('[data-do="unsheet"]')).hidden = false;
  sheet.showModal();
  /** @type {HTMLElement} */ (section.querySelector("h1")).focus();
}

/** In the picture at once, and taken back where it is refused. @param {string} id @param {boolean} isSaved */
async function save(id, isSaved) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-id="${id}"] [data-do="save"]`)]);
  const show = (/** @type {boolean} */ on, /** @type {number} */ number) => {
    for (const link of links) {
      const count = /** @type {HTMLElement} */ (link.querySelector("b"));
      link.toggleAttribute("data-on", on);
      count.dataset.count = String(number);
      count.textContent = short(number);
    }
  };
  const number = Number(links[0]?.querySelector("b")?.dataset.count);
  show(isSaved, number + (isSaved ? 1 : -1));
  try {
    const now = await act(isSaved ? "PUT" : "DELETE", `/api/clips/${id}/save`);
    if (now) show(now.is_saved, now.save_count);
    return Boolean(now);
  } catch (fault) {
    show(!isSaved, number);
    complain(fault);
    return false;
  }
}

/** @param {Event} event @param {string} id @param {Record<string, string>} said */
async function choose(event, id, said) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
  const line = /** @type {HTMLElement} */ (dialog?.querySelector(".refusal"));
  line.hidden = true;
  try {
    if (form.dataset.new) await begin(form, id, said);
    else if (button.hasAttribute("data-unsave")) (await save(id, false)) && toast(said.gone);
    else if (button.name === "on") (await save(id, true)) && toast(said.kept);
    else {
      const isIn = button.name === "into";
      await call(isIn ? "PUT" : "DELETE", `/api/lists/${button.value}/clips/${id}`);
      toast(said[button.name].replace("{name}", button.dataset.name || ""));
    }
    dialog?.close();
  } catch (/** @type {any} */ fault) {
    line.textContent = fault.message;
    line.hidden = false;
  }
}

/** A new list with the clip in it. @param {HTMLFormElement} form @param {string} id @param {Record<string, string>} said */
async function begin(form, id, said) {
  const fields = new FormData(form);
  const { list } = await call("POST", "/api/lists", { kind: form.dataset.new, name: String(fields.get("name")), is_public: fields.has("public") });
  await call("PUT", `/api/lists/${list.id}/clips/${id}`);
  toast(said.into.replace("{name}", list.name));
}

deeds.unsheet = () => dialog?.close();
