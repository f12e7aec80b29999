/** The pictures of a photo post: chosen, sent while its words are written, put in order, described, and posted. */
import { call, kept, wordsOf } from "./api.js";
import { publishAt_us, say, wordsIn } from "./saying.js";
import { Upload } from "./tus.js";

/** @typedef {{clip: string, file: File | null, url: string, alt: string, isThere: boolean, fault: string, share: number, isWaiting: boolean,
 *   upload: Upload | null, card: HTMLElement}} Picture */

const said = wordsOf("photo-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ ($("composer"));
const list = /** @type {HTMLElement} */ ($("chosen"));
const MOST = 35;
const AT_ONCE = 2;
const KEY = "photos";

/** @type {Picture[]} */ const pictures = [];
let posting = "";
/** The post that they are in already, where only its words were not taken. */
let gathered = "";
let running = 0;

/** @param {string} text @param {Record<string, unknown>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

/** @param {string} text */
function refuse(text) {
  $("refusal").textContent = text;
  $("refusal").hidden = !text;
}

/* ---- choosing and sending ---- */

/** @param {Iterable<File>} files */
function take(files) {
  if (gathered) return;
  refuse("");
  for (const file of files) {
    if (pictures.length >= MOST) {
      refuse(filled(said.many, { count: MOST }));
      break;
    }
    add({ clip: "", file, url: URL.createObjectURL(file), alt: "", isThere: false });
  }
  draw();
  pump();
}

/** @param {Partial<Picture>} told */
function add(told) {
  const card = /** @type {HTMLElement} */ (document.importNode($("picture-card").content, true).firstElementChild);
  const picture = /** @type {Picture} */ ({ fault: "", share: 0, isWaiting: false, upload: null, card, ...told });
  const alt = /** @type {HTMLTextAreaElement} */ (card.querySelector("textarea"));
  /** @type {HTMLImageElement} */ (card.querySelector("img")).src = picture.url;
  alt.value = picture.alt;
  alt.addEventListener("input", () => {
    picture.alt = alt.value;
    keep();
  });
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (card.querySelectorAll("[data-move]"))) {
    button.addEventListener("click", () => {
      move(picture, pictures.indexOf(picture) + Number(button.dataset.move));
      (button.disabled ? /** @type {HTMLElement} */ (card.querySelector("[data-move]:enabled")) : button)?.focus();
    });
  }
  card.querySelector("[data-remove]")?.addEventListener("click", () => remove(picture));
  drag(picture);
  pictures.push(picture);
}

/** Begins what waits, a few at once. */
function pump() {
  for (const picture of pictures) {
    if (running >= AT_ONCE) return;
    if (!picture.file || picture.isThere || picture.upload || picture.fault) continue;
    running += 1;
    const upload = (picture.upload = new Upload(picture.file, listener(picture), [["kind", "photo"]]));
    upload.run().finally(() => {
      running -= 1;
      pump();
    });
  }
}

/** @param {Picture} picture @returns {import("./tus.js").Listener} */
const listener = (picture) => ({
  progress(sent, size) {
    picture.share = sent / size;
    mark(picture);
  },
  state(name) {
    picture.isWaiting = name === "waiting";
    if (name === "uploaded") {
      picture.isThere = true;
      keep();
      look(picture);
      if (posting) post();
    }
    mark(picture);
  },
  refused(text) {
    fail(picture, text);
  },
  begun(clip) {
    picture.clip = clip;
    keep();
  },
});

/** What is no picture shows once the server has looked into it. @param {Picture} picture */
async function look(picture) {
  for (let wait_ms = 400; pictures.includes(picture) && !gathered && wait_ms < 60000; wait_ms *= 1.5) {
    const mine = await call("GET", `/api/clips/${picture.clip}/mine`).catch(() => null);
    if (mine?.refusal) return fail(picture, mine.refusal.text);
    if (mine && !["uploading", "uploaded"].includes(mine.state)) return;
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
  }
}

/** @param {Picture} picture @param {string} text */
function fail(picture, text) {
  picture.fault = text;
  posting = "";
  $("saved").textContent = "";
  mark(picture);
}

/** @param {Picture} picture */
function remove(picture) {
  const at = pictures.indexOf(picture);
  pictures.splice(at, 1);
  if (picture.upload && !picture.isThere) picture.upload.discard();
  else if (picture.clip) call("DELETE", `/api/clips/${picture.clip}`).catch(() => {});
  if (picture.file) URL.revokeObjectURL(picture.url);
  draw();
  keep();
  const next = pictures[Math.min(at, pictures.length - 1)];
  /** @type {HTMLElement} */ (next?.card.querySelector("[data-remove]") || $("file")).focus();
}

/* ---- their order ---- */

/** @param {Picture} picture @param {number} to */
function move(picture, to) {
  if (to < 0 || to >= pictures.length) return;
  pictures.splice(pictures.indexOf(picture), 1);
  pictures.splice(to, 0, picture);
  draw();
  keep();
  $("moved").textContent = filled(said.moved, { place: to + 1, count: pictures.length });
}

