/** Texts over the clip: drawn here, seen where and when they will be, and burnt in by the server. */
import { wordsOf } from "./api.js";
import { clock, listen, now, total_ms } from "./parts.js";

/** @typedef {{text: string, x: number, y: number, size: number, look: string, from_ms: number, to_ms: number}} Note places in permille of their middle; `to_ms` 0 is the end */

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const box = /** @type {HTMLElement} */ ($("film"));
const list = /** @type {HTMLElement} */ ($("texts"));
const WIDTH_PX = 720;
const FONT = '700 {size}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
/** Ink, and what is behind it. @type {Record<string, [string, string]>} */
const LOOKS = { dark: ["#fff", "#101511d9"], light: ["#101511", "#ffffffe6"], marigold: ["#2a1d08", "#f7ad1f"], plain: ["#fff", ""] };

/** @type {Note[]} */ export const texts = [];
const heard = { changed() {} };
/** @param {() => void} changed */
export const onChange = (changed) => (heard.changed = changed);

/** @param {Note} note @returns {HTMLCanvasElement} as wide as it needs to be in a picture 720 wide */
function drawn(note) {
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const [ink, ground] = LOOKS[note.look];
  const font = FONT.replace("{size}", String(note.size));
  const pad = Math.round(note.size * 0.4);
  pen.font = font;
  const lines = note.text.split("\n").flatMap((line) => wrapped(pen, line, WIDTH_PX * 0.9 - 2 * pad));
  const height = Math.round(note.size * 1.25);
  canvas.width = Math.min(WIDTH_PX, Math.ceil(Math.max(...lines.map((line) => pen.measureText(line).width), note.size)) + 2 * pad);
  canvas.height = lines.length * height + pad;
  pen.font = font;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  if (ground) {
    pen.fillStyle = ground;
    pen.beginPath();
    pen.roundRect(0, 0, canvas.width, canvas.height, pad);
    pen.fill();
  } else Object.assign(pen, { shadowColor: "#000c", shadowBlur: note.size / 6, strokeStyle: "#0009", lineWidth: note.size / 10, lineJoin: "round" });
  pen.fillStyle = ink;
  lines.forEach((line, at) => {
    const y = pad / 2 + height * (at + 0.5);
    if (!ground) pen.strokeText(line, canvas.width / 2, y);
    pen.fillText(line, canvas.width / 2, y);
  });
  return canvas;
}

/** Broken between note, and inside what is too long for a line. @param {CanvasRenderingContext2D} pen @param {string} line @param {number} width_px */
function wrapped(pen, line, width_px) {
  const lines = [""];
  for (const word of line.split(/(?<=\s)/)) {
    for (const bit of pen.measureText(word).width > width_px ? word : [word]) {
      if (lines[lines.length - 1] && pen.measureText(lines[lines.length - 1] + bit.trimEnd()).width > width_px) lines.push("");
      lines[lines.length - 1] += bit;
    }
  }
  return lines.map((one) => one.trimEnd());
}

/** Where its upper left corner is, in permille, kept inside. @param {Note} note @param {HTMLCanvasElement} canvas */
function placed(note, canvas) {
  const ratio = box.clientHeight / Math.max(1, box.clientWidth) || 16 / 9;
  const width = (canvas.width / WIDTH_PX) * 1000;
  const height = Math.min(1000, ((canvas.height / WIDTH_PX) * 1000) / ratio);
  const within = (/** @type {number} */ at, /** @type {number} */ whole) => Math.round(Math.max(0, Math.min(1000 - whole, at - whole / 2)));
  return { x: within(note.x, width), y: within(note.y, height), width: Math.max(1, Math.min(1000, Math.round(width))) };
}

/** As the API takes them. */
export const overlays = () =>
  texts.filter((note) => note.text.trim()).map((note) => {
    const canvas = drawn(note);
    const { x, y, width } = placed(note, canvas);
    const to_ms = note.to_ms || total_ms();
    return { text: note.text, picture: canvas.toDataURL("image/png").split(",")[1], x_permille: x, y_permille: y, width_permille: width, from_ms: Math.min(note.from_ms, to_ms - 1), to_ms };
  });

