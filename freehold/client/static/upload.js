/** The composer: files or segments of the camera, arranged and trimmed; the upload runs while the caption is written, and what is written is kept by the server as a draft.
 * A reload goes on where it was: the page's address names the clip, and the browser keeps its file. */
import { call, complain, kept, wordsOf } from "./api.js";
import { find, forget, keep } from "./files.js";
import { making } from "./making.js";
import { add, clock, isPlain, listen, measure, now, parts, placeOf, remove, seen, total_ms } from "./parts.js";
import { publishAt_us, say, wordsIn } from "./saying.js";
import { draw as drawTexts, onChange, overlays, texts } from "./texts.js";
import { unfinished, Upload } from "./tus.js";

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ ($("composer"));
const size = (/** @type {number} */ bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** @type {{clip: string, posting: boolean, sending: boolean, cover_ms: number | null, began_ms: number, began_bytes: number, poll: number, save: number}} */
const work = { clip: form.dataset.clip || "", posting: false, sending: false, cover_ms: null, began_ms: 0, began_bytes: 0, poll: 0, save: 0 };
const whole_ms = Number(form.dataset.most) || 600_000;

/* ---- taking files ---- */

/** @param {Iterable<File>} files chosen, dropped or recorded */
async function take(files) {
  refuse("", "file-refusal");
  for (const file of files) {
    if (file.type && !/^(video|application\/octet)/.test(file.type)) refuse(said.notvideo, "file-refusal");
    else if (parts.length >= 35) refuse(said.toomany, "file-refusal");
    else await bring({ clip: "", name: file.name, url: URL.createObjectURL(file), file, upload: null, isThere: false, duration_ms: 0, from_ms: 0, to_ms: 0 });
  }
}

/** @param {import("./parts.js").Part} part */
async function bring(part) {
  const { file } = part;
  if (file && !part.isThere) {
    part.upload = new Upload(file, { progress, state: (name) => state(name), refused, begun: (clip) => adopt(part, clip) });
  }
  show(part.name);
  const added = add(part);
  send();
  poll();
  await added;
}

/** One after the other: the first is there the sooner. */
async function send() {
  if (work.sending) return;
  work.sending = true;
  let next;
  while ((next = uploads().find((one) => !one.isOver))) await next.run();
  work.sending = false;
  arrange();
}

/** Of each file once, however often it was split. @returns {Upload[]} */
const uploads = () => [...new Set(parts.map((part) => part.upload))].filter((one) => one !== null);
const running = () => uploads().find((one) => !one.isOver);

/** The card of what was taken, in place of the choice. @param {string} name */
function show(name) {
  $("drop").hidden = true;
  $("unfinished").hidden = true;
  $("taken").hidden = false;
  $("file").required = false;
  $("file-name").textContent = parts.length ? said.parts.replace("{number}", String(parts.length + 1)) : name;
}

/** From here on it is a draft on the server; the page's address says which the first is. @param {import("./parts.js").Part} part @param {string} clip */
function adopt(part, clip) {
  for (const one of parts) if (one.upload === part.upload) one.clip = clip;
  if (part.file) keep(clip, part.file);
  if (!work.clip) {
    const words = kept.get("written.new", undefined);
    kept.set("written.new", undefined);
    name(clip);
    if (words) kept.set("written." + clip, words);
    save();
  }
  arrange();
}

/** @param {string} clip the draft that the words are kept with */
function name(clip) {
  work.clip = clip;
  const url = new URL(location.href);
  if (clip) url.searchParams.set("clip", clip);
  else url.searchParams.delete("clip");
  history.replaceState(null, "", url.pathname + url.search);
}

/** What a reload needs to go on. */
function arrange() {
  if (!work.clip || work.posting) return;
  const told = parts.map(({ clip, name, upload, isThere, duration_ms, from_ms, to_ms }) => ({ clip, name, isThere: isThere || Boolean(upload && upload.sent === upload.file.size), duration_ms, from_ms, to_ms }));
  kept.set("film." + work.clip, { parts: told.filter((one) => one.clip), texts });
}

/** Of all files together. */
function progress() {
  const all = uploads();
  const [sent, total] = [all.reduce((sum, one) => sum + one.sent, 0), all.reduce((sum, one) => sum + one.file.size, 0)];
  $("upload-progress").value = Math.round((sent / total) * 1000);
  $("upload-percent").textContent = `${Math.floor((sent / total) * 100)} %`;
  const seconds = (performance.now() - work.began_ms) / 1000;
  const left = ((total - sent) * seconds) / Math.max(1, sent - work.began_bytes);
  const told = left < 90 ? said.second.replace("{number}", String(Math.ceil(left))) : said.minute.replace("{number}", String(Math.ceil(left / 60)));
  $("upload-detail").textContent = `${size(sent)} ${said.of} ${size(total)}${sent < total && seconds > 2 && sent > work.began_bytes ? ` · ${told} ${said.left}` : ""}`;
}

/** @param {string} name */
function state(name) {
  // A part is up: the next one follows.
  if (name === "uploaded" && running()) return;
  if ($("upload-state").textContent !== said[name]) $("upload-state").textContent = said[name];
  $("taken").dataset.state = name;
  if (name === "uploading" && !work.began_ms) Object.assign(work, { began_ms: performance.now(), began_bytes: uploads().reduce((sum, one) => sum + one.sent, 0) });
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
  if (work.clip) for (const key of ["written.", "film."]) kept.set(key + work.clip, undefined);
  kept.set("written.new", wordsIn(form));
  Object.assign(work, { cover_ms: null, began_ms: 0 });
  name("");
  parts.length = texts.length = 0;
  now.part = null;
  drawTexts();
  for (const id of ["preview", "cover-video"]) $(id).removeAttribute("src");
  for (const id of ["parts", "cover-strip"]) $(id).replaceChildren();
  for (const id of ["upload-percent", "upload-detail", "saved"]) $(id).textContent = "";
  $("preview").classList.remove("unseen");
  $("upload-progress").value = 0;
  $("file").value = "";
  $("taken").hidden = $("cover").hidden = true;
  $("drop").hidden = $("cover-later").hidden = false;
  $("file").required = true;
  $("post").disabled = false;
  refuse("", "file-refusal");
  refuse("");
  $("file").focus();
}

/** Ends what is on its way and deletes what is there. @param {import("./parts.js").Part} part */
async function drop(part) {
  const { clip, upload } = part;
  if (clip) forget(clip);
  await upload?.discard();
  if (clip && (!upload || upload.sent === upload.file.size)) await call("DELETE", `/api/clips/${clip}`).catch(complain);
}

$("pause").addEventListener("click", () => {
  const upload = running();
  if (upload) upload.isPaused ? upload.resume() : upload.pause();
});
$("discard").addEventListener("click", async () => {
  const gone = new Map(parts.map((part) => [part.url, part]));
  const clip = work.clip;
  empty();
  if (!gone.size && clip) await call("DELETE", `/api/clips/${clip}`).catch(complain);
  for (const part of gone.values()) await drop(part);
});
// Without scripts a form takes one.
$("file").multiple = true;
for (const id of ["file", "more-files"]) {
  $(id).addEventListener("change", () => {
    take([...$(id).files]);
    if (id === "more-files") $(id).value = "";
  });
}
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") take(/** @type {DragEvent} */ (event).dataTransfer?.files || []);
  });
}
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-record]"))) {
  button.hidden = !navigator.mediaDevices || !window.MediaRecorder;
  button.addEventListener("click", async () => {
    const camera = await import("./record.js").catch(() => null);
    camera?.show({ take: (file) => take([file]), undo: () => takeOut(parts.at(-1)), left_ms: () => whole_ms - total_ms(), count: () => parts.length });
  });
}

