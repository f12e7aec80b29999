/** Behaviour of every page: theme, share, follow, grids that grow, the list of keys. */
import { act, askSignIn, complain, kept, sendKept, short, signedIn, toast, words } from "./api.js";

/** What the buttons with data-do do; the feed adds its own. @type {Record<string, (from: HTMLElement, event: Event) => unknown>} */
export const deeds = {
  theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    setTheme(now === "dark" ? "light" : "dark");
    toast(now === "dark" ? words.theme_light : words.theme_dark);
  },
  keys: async () => (await import("./keys.js")).show(),
  share: (from) => import("./share.js").then((sheet) => sheet.show(from), () => toast(words.unreachable)),
  save: (from) => import("./save.js").then((sheet) => sheet.show(from), () => toast(words.unreachable)),
  follow: (from) => follow(from, from.closest("[data-handle]:not(html)")?.getAttribute("data-handle") || ""),
  grid: (from) => grow(/** @type {HTMLAnchorElement} */ (from)),
};

/** @param {string} theme light, dark or "" for the device's own */
export function setTheme(theme) {
  kept.set("theme", theme || undefined);
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** Follows or unfollows, in the picture at once and taken back where it is refused.
 * @param {Element} button @param {string} handle */
export async function follow(button, handle) {
  if (!signedIn()) return askSignIn();
  const wanted = button.getAttribute("aria-pressed") !== "true";
  const all = [...document.querySelectorAll(`[data-handle="${CSS.escape(handle)}"] [data-do="follow"]`)];
  const show = (/** @type {boolean} */ on) => all.forEach((one) => one.setAttribute("aria-pressed", String(on)));
  show(wanted);
  try {
    const now = await act(wanted ? "PUT" : "DELETE", `/api/accounts/${encodeURIComponent(handle)}/follow`);
    const count = document.querySelector("[data-followers]");
    if (now && count) count.textContent = short(now.follower_count);
  } catch (fault) {
    show(!wanted);
    complain(fault);
  }
}

/** Puts the next page of a grid behind this one. @param {HTMLAnchorElement} link */
async function grow(link) {
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok) return toast(words.unreachable);
  const more = new DOMParser().parseFromString(await answer.text(), "text/html");
  const tiles = [...(more.getElementById("grid")?.children || [])];
  document.getElementById("grid")?.append(...tiles);
  /** @type {HTMLElement | null | undefined} */ (tiles[0]?.querySelector("a"))?.focus({ preventScroll: true });
  const next = more.querySelector('a[data-do="grid"]');
  if (next) link.href = next.getAttribute("href") || "";
  else link.remove();
}

document.addEventListener("click", (event) => {
  const from = /** @type {HTMLElement} */ (event.target).closest("[data-do]");
  const deed = from instanceof HTMLElement && deeds[from.dataset.do || ""];
  if (!deed || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  deed(from, event);
});
document.addEventListener("keydown", (event) => {
  const typing = /** @type {HTMLElement} */ (event.target).closest("input:not([type=range]), textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !kept.get("letters", true)) return;
  if (event.key === "?") deeds.keys(document.body, event);
  if (event.key !== "/") return;
  event.preventDefault();
  const box = document.getElementById("q");
  if (box) box.focus();
  else location.assign("/search#q");
});
const grid = document.querySelector('a[data-do="grid"]');
if (grid) {
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && grid.isConnected && /** @type {HTMLElement} */ (grid).click(), {
    rootMargin: "600px",
  }).observe(grid);
}
addEventListener("online", sendKept);
sendKept();
