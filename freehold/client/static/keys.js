/** The list of keys, with the switch that turns single letters off (WCAG 2.1.4). */
import { kept } from "./api.js";

/** @type {HTMLDialogElement | null} */ let dialog = null;

export function show() {
  if (dialog?.open) return dialog.close();
  dialog ||= add();
  /** @type {HTMLInputElement} */ (dialog.querySelector("input")).checked = kept.get("letters", true);
  dialog.showModal();
}

function add() {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("keys-list"));
  const made = /** @type {HTMLDialogElement} */ (document.importNode(template.content, true).firstElementChild);
  document.body.append(made);
  const box = /** @type {HTMLInputElement} */ (made.querySelector("input"));
  box.addEventListener("change", () => kept.set("letters", box.checked));
  made.addEventListener("click", (event) => event.target === made && made.close());
  return made;
}
