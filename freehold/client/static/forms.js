/** Forms that answer in place: `data-api="METHOD /path"` sends their fields as JSON; what is kept on the device. */
import { setTheme } from "./app.js";
import { call, kept, toast, words } from "./api.js";

/** @param {HTMLFormElement} form @param {any} fault */
function refuse(form, fault) {
  const line = /** @type {HTMLElement | null} */ (form.querySelector(".refusal"));
  // What a person can mend needs no reference.
  const text = fault.status >= 500 && fault.reference ? `${fault.message} (${fault.reference})` : fault.message || words.failed;
  if (!line) return toast(text);
  line.textContent = text;
  line.hidden = false;
}

/** A path of this site, whatever the address bar said. @param {string} path */
const inside = (path) => (new URL(path, location.href).origin === location.origin ? path : "/");

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-api]"))) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [method, path] = (form.dataset.api || "").split(" ");
    const fields = [...new FormData(form)].filter(([name]) => !["csrf", "next", "username", "id", "tag", "on"].includes(name));
    const button = form.querySelector("button");
    const refusal = /** @type {HTMLElement | null} */ (form.querySelector(".refusal"));
    if (refusal) refusal.hidden = true;
    if (button) button.disabled = true;
    try {
      await call(method, path, fields.length ? Object.fromEntries(fields) : undefined);
      if (form.dataset.goto) return location.assign(inside(form.dataset.goto));
      if (form.dataset.done) toast(form.dataset.done);
      if (form.hasAttribute("data-clear")) form.reset();
      if (form.hasAttribute("data-drop")) form.closest("li")?.remove();
    } catch (fault) {
      refuse(form, fault);
    }
    if (button) button.disabled = false;
  });
}

const avatar = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-avatar]"));
avatar?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = /** @type {HTMLInputElement} */ (avatar.querySelector("input[type=file]")).files || [];
  await call("PUT", "/api/account/avatar", file).then(() => location.reload(), (fault) => refuse(avatar, fault));
});
avatar?.querySelector("[data-remove]")?.addEventListener("click", () =>
  call("DELETE", "/api/account/avatar").then(() => location.reload(), (fault) => refuse(avatar, fault)),
);

for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-keep]"))) {
  const key = box.dataset.keep || "";
  box.checked = kept.get(key, box.dataset.default === "true");
  box.addEventListener("change", () => kept.set(key, box.checked));
}
for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#theme input"))) {
  choice.checked = choice.value === kept.get("theme", "");
  choice.addEventListener("change", () => setTheme(choice.value));
}
