/** The composer: the upload runs while the caption is written, and what is written is kept by the server as a draft.
 * A reload goes on where it was: the page's address names the clip, and the browser keeps its file. */
import { call, complain, kept, wordsOf } from "./api.js";
import { find, forget, keep } from "./files.js";
import { publishAt_us, say, wordsIn } from "./saying.js";
import { unfinished, Upload } from "./tus.js";

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ ($("composer"));
const size = (/** @type {number} */ bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** @type {Upload | null} */ let upload = null;
/** @type {{clip: string, posting: boolean, cover_ms: number | null, began_ms: number, began_bytes: number, poll: number, save: number}} */
const work = { clip: form.dataset.clip || "", posting: false, cover_ms: null, began_ms: 0, began_bytes: 0, poll: 0, save: 0 };

/* ---- taking a file ---- */

/** @param {File | undefined} file */
async function take(file) {
  if (!file) return;
  if (file.type && !/^(video|application\/octet)/.test(file.type)) return refuse(said.notvideo, "file-refusal");
  refuse("", "file-refusal");
  show(file.name);
  $("file-facts").textContent = size(file.size);
  look(file);
  const begun = (upload = new Upload(file, { progress, state, refused, begun: (clip) => adopt(clip, file) }));
  poll();
  await begun.run();
  if (begun.clip) forget(begun.clip);
}

/** The card of what was taken, in place of the choice. @param {string} name */
function show(name) {
  $("drop").hidden = true;
  $("unfinished").hidden = true;
  $("taken").hidden = false;
  $("file").required = false;
  $("file-name").textContent = name;
}

/** From here on the clip is a draft on the server, and the page's address says which. @param {string} clip @param {File} file */
function adopt(clip, file) {
  if (work.clip !== clip) {
    const words = kept.get("written.new", undefined);
    kept.set("written.new", undefined);
    work.clip = clip;
    if (words) kept.set("written." + clip, words);
    history.replaceState(null, "", "/upload?clip=" + clip);
    save();
  }
  keep(clip, file);
}

/** @param {File} file */
function look(file) {
  const preview = /** @type {HTMLVideoElement} */ ($("preview"));
  preview.src = URL.createObjectURL(file);
  preview.onloadedmetadata = () => {
    if (Number.isFinite(preview.duration)) choose(preview.src, Math.round(preview.duration * 1000));
    const seconds = Math.round(preview.duration);
    $("file-facts").textContent = `${size(file.size)} · ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} · ${preview.videoWidth}×${preview.videoHeight}`;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) preview.play().catch(() => {});
  };
  preview.onerror = () => preview.classList.add("unseen");
}

/** @param {number} sent @param {number} total */
function progress(sent, total) {
  $("upload-progress").value = Math.round((sent / total) * 1000);
  $("upload-percent").textContent = `${Math.floor((sent / total) * 100)} %`;
  const seconds = (performance.now() - work.began_ms) / 1000;
  const left = ((total - sent) * seconds) / Math.max(1, sent - work.began_bytes);
  const told = left < 90 ? said.second.replace("{number}", String(Math.ceil(left))) : said.minute.replace("{number}", String(Math.ceil(left / 60)));
  $("upload-detail").textContent = `${size(sent)} ${said.of} ${size(total)}${sent < total && seconds > 2 && sent > work.began_bytes ? ` · ${told} ${said.left}` : ""}`;
}

/** @param {string} name */
function state(name) {
  if ($("upload-state").textContent !== said[name]) $("upload-state").textContent = said[name];
  $("taken").dataset.state = name;
  if (name === "uploading" && !work.began_ms) Object.assign(work, { began_ms: performance.now(), began_bytes: upload?.sent || 0 });
  if (name === "paused" || name === "waiting") work.began_ms = 0;
  $("pause").querySelector("span").textContent = name === "paused" ? said.resume : said.pause;
  $("pause").hidden = name === "uploaded" || name === "refused";
  $("post").disabled = name === "refused";
}

/** The file is not taken, on its way or once it was looked at: the reason stands beside it. @param {string} text @param {string} [reference] */
function refused(text, reference) {
  state("refused");
  $("upload-percent").textContent = $("upload-detail").textContent = "";
  refuse(reference ? `${text} (${reference})` : text, "file-refusal");
}