/** With a mouse by the browser's own dragging, with a finger on the picture by pointer events. @param {Picture} picture */
function drag(picture) {
  const { card } = picture;
  const hold = (/** @type {boolean} */ on) => card.classList.toggle("held", on);
  const over = (/** @type {Element | null} */ under) => {
    const other = pictures.find((one) => one.card === under?.closest("#chosen > li"));
    if (other && other !== picture) move(picture, pictures.indexOf(other));
  };
  card.addEventListener("dragstart", () => hold(true));
  card.addEventListener("dragend", () => hold(false));
  card.addEventListener("dragover", (event) => {
    event.preventDefault();
    const held = pictures.find((one) => one.card.classList.contains("held"));
    if (held && held !== picture) move(held, pictures.indexOf(picture));
  });
  const image = /** @type {HTMLElement} */ (card.querySelector("img"));
  image.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") return;
    image.setPointerCapture(event.pointerId);
    hold(true);
  });
  image.addEventListener("pointermove", (event) => {
    if (image.hasPointerCapture(event.pointerId)) over(document.elementFromPoint(event.clientX, event.clientY));
  });
  for (const name of ["pointerup", "pointercancel"]) image.addEventListener(name, () => hold(false));
}

/* ---- how it is shown ---- */

function draw() {
  list.hidden = !pictures.length;
  for (const [at, picture] of pictures.entries()) {
    if (list.children[at] !== picture.card) list.insertBefore(picture.card, list.children[at] || null);
    const place = { place: at + 1, count: pictures.length };
    /** @type {HTMLElement} */ (picture.card.querySelector(".place")).textContent = filled(said.place, place);
    picture.card.querySelector("textarea")?.setAttribute("aria-label", filled(said.alt, place));
    const [earlier, later] = /** @type {NodeListOf<HTMLButtonElement>} */ (picture.card.querySelectorAll("[data-move]"));
    earlier.setAttribute("aria-label", filled(said.earlier, place));
    later.setAttribute("aria-label", filled(said.later, place));
    picture.card.querySelector("[data-remove]")?.setAttribute("aria-label", filled(said.remove, place));
    earlier.disabled = at === 0;
    later.disabled = at === pictures.length - 1;
    mark(picture);
  }
  while (list.children.length > pictures.length) list.lastElementChild?.remove();
  $("file").required = !pictures.length;
}

/** @param {Picture} picture */
function mark(picture) {
  const line = /** @type {HTMLElement} */ (picture.card.querySelector(".state"));
  const percent = `${Math.floor(picture.share * 100)} %`;
  line.textContent = picture.fault || (picture.isThere ? said.sent : picture.isWaiting ? said.waiting : percent);
  picture.card.classList.toggle("failed", Boolean(picture.fault));
}

/* ---- what is kept over a reload ---- */

/** What has come to the server, and what is said; what is still on its way is chosen again. */
function keep() {
  if (gathered) return;
  const there = pictures.filter((one) => one.isThere && !one.fault).map(({ clip, alt }) => ({ clip, alt }));
  const { alt: _, ...told } = wordsIn(form);
  kept.set(KEY, there.length || told.caption ? { pictures: there, told } : undefined);
}

async function restore() {
  const before = kept.get(KEY, /** @type {any} */ (null));
  if (!before) return;
  say(form, { ...before.told, alt: undefined });
  for (const { clip, alt } of before.pictures) {
    const mine = await call("GET", `/api/clips/${clip}/mine`).catch(() => null);
    if (mine && mine.kind === "photo" && !mine.is_published && mine.state !== "refused") {
      add({ clip, file: null, alt, isThere: true, url: mine.pictures[0]?.sizes[0].url || mine.poster_url || "" });
    }
  }
  draw();
}

/* ---- posting ---- */

/** What is in a post stays as it is. */
function settle() {
  for (const one of /** @type {NodeListOf<HTMLInputElement>} */ (list.querySelectorAll("button, textarea"))) one.disabled = true;
  $("file").disabled = true;
  kept.set(KEY, undefined);
}

/** Once all of them are there. */
async function post() {
  const bad = pictures.find((one) => one.fault);
  if (!pictures.length || bad) {
    posting = "";
    return refuse(bad ? said.left : said.none);
  }
  refuse("");
  if (pictures.some((one) => !one.isThere)) return void ($("saved").textContent = said.waits);
  const wish = posting;
  posting = "";
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button[name=wish]"))) button.disabled = true;
  try {
    const sound = /** @type {HTMLInputElement | null} */ (form.elements.namedItem("sound"))?.value;
    const body = { pictures: pictures.map(({ clip, alt }) => ({ clip, alt })), ...(sound ? { sound } : {}) };
    gathered ||= (await call("POST", "/api/clips/pictures", body)).clip.id;
    settle();
    const { alt: _, ...told } = wordsIn(form);
    const later = wish === "publish" ? publishAt_us() : null;
    await call("PATCH", `/api/clips/${gathered}`, { ...told, wish, ...(later ? { publish_at_us: later } : {}) });
    pictures.length = 0;
    kept.set(KEY, undefined);
    location.assign("/studio");
  } catch (fault) {
    refuse(fault.message);
    $("saved").textContent = "";
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button[name=wish]"))) button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  posting = /** @type {HTMLButtonElement} */ (event.submitter)?.value || "publish";
  post();
});
form.addEventListener("input", keep);
$("file").addEventListener("change", () => {
  take([...$("file").files]);
  $("file").value = "";
});
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const files = /** @type {DragEvent} */ (event).dataTransfer?.files;
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && files?.length) take(files);
  });
}
addEventListener("beforeunload", (event) => pictures.some((one) => !one.isThere && !one.fault) && event.preventDefault());
restore();