/* ---- over the preview ---- */

/** @type {Map<Note, HTMLElement>} */ const shown = new Map();

export function paint() {
  for (const node of shown.values()) node.remove();
  shown.clear();
  for (const note of texts) {
    if (!note.text.trim()) continue;
    const canvas = drawn(note);
    const { x, y, width } = placed(note, canvas);
    canvas.className = "over";
    canvas.setAttribute("aria-hidden", "true");
    for (const [name, value] of /** @type {[string, number][]} */ ([["left", x], ["top", y], ["width", width]])) canvas.style.setProperty(name, `${value / 10}%`);
    canvas.addEventListener("pointerdown", (event) => drag(note, canvas, event));
    box.append(canvas);
    shown.set(note, canvas);
  }
  moved();
}

/** Shows those whose time it is. */
function moved() {
  for (const [note, node] of shown) node.hidden = now.at_ms < note.from_ms || now.at_ms >= (note.to_ms || Infinity);
}

/** @param {Note} note @param {HTMLElement} node @param {PointerEvent} begin */
function drag(note, node, begin) {
  begin.preventDefault();
  node.setPointerCapture(begin.pointerId);
  const from = { ...note };
  const move = (/** @type {PointerEvent} */ event) => {
    note.x = Math.max(0, Math.min(1000, from.x + ((event.clientX - begin.clientX) / box.clientWidth) * 1000));
    note.y = Math.max(0, Math.min(1000, from.y + ((event.clientY - begin.clientY) / box.clientHeight) * 1000));
    const { x, y } = placed(note, /** @type {HTMLCanvasElement} */ (node));
    node.style.setProperty("left", `${x / 10}%`);
    node.style.setProperty("top", `${y / 10}%`);
  };
  node.addEventListener("pointermove", move);
  node.addEventListener("pointerup", () => {
    node.removeEventListener("pointermove", move);
    draw();
    heard.changed();
  }, { once: true });
}

/* ---- the list ---- */

/** @param {Note} note */
function card(note) {
  const item = /** @type {HTMLElement} */ (/** @type {HTMLTemplateElement} */ ($("text-card")).content.firstElementChild?.cloneNode(true));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (item.querySelector(`[data-text="${name}"]`));
  const number = String(texts.indexOf(note) + 1);
  for (const one of /** @type {NodeListOf<HTMLInputElement>} */ (item.querySelectorAll("[data-text]"))) {
    const name = /** @type {keyof Note} */ (one.dataset.text);
    const value = note[name];
    if (name === "from_ms" || name === "to_ms") one.max = String(total_ms());
    one.value = String(name === "to_ms" ? value || total_ms() : value);
    one.setAttribute("aria-label", `${one.getAttribute("aria-label")} (${number})`);
    one.addEventListener("input", () => {
      /** @type {any} */ (note)[name] = one.type === "range" || name === "size" ? Number(one.value) : one.value;
      if (name === "to_ms" && note.to_ms >= total_ms()) note.to_ms = 0;
      if (name.endsWith("_ms")) one.setAttribute("aria-valuetext", clock(Number(one.value)));
      paint();
      heard.changed();
    });
  }
  item.querySelector("button")?.addEventListener("click", () => {
    texts.splice(texts.indexOf(note), 1);
    draw();
    heard.changed();
    $("add-text").focus();
  });
  item.addEventListener("focusin", () => field("text").value && paint());
  return item;
}

export function draw() {
  list.replaceChildren(...texts.map(card));
  $("add-text").disabled = texts.length >= 20;
  paint();
}

$("add-text").addEventListener("click", () => {
  texts.push({ text: said.new_text, x: 500, y: 300, size: 56, look: "dark", from_ms: 0, to_ms: 0 });
  draw();
  heard.changed();
  const field = /** @type {HTMLTextAreaElement | null} */ (list.lastElementChild?.querySelector("textarea"));
  field?.focus();
  field?.select();
});
listen(/** @type {any} */ ({ moved }));
new ResizeObserver(paint).observe(box);
