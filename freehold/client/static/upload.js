/** The composer: the upload runs while the caption is written; the cover is chosen from the clip once it plays. */
import { call, complain, kept, wordsOf } from "./api.js";
import { caption, publishAt_us } from "./saying.js";
import { unfinished, Upload } from "./tus.js";

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ ($("composer"));
const size = (/** @type {number} */ bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** @type {Upload | null} */ let upload = null;
/** @type {{posting: boolean, posted: boolean, cover_ms: number | null, began_ms: number, began_bytes: number, poll: number}} */
const work = { posting: false, posted: false, cover_ms: null, began_ms: 0, began_bytes: 0, poll: 0 };

/* ---- taking a file ---- */

/** @param {File | undefined} file */
function take(file) {
  if (!file) return;
  if (file.type && !/^(video|application\/octet)/.test(file.type)) return refuse(said.notvideo, "file-refusal");
  refuse("", "file-refusal");
  $("drop").hidden = true;
  $("unfinished").hidden = true;
  $("taken").hidden = false;
  $("file").required = false;
  $("file-name").textContent = file.name;
  $("file-facts").textContent = size(file.size);
  look(file);
  upload = new Upload(file, { progress, state, refused });
  upload.run();
  poll();
}

/** @param {File} file */
function look(file) {
  const preview = /** @type {HTMLVideoElement} */ ($("preview"));
  preview.src = URL.createObjectURL(file);
  preview.onloadedmetadata = () => {
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
  upload = null;
  Object.assign(work, { cover_ms: null, began_ms: 0 });
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
  empty();
  await gone?.discard();
  if (gone?.clip && gone.sent === gone.file.size) await call("DELETE", `/api/clips/${gone.clip}`).catch(complain);
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
addEventListener("beforeunload", (event) => upload && !upload.isOver && event.preventDefault());

for (const one of unfinished().slice(0, 3)) {
  const line = document.createElement("p");
  const forget = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: said.forget });
  line.append(Object.assign(document.createElement("b"), { textContent: `${said.unfinished}: ${one.name}` }), ` ${said.again} `, forget);
  forget.addEventListener("click", () => {
    kept.set(one.key, undefined);
    line.remove();
    call("DELETE", `/api/clips/${one.clip}`).catch(() => {});
  });
  $("unfinished").append(line);
  $("unfinished").hidden = false;
}

/* ---- the cover ---- */

/** Asks for the clip's state until it can be played; then the cover can be chosen. */
async function poll() {
  clearTimeout(work.poll);
  const asked = upload;
  const mine = asked?.clip ? await call("GET", `/api/clips/${asked.clip}/mine`).catch(() => null) : null;
  if (upload !== asked) return;
  if (mine && upload?.isOver) {
    const place = mine.queue_position === null ? "" : `${said.position}: ${mine.queue_position}`;
    $("upload-state").textContent = mine.state_text;
    $("upload-detail").textContent = place;
    $("upload-progress").value = mine.progress_percent === null ? 1000 : mine.progress_percent * 10;
    $("upload-percent").textContent = mine.progress_percent === null ? "" : `${mine.progress_percent} %`;
  }
  if (mine?.refusal) return refused(mine.refusal.text);
  if (mine?.renditions?.length && $("cover").hidden) choose(mine);
  if (mine && ["ready", "failed", "expired", "withdrawn"].includes(mine.state)) return;
  work.poll = setTimeout(poll, upload?.isOver ? 1000 : 3000);
}

/** @param {any} mine */
function choose(mine) {
  const video = /** @type {HTMLVideoElement} */ ($("cover-video"));
  const at = /** @type {HTMLInputElement} */ ($("cover-at"));
  $("cover").hidden = false;
  $("cover-later").hidden = true;
  video.src = mine.renditions[0].url;
  if (mine.strip_url) $("cover-strip").append(Object.assign(document.createElement("img"), { src: mine.strip_url, alt: "" }));
  at.max = String(mine.duration_ms);
  at.oninput = () => {
    work.cover_ms = Number(at.value);
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
  if (!upload) return $("file").click();
  work.posting = true;
  refuse("");
  const fields = new FormData(form);
  const uses = ["comment", "duet", "stitch", "use_sound", "download"];
  const isDraft = /** @type {SubmitEvent} */ (event).submitter?.id === "draft";
  /** @type {Record<string, unknown>} */
  const change = {
    caption: caption.value,
    audience: fields.get("audience"),
    alt: fields.get("alt"),
    language: fields.get("language"),
    is_ai_made: fields.has("ai_made"),
    is_sensitive: fields.has("sensitive"),
    permissions: Object.fromEntries(uses.map((use) => [use, fields.get("may_" + use)])),
    wish: isDraft ? "draft" : "publish",
  };
  if (!isDraft && publishAt_us() !== null) change.publish_at_us = publishAt_us();
  if (work.cover_ms !== null) change.cover_ms = work.cover_ms;
  try {
    while (upload && !upload.clip && !upload.isOver) await new Promise((resolve) => setTimeout(resolve, 200));
    if (upload?.clip) posted((await call("PATCH", `/api/clips/${upload.clip}`, change)) || {});
  } catch (fault) {
    refuse(fault.reference ? `${fault.message} (${fault.reference})` : fault.message);
  }
  work.posting = false;
});

/** @param {any} mine */
function posted(mine) {
  $("posted").hidden = false;
  $("discard").hidden = true;
  form.querySelectorAll(".card:not(.take)").forEach((card) => /** @type {HTMLElement} */ (card).setAttribute("hidden", ""));
  $("posted").querySelector("h2 + p").textContent = mine.is_published ? said.posted_now : mine.wish === "draft" ? said.drafted : mine.publish_at_us ? said.scheduled : said.posted_later;
  if (mine.is_published && mine.url) Object.assign($("posted-link"), { href: mine.url, textContent: said.watch });
  $("posted-link").focus();
}
