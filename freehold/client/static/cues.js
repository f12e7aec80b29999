/** The editor of captions: cues on a timeline and in a list, beside the clip that they are of. */
import { call, complain, toast, wordsOf } from "./api.js";

/** @typedef {{from_ms: number, to_ms: number, text: string}} Cue */
const said = wordsOf("cue-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const editor = /** @type {HTMLElement} */ ($("cues"));
const video = /** @type {HTMLVideoElement} */ ($("cue-video"));
const track = /** @type {HTMLElement} */ ($("cue-track"));
const list = /** @type {HTMLElement} */ ($("cue-list"));
const language = /** @type {HTMLSelectElement} */ ($("cue-language"));
const clip = editor.dataset.clip;
const whole_ms = Number(editor.dataset.ms) || 1;
const LEAST_MS = 100;
const NEW_MS = 2000;

/** What is written in each language that was chosen: choosing another loses none of it.
 * @type {Map<string, {cues: Cue[], isChanged: boolean}>} */
const written = new Map();
/** @type {Cue[]} */ let cues = [];

const clock = (/** @type {number} */ ms) => `${Math.floor(ms / 60000)}:${((ms / 1000) % 60).toFixed(2).padStart(5, "0")}`;
const now_ms = () => Math.round(video.currentTime * 1000);

/** @param {string} wished @returns {Promise<Cue[]>} */
async function asked(wished) {
  try {
    return (await call("GET", `/api/clips/${clip}/captions/${wished}`)).cues;
  } catch (/** @type {any} */ fault) {
    if (fault.code === "captions-absent") return [];
    throw fault;
  }
}

/** Shows the chosen language. Nothing can be added or saved before what is there has come: it would be written over. */
async function choose() {
  const wished = language.value;
  setReady(written.has(wished));
  try {
    if (!written.has(wished)) {
      const found = await asked(wished);
      if (!written.has(wished)) written.set(wished, { cues: found, isChanged: false });
    }
  } catch (fault) {
    return complain(fault);
  }
  if (wished !== language.value) return;
  cues = written.get(wished)?.cues || [];
  draw();
  setReady(true);
}

/** @param {boolean} isReady */
function setReady(isReady) {
  for (const id of ["cue-add", "cue-save"]) $(id).disabled = !isReady;
  if (!isReady) {
    cues = [];
    draw();
  }
}

function change() {
  const one = written.get(language.value);
  if (one) one.isChanged = true;
}

/** @param {Cue} cue @param {number} from_ms @param {number} to_ms */
function time(cue, from_ms, to_ms) {
  cue.from_ms = Math.max(0, Math.min(Math.round(from_ms), whole_ms - LEAST_MS));
  cue.to_ms = Math.max(cue.from_ms + LEAST_MS, Math.min(Math.round(to_ms), Math.max(whole_ms, cue.from_ms + LEAST_MS)));
  change();
}

function draw() {
  cues.sort((one, other) => one.from_ms - other.from_ms);
  track.replaceChildren(head, ...cues.map(block));
  list.replaceChildren(...cues.map(card));
  follow();
}

/* ---- the timeline ---- */

const head = Object.assign(document.createElement("i"), { className: "head" });

/** @param {HTMLElement} node @param {Cue} cue */
function place(node, cue) {
  node.style.setProperty("inset-inline-start", `${(cue.from_ms / whole_ms) * 100}%`);
  node.style.setProperty("inline-size", `${((cue.to_ms - cue.from_ms) / whole_ms) * 100}%`);
}

/** A cue on the timeline: moved by its middle, made longer or shorter at its ends. @param {Cue} cue */
function block(cue) {
  const node = document.createElement("span");
  node.className = "block";
  node.textContent = cue.text;
  node.dir = "auto";
  place(node, cue);
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.setPointerCapture(event.pointerId);
    const box = node.getBoundingClientRect();
    const isRtl = document.dir === "rtl";
    const inside = isRtl ? box.right - event.clientX : event.clientX - box.left;
    const grip = Math.min(12, box.width / 3);
    const part = inside < grip ? "from" : inside > box.width - grip ? "to" : "both";
    const was = { ...cue };
    const move = (/** @type {PointerEvent} */ moved) => {
      const by_ms = (((moved.clientX - event.clientX) * (isRtl ? -1 : 1)) / track.clientWidth) * whole_ms;
      if (part === "both") {
        const shift = Math.max(-was.from_ms, Math.min(by_ms, whole_ms - was.to_ms));
        time(cue, was.from_ms + shift, was.to_ms + shift);
      } else time(cue, part === "from" ? Math.min(was.from_ms + by_ms, was.to_ms - LEAST_MS) : was.from_ms, part === "to" ? was.to_ms + by_ms : was.to_ms);
      place(node, cue);
      video.currentTime = (part === "to" ? cue.to_ms - 1 : cue.from_ms) / 1000;
    };
    node.addEventListener("pointermove", move);
    node.addEventListener("pointerup", () => {
      node.removeEventListener("pointermove", move);
      draw();
    }, { once: true });
  });
  return node;
}