/** @param {string} text @param {string} [place] beside what was refused */
function refuse(text, place = "refusal") {
  $(place).textContent = text;
  $(place).hidden = !text;
}

/** Back to the choice of a file; what was written stays. */
function empty() {
  clearTimeout(work.poll);
  clearTimeout(work.save);
  upload = null;
  if (work.clip) kept.set("written." + work.clip, undefined);
  kept.set("written.new", wordsIn(form));
  Object.assign(work, { clip: "", cover_ms: null, began_ms: 0 });
  history.replaceState(null, "", "/upload");
  $("saved").textContent = "";
  for (const name of ["preview", "cover-video"]) $(name).removeAttribute("src");
  $("preview").classList.remove("unseen");
  $("cover-strip").replaceChildren();
  $("upload-progress").value = 0;
  $("upload-percent").textContent = $("upload-detail").textContent = $("file").value = "";
  $("taken").hidden = $("cover").hidden = true;
  $("drop").hidden = $("cover-later").hidden = false;
  $("file").required = true;
  $("post").disabled = false;
  refuse("", "file-refusal");
  refuse("");
  $("file").focus();
}

$("pause").addEventListener("click", () => (upload?.isPaused ? upload.resume() : upload?.pause()));
$("discard").addEventListener("click", async () => {
  const gone = upload;
  const clip = gone?.clip || work.clip;
  empty();
  if (clip) forget(clip);
  await gone?.discard();
  if (clip && (!gone || gone.sent === gone.file.size)) await call("DELETE", `/api/clips/${clip}`).catch(complain);
});
$("file").addEventListener("change", () => take($("file").files[0]));
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && !upload) take(/** @type {DragEvent} */ (event).dataTransfer?.files[0]);
  });
}
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));

for (const one of work.clip ? [] : unfinished().slice(0, 3)) {
  const line = document.createElement("p");
  const forget = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: said.forget });
  line.append(Object.assign(document.createElement("b"), { textContent: `${said.unfinished}: ${one.name}` }), ` ${said.again} `, forget);
  forget.addEventListener("click", () => {
    kept.set(one.key, undefined);
    forget(one.clip);
    line.remove();
    call("DELETE", `/api/clips/${one.clip}`).catch(() => {});
  });
  $("unfinished").append(line);
  $("unfinished").hidden = false;
}

/** Goes on with the clip that the page's address names. */
async function resume() {
  if (!work.clip) return;
  if (form.dataset.state !== "uploading") {
    show(form.dataset.name || "");
    $("pause").hidden = true;
    return poll();
  }
  const file = await find(work.clip);
  if (file) return take(file);
  $("unfinished").append(Object.assign(document.createElement("b"), { textContent: `${said.unfinished}: ${form.dataset.name}` }), ` ${said.again}`);
  $("unfinished").hidden = false;
}

/* ---- what is written is kept ---- */

/** A moment after the last key: on this device at once, on the server where it can be reached. */
function written() {
  kept.set("written." + (work.clip || "new"), wordsIn(form));
  clearTimeout(work.save);
  work.save = setTimeout(save, 800);
}

async function save() {
  clearTimeout(work.save);
  const { clip } = work;
  if (!clip || work.posting) return;
  const words = wordsIn(form);
  try {
    await call("PATCH", `/api/clips/${clip}`, words);
    if (JSON.stringify(wordsIn(form)) === JSON.stringify(words)) kept.set("written." + clip, undefined);
    $("saved").textContent = said.saved;
    refuse("");
  } catch (fault) {
    $("saved").textContent = fault.status ? "" : said.unsaved;
    if (fault.status) refuse(fault.message);
    else work.save = setTimeout(save, 5000);
  }
}

form.addEventListener("input", written);
addEventListener("online", () => work.clip && kept.get("written." + work.clip, undefined) && save());
const words = kept.get("written." + (work.clip || "new"), undefined);
if (words) {
  say(form, words);
  save();
}

/* ---- the cover ---- */

