/** The camera: several segments, by holding or by a tap, with a countdown; each is a part of the clip. */
import { toast, wordsOf } from "./api.js";

const said = wordsOf("upload-words");
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ ($("camera"));
const view = /** @type {HTMLVideoElement} */ ($("camera-view"));
const button = /** @type {HTMLButtonElement} */ ($("camera-record"));
const HOLD_MS = 400;
const LEAST_MS = 300;
const KINDS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"];

/** @type {MediaStream | null} */ let stream = null;
/** @type {MediaRecorder | null} */ let recorder = null;
let facing = "user";
let pressed_ms = 0;
let counting = 0;
let timer = 0;
let began_ms = 0;
/** @type {{take(file: File): void, undo(): void, left_ms(): number, count(): number}} */ let client;

/** @param {typeof client} given `left_ms`: how much more may be recorded */
export async function show(given) {
  client = given;
  dialog.showModal();
  tell();
  await open();
}

async function open() {
  close();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1080 } }, audio: true });
  } catch (fault) {
    dialog.close();
    return toast(fault.name === "NotAllowedError" ? said.camera_denied : said.camera_none);
  }
  if (!dialog.open) return close();
  view.srcObject = stream;
  view.classList.toggle("mirrored", facing === "user");
  await view.play().catch(() => {});
  const devices = await navigator.mediaDevices.enumerateDevices();
  $("camera-turn").hidden = devices.filter((one) => one.kind === "videoinput").length < 2;
  button.disabled = false;
}

function close() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  view.srcObject = null;
  button.disabled = true;
}

function start() {
  if (!stream || recorder) return;
  const left_ms = client.left_ms();
  if (left_ms < LEAST_MS) return toast(said.camera_full);
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one)) || "";
  /** @type {Blob[]} */ const bits = [];
  const running = (recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: 8_000_000 }));
  running.ondataavailable = ({ data }) => data.size && bits.push(data);
  running.onstop = () => {
    recorder = null;
    clearInterval(timer);
    const lasted_ms = performance.now() - began_ms;
    if (lasted_ms >= LEAST_MS && bits.length) {
      const type = running.mimeType.split(";")[0] || "video/webm";
      const name = `${said.segment} ${client.count() + 1}.${type === "video/mp4" ? "mp4" : "webm"}`;
      client.take(new File(bits, name, { type, lastModified: Date.now() }));
    }
    tell();
  };
  began_ms = performance.now();
  running.start(1000);
  timer = setInterval(() => {
    tell();
    if (performance.now() - began_ms >= left_ms) stop();
  }, 100);
  tell();
}

const stop = () => recorder?.state === "recording" && recorder.stop();

function tell() {
  const is = Boolean(recorder);
  button.setAttribute("aria-pressed", String(is));
  button.setAttribute("aria-label", is ? said.camera_stop : said.camera_start);
  const seconds = is ? (performance.now() - began_ms) / 1000 : 0;
  $("camera-said").textContent = is ? `${seconds.toFixed(1)} s` : said.segments.replace("{number}", String(client.count()));
  for (const id of ["camera-undo", "camera-turn", "camera-done", "camera-wait"]) $(id).disabled = is || counting > 0;
  if (!is) $("camera-undo").disabled ||= client.count() === 0;
}

/** Counts down where that was wished, then records. */
function begin() {
  const wait_s = Number($("camera-wait").value);
  if (!wait_s) return start();
  counting = wait_s;
  const step = () => {
    $("camera-count").textContent = counting ? String(counting) : "";
    tell();
    if (!dialog.open || !counting) return dialog.open ? start() : undefined;
    counting -= 1;
    setTimeout(step, 1000);
  };
  step();
}

button.addEventListener("pointerdown", () => {
  pressed_ms = performance.now();
  if (!recorder && !counting && !Number($("camera-wait").value)) start();
  else if (recorder) {
    pressed_ms = 0;
    stop();
  }
});
for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
  button.addEventListener(name, () => {
    if (recorder && pressed_ms && performance.now() - pressed_ms > HOLD_MS) stop();
  });
}
/** A key, or a tap with a countdown; a finger has begun already. */
button.addEventListener("click", (event) => {
  const isKey = event.detail === 0;
  if (isKey && recorder) return stop();
  if (counting || recorder) return;
  if (isKey || Number($("camera-wait").value)) {
    if (isKey || pressed_ms) begin();
  }
});
button.addEventListener("contextmenu", (event) => event.preventDefault());
$("camera-turn").addEventListener("click", () => {
  facing = facing === "user" ? "environment" : "user";
  open();
});
$("camera-undo").addEventListener("click", () => {
  client.undo();
  tell();
});
$("camera-done").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  stop();
  counting = 0;
  $("camera-count").textContent = "";
  // The last segment ends with the stream, a moment later.
  setTimeout(close, 200);
});