track.addEventListener("pointerdown", (event) => {
  const box = track.getBoundingClientRect();
  const part = (event.clientX - box.left) / box.width;
  video.currentTime = ((document.dir === "rtl" ? 1 - part : part) * whole_ms) / 1000;
});

function follow() {
  const at_ms = now_ms();
  head.style.setProperty("inset-inline-start", `${Math.min(100, (at_ms / whole_ms) * 100)}%`);
  $("cue-now").textContent = clock(at_ms);
  $("cue-shown").textContent = cues.filter((cue) => cue.from_ms <= at_ms && at_ms < cue.to_ms).map((cue) => cue.text).join("\n");
  [...list.children].forEach((item, at) => item.classList.toggle("now", cues[at].from_ms <= at_ms && at_ms < cues[at].to_ms));
}

for (const name of ["timeupdate", "seeked", "loadedmetadata"]) video.addEventListener(name, follow);
$("cue-play").addEventListener("click", () => (video.paused ? video.play() : video.pause()));
for (const name of ["play", "pause"]) video.addEventListener(name, () => $("cue-play").setAttribute("aria-pressed", String(!video.paused)));

/* ---- the list ---- */

/** @param {Cue} cue */
function card(cue) {
  const item = /** @type {HTMLElement} */ (/** @type {HTMLTemplateElement} */ ($("cue-card")).content.firstElementChild?.cloneNode(true));
  const number = String(cues.indexOf(cue) + 1);
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (item.querySelector(`[data-cue="${name}"]`));
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[aria-label]"))) one.setAttribute("aria-label", `${one.getAttribute("aria-label")} (${number})`);
  const fill = () => {
    field("from").value = (cue.from_ms / 1000).toFixed(2);
    field("to").value = (cue.to_ms / 1000).toFixed(2);
  };
  fill();
  field("text").value = cue.text;
  field("text").addEventListener("input", () => {
    cue.text = field("text").value;
    change();
    const node = track.children[cues.indexOf(cue) + 1];
    if (node) node.textContent = cue.text;
    follow();
  });
  for (const name of ["from", "to"]) {
    field(name).addEventListener("change", () => {
      time(cue, Number(field("from").value) * 1000, Number(field("to").value) * 1000);
      draw();
      refocus(cue, `[data-cue="${name}"]`);
    });
  }
  const deed = (/** @type {string} */ name, /** @type {() => void} */ done) => item.querySelector(`[data-deed="${name}"]`)?.addEventListener("click", done);
  deed("begin", () => {
    time(cue, now_ms(), Math.max(cue.to_ms, now_ms() + LEAST_MS));
    draw();
    refocus(cue, '[data-deed="begin"]');
  });
  deed("end", () => {
    time(cue, Math.min(cue.from_ms, now_ms() - LEAST_MS), now_ms());
    draw();
    refocus(cue, '[data-deed="end"]');
  });
  deed("see", () => (video.currentTime = cue.from_ms / 1000));
  deed("remove", () => {
    cues.splice(cues.indexOf(cue), 1);
    change();
    draw();
    $("cue-add").focus();
  });
  return item;
}

/** @param {Cue} cue @param {string} what */
const refocus = (cue, what) => /** @type {HTMLElement | null} */ (list.children[cues.indexOf(cue)]?.querySelector(what))?.focus();

$("cue-add").addEventListener("click", () => {
  const from_ms = Math.min(now_ms(), Math.max(0, whole_ms - LEAST_MS));
  const next = cues.find((cue) => cue.from_ms > from_ms);
  const cue = { from_ms, to_ms: Math.min(from_ms + NEW_MS, next ? next.from_ms : Math.max(whole_ms, from_ms + LEAST_MS)), text: "" };
  cues.push(cue);
  change();
  draw();
  refocus(cue, "textarea");
});

$("cue-save").addEventListener("click", async () => {
  const one = written.get(language.value);
  if (!one) return;
  const path = `/api/clips/${clip}/captions/${language.value}`;
  const kept = cues.filter((cue) => cue.text.trim());
  one.isChanged = false;
  try {
    if (kept.length) await call("PUT", path, { cues: kept });
    else await call("DELETE", path);
    toast(said.saved);
  } catch (fault) {
    one.isChanged = true;
    complain(fault);
  }
});
language.addEventListener("change", choose);
addEventListener("beforeunload", (event) => [...written.values()].some((one) => one.isChanged) && event.preventDefault());
choose();