/** Asks for the clip's state until it can be played; then the cover can be chosen. */
async function poll() {
  clearTimeout(work.poll);
  const [asked, clip] = [upload, work.clip];
  const mine = clip ? await call("GET", `/api/clips/${clip}/mine`).catch(() => null) : null;
  if (upload !== asked || work.clip !== clip) return;
  const isThere = !upload || upload.isOver;
  if (mine && isThere) {
    const place = mine.queue_position === null ? "" : `${said.position}: ${mine.queue_position}`;
    $("upload-state").textContent = mine.state_text;
    $("upload-detail").textContent = place;
    $("upload-progress").value = mine.progress_percent === null ? 1000 : mine.progress_percent * 10;
    $("upload-percent").textContent = mine.progress_percent === null ? "" : `${mine.progress_percent} %`;
  }
  if (mine?.refusal) return refused(mine.refusal.text);
  if (mine?.renditions?.length) ready(mine);
  if (mine && ["ready", "failed", "expired", "withdrawn"].includes(mine.state)) return;
  work.poll = setTimeout(poll, isThere ? 1000 : 3000);
}

/** What this browser cannot play of the file is seen, and its cover chosen, once the server made it playable. @param {any} mine */
function ready(mine) {
  if ($("cover").hidden) choose(mine.renditions[0].url, mine.duration_ms);
  if (mine.strip_url && !$("cover-strip").children.length) $("cover-strip").append(Object.assign(document.createElement("img"), { src: mine.strip_url, alt: "" }));
  const preview = /** @type {HTMLVideoElement} */ ($("preview"));
  if (preview.src && !preview.error) return;
  preview.classList.remove("unseen");
  preview.src = mine.renditions[0].url;
}

/** @param {string} url @param {number} duration_ms */
function choose(url, duration_ms) {
  const video = /** @type {HTMLVideoElement} */ ($("cover-video"));
  const at = /** @type {HTMLInputElement} */ ($("cover-at"));
  $("cover").hidden = false;
  $("cover-later").hidden = true;
  video.src = url;
  at.max = String(duration_ms);
  at.oninput = () => {
    // At 0 the server would choose.
    work.cover_ms = Math.max(1, Number(at.value));
    video.currentTime = work.cover_ms / 1000;
    const told = `${Math.floor(work.cover_ms / 60000)}:${((work.cover_ms / 1000) % 60).toFixed(1).padStart(4, "0")}`;
    $("cover-time").textContent = told;
    at.setAttribute("aria-valuetext", told);
  };
}

/* ---- posting ---- */

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (work.posting) return;
  if (!upload && !work.clip) return $("file").click();
  work.posting = true;
  clearTimeout(work.save);
  refuse("");
  const isDraft = /** @type {SubmitEvent} */ (event).submitter?.id === "draft";
  const change = { ...wordsIn(form), wish: isDraft ? "draft" : "publish" };
  if (!isDraft && publishAt_us() !== null) change.publish_at_us = publishAt_us();
  if (work.cover_ms !== null) change.cover_ms = work.cover_ms;
  try {
    while (upload && !work.clip && !upload.isOver) await new Promise((resolve) => setTimeout(resolve, 200));
    if (work.clip) posted((await call("PATCH", `/api/clips/${work.clip}`, change)) || {});
  } catch (fault) {
    refuse(fault.reference ? `${fault.message} (${fault.reference})` : fault.message);
  }
  work.posting = false;
});

/** @param {any} mine */
function posted(mine) {
  kept.set("written." + work.clip, undefined);
  form.removeEventListener("input", written);
  $("posted").hidden = false;
  $("discard").hidden = true;
  form.querySelectorAll(".card:not(.take)").forEach((card) => /** @type {HTMLElement} */ (card).setAttribute("hidden", ""));
  $("posted").querySelector("h2 + p").textContent = mine.is_published ? said.posted_now : mine.wish === "draft" ? said.drafted : mine.publish_at_us ? said.scheduled : said.posted_later;
  if (mine.is_published && mine.url) Object.assign($("posted-link"), { href: mine.url, textContent: said.watch });
  $("posted-link").focus();
}

resume();
