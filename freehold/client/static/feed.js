/** The swipe feed: which clip is current, its gestures, keys and buttons, and the pages that follow. */
import { act, askSignIn, complain, kept, refusal, short, signedIn, toast, words } from "./api.js";
import { deeds } from "./app.js";
import { bandwidth, Ring, saving, still } from "./player.js";
import { report, send, sendLast } from "./watches.js";

const scroller = /** @type {HTMLElement} */ (document.querySelector(".scroller"));
const list = /** @type {HTMLElement} */ (scroller.querySelector(".clips"));
const card = /** @type {HTMLElement} */ (scroller.querySelector(".state"));
const panel = /** @type {HTMLElement} */ (document.getElementById("panel"));
const wide = matchMedia("(min-width: 60rem)");
const PAGE = 6;
const AHEAD = 3;

/** @type {HTMLElement | null} */ let current = null;
let halted = still.matches;
let muted = !kept.get("sound", true);
let isEnd = scroller.hasAttribute("data-end");
let isLoading = false;

/** What the viewer did with the current clip since it was last reported. */
const visit = {
  started_at_ms: Date.now(),
  shown_ms: 0,
  watched_ms: 0,
  completions: 0,
  all_completions: 0,
  since: 0,
  liked: false,
  not_interested: false,
  tally() {
    if (this.since) this.watched_ms += performance.now() - this.since;
    this.since = 0;
  },
  begin() {
    Object.assign(this, { started_at_ms: Date.now(), shown_ms: performance.now(), all_completions: 0, liked: false, not_interested: false });
  },
  /** Hands over what is new; nothing is told twice. @param {boolean} isLeaving the viewer moves on, the page stays */
  tell(isLeaving) {
    this.tally();
    const watched_ms = Math.round(this.watched_ms);
    const isNews = watched_ms > 0 || this.completions > 0 || this.not_interested;
    // What never came was not turned down.
    const isSkip = isLeaving && this.all_completions === 0 && current?.classList.contains("live");
    if (current?.dataset.page && (isNews || (isSkip && performance.now() - this.shown_ms > 300))) {
      report({
        page_id: current.dataset.page,
        position: Number(current.dataset.position),
        clip_id: current.dataset.id || "",
        watched_ms,
        completions: this.completions,
        skipped: Boolean(isSkip),
        liked: this.liked,
        not_interested: this.not_interested,
        started_at_ms: this.started_at_ms,
      });
    }
    Object.assign(this, { watched_ms: 0, completions: 0, started_at_ms: Date.now(), not_interested: false });
  },
};

const ring = new Ring({
  playing() {
    visit.tally();
    visit.since = performance.now();
    requestAnimationFrame(draw);
    showPlay(false);
  },
  stopped: () => visit.tally(),
  ended() {
    visit.completions += 1;
    visit.all_completions += 1;
    visit.tally();
    // A playlist plays through.
    if (current?.nextElementSibling && nextUrl().searchParams.has("through")) go(after(current));
  },
  refused() {
    halted = true;
    current?.classList.remove("waiting");
    showPlay(true);
  },
  async broken() {
    const article = current;
    article?.classList.add("broken");
    article?.classList.remove("waiting");
    showPlay(true, words.broken);
    if ((await reachable()) || article !== current || !article?.classList.contains("broken")) return;
    showPlay(true, words.unreachable);
    awaitServer();
  },
});

/* ---- without the server ---- */

let patience = 0;
const reachable = () => fetch("/healthz", { cache: "no-store" }).then(() => true, () => false);

/** Asks every few seconds whether the server is back; then all that failed goes on by itself. */
function awaitServer() {
  clearTimeout(patience);
  patience = setTimeout(async () => {
    if (!(await reachable())) return awaitServer();
    for (const lost of /** @type {NodeListOf<HTMLImageElement>} */ (list.querySelectorAll("img[hidden]"))) {
      lost.hidden = false;
      lost.src = lost.src;
    }
    if (current?.classList.contains("broken") && !halted) deeds.play(current, new Event("online"));
    if (["error", "offline"].includes(card.dataset.state || "")) loadMore();
    send();
  }, 3000);
}

list.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && (target.hidden = true), true);

/* ---- the current clip ---- */

const articles = () => /** @type {HTMLElement[]} */ ([...list.children]);
const after = (/** @type {Element | null | undefined} */ one) => /** @type {HTMLElement | null} */ (one?.nextElementSibling || null);
const before = (/** @type {Element | null | undefined} */ one) => /** @type {HTMLElement | null} */ (one?.previousElementSibling || null);
const video = () => ring.current?.video;