/** Takes a part out, and its file where no other part is of it. @param {import("./parts.js").Part | undefined} part */
function takeOut(part) {
  if (!part) return;
  if (parts.length === 1) return $("discard").click();
  remove(part);
}

/** The parts, their order or their length are others. */
const files = new Map();
function changed() {
  const there = new Set(parts.map((part) => part.url));
  for (const [url, part] of files) {
    if (there.has(url)) continue;
    files.delete(url);
    if (parts.length) drop(part);
    if (part.clip === work.clip && parts[0]?.clip) {
      name(parts[0].clip);
      save();
    }
  }
  for (const part of parts) if (part.url) files.set(part.url, part);
  if (parts.length > 1) $("file-name").textContent = said.parts.replace("{number}", String(parts.length));
  else if (parts.length) $("file-name").textContent = parts[0].name;
  const file = parts.length === 1 ? parts[0].file : null;
  $("file-facts").textContent = [...(file ? [size(file.size)] : []), ...(total_ms() ? [clock(total_ms())] : [])].join(" · ");
  if (total_ms()) chooseCover();
  drawTexts();
  arrange();
}
listen(/** @type {any} */ ({ changed }));
onChange(arrange);

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

/** Goes on with the clip that the page's address names, and the parts that it had here. */
async function resume() {
  if (!work.clip) return;
  const clip = work.clip;
  const bare = { clip, name: form.dataset.name || "", isThere: form.dataset.state !== "uploading", duration_ms: 0, from_ms: 0, to_ms: 0 };
  const film = kept.get("film." + clip, { parts: [bare], texts: [] });
  texts.push(...film.texts);
  for (const told of film.parts.length ? film.parts : [bare]) {
    const file = (await find(told.clip)) || null;
    if (file || told.isThere) await bring({ ...told, file, upload: null, url: file ? URL.createObjectURL(file) : "" });
    else {
      $("unfinished").append(Object.assign(document.createElement("b"), { textContent: `${said.unfinished}: ${told.name}` }), ` ${said.again}`);
      $("unfinished").hidden = false;
    }
  }
  if (parts.length && !running()) $("pause").hidden = true;
  drawTexts();
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
  const { clip } = work;
  const mine = clip ? await call("GET", `/api/clips/${clip}/mine`).catch(() => null) : null;
  if (work.clip !== clip || work.posting) return;
  const isThere = !running();
  if (mine && isThere && parts.length === 1) {
    const place = mine.queue_position === null ? "" : `${said.position}: ${mine.queue_position}`;
    $("upload-state").textContent = mine.state_text;
    $("upload-detail").textContent = place;
    $("upload-progress").value = mine.progress_percent === null ? 1000 : mine.progress_percent * 10;
    $("upload-percent").textContent = mine.progress_percent === null ? "" : `${mine.progress_percent} %`;
  }
  if (mine?.refusal) return refused(mine.refusal.text);
  if (mine?.renditions?.length) await ready(mine);
  if (mine && ["ready", "failed", "expired", "withdrawn"].includes(mine.state)) return;
  work.poll = setTimeout(poll, isThere ? 1000 : 3000);
}

