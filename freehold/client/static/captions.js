/** Captions over a clip: what is said now, in the viewer's language where there is one. */
import { call, kept, words } from "./api.js";

/** @typedef {{from_ms: number, to_ms: number, text: string}} Cue */
/** @typedef {{cues: Cue[], is_by_machine: boolean}} Track */
/** @type {Map<string, Promise<Track>>} */ const known = new Map();
let timer = 0;
let turn = 0;

/** @param {string[]} languages */
export function chosen(languages) {
  const wished = [kept.get("captions.language", ""), ...navigator.languages.map((one) => one.slice(0, 2))];
  return wished.find((one) => languages.includes(one)) || languages[0];
}

/** @param {string} id @param {string} language */
function trackOf(id, language) {
  const key = `${id}/${language}`;
  if (!known.has(key)) {
    const asked = call("GET", `/api/clips/${id}/captions/${language}`);
    asked.catch(() => known.delete(key));
    known.set(key, asked);
  }
  return /** @type {Promise<Track>} */ (known.get(key));
}

/** Follows the clip that is current until another is. @param {HTMLElement} article @param {() => HTMLVideoElement | undefined} video */
export async function follow(article, video) {
  const mine = ++turn;
  clearInterval(timer);
  document.querySelectorAll(".cue").forEach((one) => one.remove());
  const language = chosen((article.dataset.captions || "").split(" "));
  article.querySelector('[data-do="captions"]')?.setAttribute("aria-pressed", String(kept.get("captions", true)));
  if (!kept.get("captions", true)) return;
  const { cues, is_by_machine } = await trackOf(article.dataset.id || "", language).catch(() => ({ cues: [], is_by_machine: false }));
  if (mine !== turn || !article.classList.contains("current")) return;
  const line = Object.assign(document.createElement("p"), { className: "cue", dir: "auto", lang: language });
  const said = document.createTextNode("");
  let isTold = false;
  const by = Object.assign(document.createElement("small"), { textContent: words.machine, lang: document.documentElement.lang, dir: "auto" });
  if (is_by_machine) article.querySelector('[data-do="captions"]')?.setAttribute("aria-label", words.machine);
  article.querySelector(".said")?.prepend(line);
  timer = setInterval(() => {
    if (!article.classList.contains("current")) return clearInterval(timer);
    const at_ms = (video()?.currentTime || 0) * 1000;
    const text = cues.filter((cue) => cue.from_ms <= at_ms && at_ms < cue.to_ms).map((cue) => cue.text).join("\n");
    if (said.data === text) return;
    // Whose they are is told with the first; after that the button says it.
    said.data = text;
    line.replaceChildren(...(text && is_by_machine && !isTold ? [said, by] : [said]));
    isTold ||= Boolean(text);
  }, 80);
}

/** @param {HTMLElement} article @param {() => HTMLVideoElement | undefined} video */
export function toggle(article, video) {
  kept.set("captions", !kept.get("captions", true));
  follow(article, video);
}