/** @param {HTMLElement} article */
function enter(article) {
  if (article === current) return;
  if (current) leave();
  current = article;
  visit.begin();
  article.classList.add("current");
  ring.show(article, before(article), after(article), plays());
  if (!plays()) showPlay(true);
  const url = article.dataset.url || "";
  // What comes behind it is kept over a reload.
  const state = { feed: scroller.dataset.feed, more: article.dataset.more || scroller.dataset.more };
  if (!scroller.dataset.feed && url === location.pathname) history.replaceState(history.state || state, "", url + location.hash);
  else history.replaceState(state, "", url);
  const caption = article.querySelector(".caption");
  const more = /** @type {HTMLElement | null} */ (article.querySelector('[data-do="more"]'));
  if (caption && more) more.hidden = caption.scrollHeight <= caption.clientHeight + 2;
  if (!panel.hidden && panel.dataset.kind) openPanel(panel.dataset.kind, null);
  captions("follow");
  if (article.dataset.kind === "photo") pictures().then((part) => current === article && part.enter(article), () => {});
  if (articles().indexOf(article) >= list.children.length - AHEAD) loadMore();
}

const pictures = () => import("./pictures.js");

/** What stands still is looked at, whether or not clips play by themselves. */
const plays = () => !halted || Boolean(current?.dataset.kind);

function leave() {
  if (!current) return;
  visit.tell(true);
  if (current.dataset.kind === "photo") pictures().then((part) => current?.dataset.kind !== "photo" && part.leave(), () => {});
  current.classList.remove("current", "waiting", "broken");
  showPlay(false);
}

const observer = new IntersectionObserver(
  (seen) => {
    for (const one of seen) if (one.intersectionRatio > 0.5) enter(/** @type {HTMLElement} */ (one.target));
  },
  { root: scroller, threshold: 0.51 },
);

/** At the card behind the last clip nothing plays on unseen. */
new IntersectionObserver(([one]) => {
  const rests = one.intersectionRatio > 0.5;
  if (document.body.classList.toggle("resting", rests)) video()?.pause();
  else if (current && plays() && !document.hidden) ring.current?.play();
}, { root: scroller, threshold: 0.51 }).observe(card);

/** @param {HTMLElement | null} article @param {boolean} [focus] */
function go(article, focus = false) {
  if (!article) return current && articles().at(-1) === current && card.scrollIntoView({ behavior: still.matches ? "instant" : "smooth" });
  article.scrollIntoView({ behavior: still.matches ? "instant" : "smooth", block: "start" });
  enter(article);
  if (focus) article.focus({ preventScroll: true });
}

function toggle() {
  const playing = video();
  if (!playing || current?.dataset.kind) return;
  halted = !playing.paused;
  if (halted) playing.pause();
  else ring.current?.play();
  showPlay(halted);
}

/** @param {boolean} shown @param {string} [label] */
function showPlay(shown, label = "") {
  const stage = current?.querySelector(".stage");
  stage?.querySelector(".play")?.remove();
  if (!shown || !stage) return;
  stage.append(document.importNode(/** @type {HTMLTemplateElement} */ (document.getElementById("play-button")).content, true));
  if (label) stage.querySelector(".play")?.append(Object.assign(document.createElement("span"), { textContent: label }));
}

/** The line along the bottom edge of the clip. */
function draw() {
  const playing = video();
  const line = /** @type {HTMLInputElement | null | undefined} */ (current?.querySelector(".scrub"));
  if (!playing || !line || playing.paused) return;
  paint(line, playing);
  requestAnimationFrame(draw);
}

/** @param {HTMLInputElement} line @param {HTMLVideoElement} playing */
function paint(line, playing) {
  const part = playing.duration ? playing.currentTime / playing.duration : 0;
  line.style.setProperty("--done", String(part));
  if (document.activeElement !== line || !playing.paused) line.value = String(Math.round(part * 1000));
}

list.addEventListener("input", (event) => {
  const line = /** @type {HTMLInputElement} */ (event.target);
  const playing = video();
  if (!line.matches(".scrub") || !playing?.duration) return;
  playing.currentTime = (Number(line.value) / 1000) * playing.duration;
  line.setAttribute("aria-valuetext", `${Math.round(playing.currentTime)} / ${Math.round(playing.duration)} s`);
  line.style.setProperty("--done", String(Number(line.value) / 1000));
});

/** What was covered is shown: it plays. */
list.addEventListener("change", (event) => /** @type {Element} */ (event.target).closest(".veil") && deeds.play(list, event));

/* ---- sound ---- */

const soundButton = /** @type {HTMLElement} */ (document.querySelector(".sound"));