/** What this browser cannot play, or has no more, is seen once the server made it playable. @param {any} mine */
async function ready(mine) {
  if (mine.strip_url && parts.length === 1 && !$("cover-strip").children.length) $("cover-strip").append(Object.assign(document.createElement("img"), { src: mine.strip_url, alt: "" }));
  for (const part of parts) {
    if (part.clip !== mine.id || part.duration_ms && part.url) continue;
    Object.assign(part, { url: mine.renditions[0].url, duration_ms: mine.duration_ms });
    now.part = null;
    await measure(part);
    seen();
    changed();
  }
}

/** The cover is a frame of the whole, as it is arranged now. */
function chooseCover() {
  const video = /** @type {HTMLVideoElement} */ ($("cover-video"));
  const at = /** @type {HTMLInputElement} */ ($("cover-at"));
  $("cover").hidden = false;
  $("cover-later").hidden = true;
  at.max = String(total_ms());
  const see = () => {
    const place = placeOf(Number(at.value));
    if (!place?.part.url) return;
    if (video.dataset.of !== place.part.url) video.src = video.dataset.of = place.part.url;
    video.currentTime = place.part_ms / 1000;
  };
  if (!video.getAttribute("src")) see();
  at.oninput = () => {
    // At 0 the server would choose.
    work.cover_ms = Math.max(1, Number(at.value));
    see();
    const told = clock(work.cover_ms);
    $("cover-time").textContent = told;
    at.setAttribute("aria-valuetext", told);
  };
}

/* ---- posting ---- */

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (work.posting) return;
  if (!parts.length && !work.clip) return $("file").click();
  work.posting = true;
  clearTimeout(work.save);
  refuse("");
  const isDraft = /** @type {SubmitEvent} */ (event).submitter?.id === "draft";
  const change = { ...wordsIn(form), wish: isDraft ? "draft" : "publish" };
  if (!isDraft && publishAt_us() !== null) change.publish_at_us = publishAt_us();
  if (work.cover_ms !== null) change.cover_ms = work.cover_ms;
  try {
    while (!work.clip && running()) await wait();
    const clip = await whole();
    if (clip) posted((await call("PATCH", `/api/clips/${clip}`, change)) || {});
  } catch (fault) {
    refuse(fault.reference ? `${fault.message} (${fault.reference})` : fault.message);
  }
  $("saved").textContent = "";
  work.posting = false;
});

const wait = () => new Promise((resolve) => setTimeout(resolve, 200));

/** The clip that all is: the one file's, or one that the server makes of the parts once they are there. @returns {Promise<string>} */
async function whole() {
  const made = making();
  if (!parts.length || (isPlain() && !texts.length && !made)) return work.clip;
  while (running()) {
    $("saved").textContent = said.waits;
    await wait();
  }
  for (const part of parts) {
    while (!part.to_ms) {
      const mine = await call("GET", `/api/clips/${part.clip}/mine`);
      if (mine.refusal) throw new Error(mine.refusal.text);
      part.duration_ms = part.to_ms = mine.duration_ms;
      await wait();
    }
  }
  const cut = { parts: parts.map(({ clip, from_ms, to_ms }) => ({ clip, from_ms, to_ms })), overlays: overlays(), making: made };
  const { clip } = await call("POST", "/api/clips/cut", cut);
  for (const part of parts) forget(part.clip);
  kept.set("film." + work.clip, undefined);
  kept.set("written." + work.clip, undefined);
  // Should what follows be refused, it is said of the clip that there is now.
  parts.length = texts.length = 0;
  name(clip.id);
  return clip.id;
}

/** @param {any} mine */
function posted(mine) {
  for (const key of ["written.", "film."]) kept.set(key + work.clip, undefined);
  for (const part of parts) forget(part.clip);
  form.removeEventListener("input", written);
  $("posted").hidden = false;
  $("discard").hidden = true;
  form.querySelectorAll(".card:not(.take)").forEach((card) => /** @type {HTMLElement} */ (card).setAttribute("hidden", ""));
  $("posted").querySelector("h2 + p").textContent = mine.is_published ? said.posted_now : mine.wish === "draft" ? said.drafted : mine.publish_at_us ? said.scheduled : said.posted_later;
  if (mine.is_published && mine.url) Object.assign($("posted-link"), { href: mine.url, textContent: said.watch });
  $("posted-link").focus();
}

resume();