/** Sound needs a gesture first; from then on it stays as the viewer wants it. */
function allowSound() {
  if (!muted && !ring.wantsSound && (navigator.userActivation?.hasBeenActive ?? true)) ring.sound(true);
  soundButton.setAttribute("aria-pressed", String(ring.wantsSound));
}

function toggleSound() {
  muted = ring.wantsSound;
  kept.set("sound", !muted);
  ring.sound(!muted);
  soundButton.setAttribute("aria-pressed", String(!muted));
  return muted;
}

for (const name of ["pointerup", "touchend", "keyup"]) document.addEventListener(name, allowSound, { passive: true });

/* ---- gestures: the stage of the current clip ---- */

/** @type {{x: number, y: number, at: number, hold: number, fast: boolean} | null} */ let press = null;
let tap = { x: 0, y: 0, at: 0, timer: 0 };
const free = (/** @type {Event} */ event) =>
  /** @type {HTMLElement} */ (event.target).closest(".stage") && !(/** @type {HTMLElement} */ (event.target).closest("a, button, input, label, .caption"));

list.addEventListener("pointerdown", (event) => {
  if (!free(event) || event.button !== 0) return;
  const hold = setTimeout(() => speed(true), 450);
  press = { x: event.clientX, y: event.clientY, at: event.timeStamp, hold, fast: false };
});

/** @param {boolean} fast */
function speed(fast) {
  const playing = video();
  if (!playing || (fast && (playing.paused || current?.dataset.kind))) return;
  if (press) press.fast = fast;
  playing.playbackRate = fast ? 2 : 1;
  current?.classList.toggle("fast", fast);
}

function release() {
  if (press) clearTimeout(press.hold);
  if (press?.fast) speed(false);
  press = null;
}

list.addEventListener("pointermove", (event) => {
  if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > 12) clearTimeout(press.hold);
});
list.addEventListener("pointercancel", release);
list.addEventListener("pointerup", (event) => {
  if (!press) return;
  const { x, y, fast } = press;
  release();
  const across = (event.clientX - x) * (document.dir === "rtl" ? -1 : 1);
  const down = Math.abs(event.clientY - y);
  if (fast) return;
  if (event.pointerType !== "mouse" && across < -70 && -across > 2 * down) return profile();
  if (Math.abs(across) < 12 && down < 12) tapped(event);
});
list.addEventListener("contextmenu", (event) => {
  if (free(event) && /** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
});

/** One tap pauses, two like where the finger is; the first tap of a silent visit brings the sound. @param {PointerEvent} event */
function tapped(event) {
  const isSecond = event.timeStamp - tap.at < 300 && Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < 48;
  clearTimeout(tap.timer);
  if (isSecond) {
    tap.at = 0;
    burst(event.clientX, event.clientY);
    return like(true);
  }
  const wasSilent = !muted && !ring.wantsSound && !halted;
  tap = { x: event.clientX, y: event.clientY, at: event.timeStamp, timer: wasSilent ? 0 : setTimeout(toggle, 260) };
  if (wasSilent) toast(words.sound_on);
}

/** @param {number} x @param {number} y */
function burst(x, y) {
  const stage = current?.querySelector(".stage");
  if (still.matches || !stage) return;
  const box = stage.getBoundingClientRect();
  const heart = document.createElement("span");
  heart.className = "burst";
  heart.append(document.importNode(/** @type {HTMLTemplateElement} */ (document.getElementById("icon")).content, true));
  heart.style.setProperty("left", `${x - box.left}px`);
  heart.style.setProperty("top", `${y - box.top}px`);
  stage.append(heart);
  setTimeout(() => heart.remove(), 900);
}

/* ---- what can be done with a clip ---- */

/** @param {boolean} [wanted] given: likes and never unlikes */
async function like(wanted) {
  const article = current;
  const button = article?.querySelector('[data-do="like"]');
  const count = /** @type {HTMLElement | null | undefined} */ (button?.querySelector("b"));
  if (!article || !button || !count) return;
  if (!signedIn()) return askSignIn();
  const was = button.getAttribute("aria-pressed") === "true";
  const on = wanted ?? !was;
  if (on === was) return;
  const show = (/** @type {boolean} */ liked, /** @type {number} */ number) => {
    button.setAttribute("aria-pressed", String(liked));
    count.dataset.count = String(number);
    count.textContent = short(number);
  };
  const number = Number(count.dataset.count);
  show(on, number + (on ? 1 : -1));
  visit.liked = on;
  try {
    const now = await act(on ? "PUT" : "DELETE", `/api/clips/${article.dataset.id}/like`);
    if (now) show(now.is_liked, now.like_count);
  } catch (fault) {
    show(was, number);
    complain(fault);
  }
}

function less() {
  if (!current || current.hasAttribute("data-own")) return;
  visit.not_interested = true;
  visit.tell(true);
  visit.begin();
  visit.all_completions = 1;
  toast(words.less);
  go(after(current), true);
  send();
}

/** @param {"follow" | "toggle"} deed */
const captions = (deed) => current?.dataset.captions && import("./captions.js").then((part) => current && part[deed](current, video), () => {});

const profile = () => current && location.assign("/@" + current.dataset.handle);

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

/* ---- the panel: comments or why ---- */

/** @type {HTMLElement | null} */ let opener = null;

/** @param {string} kind comments or why @param {HTMLElement | null} from where the focus returns to; null: the panel stays, the clip has changed */
async function openPanel(kind, from) {
  const article = current;
  if (!article) return;
  if (from) opener = from;
  panel.hidden = false;
  panel.dataset.kind = kind;
  document.body.classList.add("beside");
  const title = /** @type {HTMLElement} */ (document.getElementById("panel-title"));
  title.textContent = words[kind];
  if (from) title.focus({ preventScroll: true });
  const part = await (kind === "why" ? import("./why.js") : import("./comments.js")).catch(() => null);
  if (article !== current || panel.dataset.kind !== kind) return;
  if (part) await part.show(article);
  else /** @type {HTMLElement} */ (document.getElementById("panel-body")).textContent = words.unreachable;
}

function closePanel() {
  if (panel.hidden) return;
  panel.hidden = true;
  panel.dataset.kind = "";
  document.body.classList.remove("beside");
  const back = opener?.isConnected && opener.closest(".current") ? opener : current;
  back?.focus({ preventScroll: true });
}

/** @param {string} kind @param {HTMLElement} from */
const togglePanel = (kind, from) => (!panel.hidden && panel.dataset.kind === kind ? closePanel() : openPanel(kind, from));
const button = (/** @type {string} */ deed) => /** @type {HTMLElement} */ (current?.querySelector(`[data-do="${deed}"]`) || current);

document.addEventListener("click", (event) => {
  const inside = /** @type {HTMLElement} */ (event.target).closest(".panel, .rail, [data-do], dialog");
  if (!wide.matches && !panel.hidden && !inside) closePanel();
});

/* ---- buttons and keys ---- */

/** The clip that a button belongs to becomes the current one first. @param {() => unknown} deed */
const here = (deed) => (/** @type {HTMLElement} */ from) => {
  const article = /** @type {HTMLElement | null} */ (from.closest(".clip"));
  if (article) enter(article);
  return deed();
};

Object.assign(deeds, {
  like: here(() => like()),
  less: here(less),
  comments: (/** @type {HTMLElement} */ from) => here(() => togglePanel("comments", from))(from),
  why: (/** @type {HTMLElement} */ from) => here(() => togglePanel("why", from))(from),
  captions: here(() => captions("toggle")),
  close: closePanel,
  sound: toggleSound,
  play() {
    current?.classList.remove("broken");
    halted = false;
    showPlay(false);
    ring.current?.play();
  },
  next: () => go(after(current)),
  previous: () => go(before(current)),
  more(/** @type {HTMLElement} */ from) {
    const isOpen = from.closest(".said")?.classList.toggle("open");
    from.textContent = isOpen ? words.fewer : words.more;
  },
  again: () => loadMore(),
});

/** @type {Record<string, () => unknown>} */
const keys = {
  ArrowDown: () => go(after(current), true),
  ArrowUp: () => go(before(current), true),
  PageDown: () => go(after(current), true),
  PageUp: () => go(before(current), true),
  " ": toggle,
  Escape: closePanel,
};
/** Single letters, which can be switched off. @type {Record<string, () => unknown>} */
const letters = {
  j: keys.ArrowDown,
  k: keys.ArrowUp,
  l: () => like(),
  c: () => togglePanel("comments", button("comments")),
  s: () => button("share")?.click(),
  b: () => button("save")?.click(),
  m: () => toast(toggleSound() ? words.sound_off : words.sound_on),
  t: () => captions("toggle"),
  w: () => togglePanel("why", button("why")),
  n: less,
  p: profile,
  f: fullScreen,
};

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog")) return;
  const typing = target.closest("input:not([type=range]), textarea, select");
  if (event.key === "Escape") return closePanel();
  if (typing || (target.matches("input") && event.key.startsWith("Arrow")) || (target.closest("a, button") && event.key === " ")) return;
  if (target.closest(".panel") && /^(Arrow|Page)/.test(event.key)) return;
  const deed = keys[event.key] || (kept.get("letters", true) && letters[event.key.toLowerCase()]);
  if (!deed) return;
  event.preventDefault();
  deed();
});

/* ---- more clips ---- */

/** The address of the next page; all but For You and what was found go on below the last clip. */
function nextUrl() {
  const last = articles().at(-1);
  const url = new URL(last?.dataset.more || scroller.dataset.more || "", location.href);
  url.searchParams.set("count", String(PAGE));
  if (!url.pathname.endsWith("/for-you.html") && !url.searchParams.has("from")) url.searchParams.set("before", last?.dataset.before || last?.dataset.id || "");
  return url;
}

/** The watches go first: the next page is made from them. */
async function loadMore() {
  if (isLoading || isEnd) return;
  isLoading = true;
  list.setAttribute("aria-busy", "true");
  tellState("loading");
  try {
    await send();
    const answer = await fetch(nextUrl(), { headers: { accept: "text/html" } });
    if (!answer.ok) throw await refusal(answer);
    const there = list.children.length;
    const known = new Set(articles().map((one) => one.dataset.id));
    list.insertAdjacentHTML("beforeend", await answer.text());
    for (const fresh of articles().slice(there)) {
      if (known.has(fresh.dataset.id)) fresh.remove();
      else known.add(fresh.dataset.id);
    }
    number();
    isEnd = list.children.length === there;
    tellState(isEnd ? "end" : "");
    if (current && !isEnd) ring.next = after(current);
    if ((video()?.readyState || 0) > 2) ring.prepareNext();
  } catch (fault) {
    const { status, message, reference } = fault;
    tellState(navigator.onLine ? "error" : "offline", status ? `${message} ${words.reference} ${reference}` : words.unreachable);
    if (!status) awaitServer();
  } finally {
    isLoading = false;
    list.setAttribute("aria-busy", "false");
  }
}

/** The card behind the last clip. @param {"" | "loading" | "end" | "error" | "offline"} state @param {string} [text] */
function tellState(state, text = "") {
  card.hidden = state === "" || (!list.children.length && state === "end");
  card.dataset.state = state;
  if (state === "" || state === "loading" || card.hidden) return card.replaceChildren();
  card.replaceChildren(document.importNode(/** @type {HTMLTemplateElement} */ (document.getElementById("state-card")).content, true));
  const [icon, title, said] = {
    end: ["circle-check", words.end_title, words.end_text],
    offline: ["wifi-off", words.off_title, words.off_text],
    error: ["circle-alert", words.err_title, text],
  }[state];
  /** @type {HTMLElement} */ (card.querySelector("h2")).textContent = title;
  /** @type {HTMLElement} */ (card.querySelector("h2 + p")).textContent = said;
  const use = card.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") || "").replace(/#.*/, "#" + icon));
  if (state === "end") card.querySelector(".actions")?.remove();
}

function number() {
  articles().forEach((one, at) => {
    if (one.hasAttribute("aria-posinset")) return;
    one.setAttribute("aria-posinset", String(at + 1));
    const veil = /** @type {HTMLInputElement | null} */ (one.querySelector(".veil input"));
    if (veil) veil.checked = kept.get("unveiled", false);
    one.setAttribute("aria-setsize", "-1");
    observer.observe(one);
  });
}

addEventListener("online", () => card.dataset.state && card.dataset.state !== "end" && loadMore());

/* ---- coming and going ---- */

function depart() {
  video()?.pause();
  visit.tell(false);
  sendLast();
}

function arrive() {
  if (plays()) ring.current?.play();
  send();
}

document.addEventListener("visibilitychange", () => (document.hidden ? depart() : arrive()));
addEventListener("pagehide", depart);
addEventListener("pageshow", (event) => event.persisted && arrive());

if (!scroller.dataset.feed && history.state?.feed) {
  scroller.dataset.feed = history.state.feed;
  scroller.dataset.more = `/feed/${history.state.feed}.html`;
} else if (!scroller.dataset.feed && history.state?.more) scroller.dataset.more = history.state.more;
if (panel.hasAttribute("data-given") && (!wide.matches || history.state?.feed) && location.hash !== "#comments") panel.hidden = true;
soundButton.setAttribute("aria-pressed", "false");
number();
const [first] = articles();
if (first) enter(first);
if (first && !panel.hidden && panel.hasAttribute("data-given")) {
  panel.dataset.kind = "comments";
  document.body.classList.add("beside");
  import("./comments.js").then((comments) => comments.adopt(first));
}
