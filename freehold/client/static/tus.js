/** An upload by tus 1.0 that survives lost connections and, with the same file chosen again, reloads. */
import { csrf, kept } from "./api.js";

const CHUNK_BYTES = 4 << 20;
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** @typedef {{url: string, clip: string, name: string, size: number, at_ms: number}} Kept */
/** @typedef {{progress(sent: number, size: number): void, state(name: "starting" | "checking" | "uploading" | "paused" | "waiting" | "uploaded"): void,
 *   refused(text: string, reference: string): void, begun?(clip: string): void}} Listener */

/** The same file, chosen again, has the same name, size and date. @param {File} file */
export const fingerprint = (file) => `upload.${file.name}|${file.size}|${file.lastModified}`;

/** Uploads that were begun here and not finished. @returns {(Kept & {key: string})[]} */
export const unfinished = () => kept.keys("upload.").map((key) => ({ key, ...kept.get(key, /** @type {any} */ ({})) }));

/** @param {string} text */
const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export class Upload {
  /** @param {File} file @param {Listener} listener @param {string[][]} [said] of it, besides its name */
  constructor(file, listener, said = []) {
    this.said = said;
    this.file = file;
    this.listener = listener;
    this.key = fingerprint(file);
    this.clip = "";
    this.url = "";
    this.sent = 0;
    this.isPaused = false;
    this.isOver = false;
    this.tries = 0;
    /** @type {XMLHttpRequest | null} */ this.request = null;
    /** @type {(() => void) | null} */ this.wake = null;
    addEventListener("online", () => this.wake?.());
  }

  /** Begins, or goes on where the file stopped; resolves when the server has it all, or has refused it, or it is discarded. */
  async run() {
    this.listener.state("starting");
    while (!this.isOver && this.sent < this.file.size) {
      if (this.isPaused) await this.sleep("paused");
      else await this.step();
    }
  }

  async step() {
    try {
      if (!this.url) await this.find();
      if (this.isOver) return await this.end();
      this.listener.state("uploading");
      await this.patch();
      this.tries = 0;
    } catch (fault) {
      if (this.isOver || this.isPaused) return;
      await this.mend(fault);
    }
    if (this.sent === this.file.size && !this.isOver) {
      this.isOver = true;
      kept.set(this.key, undefined);
      this.listener.progress(this.sent, this.file.size);
      this.listener.state("uploaded");
    }
  }

  /** The upload that was begun with this file, or a new one. */
  async find() {
    const begun = /** @type {Kept | undefined} */ (kept.get(this.key, undefined));
    if (begun) {
      this.listener.state("checking");
      ({ url: this.url, clip: this.clip } = begun);
      if (await this.ask()) return this.listener.begun?.(this.clip);
      kept.set(this.key, undefined);
    }
    const metadata = [["filename", this.file.name], ["filetype", this.file.type || "application/octet-stream"], ["wish", "draft"], ...this.said];
    const answer = await this.send("POST", "/uploads", {
      "upload-length": String(this.file.size),
      "upload-metadata": metadata.map(([name, value]) => `${name} ${encoded(value)}`).join(","),
    });
    this.url = new URL(answer.getResponseHeader("location") || "", location.href).pathname;
    this.clip = answer.getResponseHeader("freehold-clip") || "";
    this.sent = 0;
    if (this.isOver) return;
    kept.set(this.key, { url: this.url, clip: this.clip, name: this.file.name, size: this.file.size, at_ms: Date.now() });
    this.listener.begun?.(this.clip);
  }

  /** Asks how much is there; false where the upload is no more. */
  async ask() {
    try {
      const answer = await this.send("HEAD", this.url, {});
      this.clip = answer.getResponseHeader("freehold-clip") || this.clip;
      this.sent = Number(answer.getResponseHeader("upload-offset"));
      this.listener.progress(this.sent, this.file.size);
      return true;
    } catch (fault) {
      if (fault.status === 404 || fault.status === 410 || fault.status === 403) {
        this.url = "";
        return false;
      }
      throw fault;
    }
  }

  async patch() {
    const part = this.file.slice(this.sent, this.sent + CHUNK_BYTES);
    const headers = { "upload-offset": String(this.sent), "content-type": "application/offset+octet-stream" };
    const answer = await this.send("PATCH", this.url, headers, part);
    this.sent = Number(answer.getResponseHeader("upload-offset"));
    this.listener.progress(this.sent, this.file.size);
  }

  /** A conflict or a lost answer: ask for the offset; no connection: wait; a refusal: the end. @param {any} fault */
  async mend(fault) {
    const lasting = fault.status >= 400 && fault.status < 500 && ![408, 409, 410, 404, 423, 429, 460].includes(fault.status);
    // Without a connection it waits for as long as it takes.
    if (lasting || fault.status === 507 || (fault.status && this.tries > 40)) {
      this.isOver = true;
      return this.listener.refused(fault.message, fault.status < 500 ? "" : fault.reference);
    }
    const wait_ms = Math.max(WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)], (fault.retry_s || 0) * 1000);
    this.tries += 1;
    if (fault.status !== 409) await this.sleep("waiting", wait_ms);
    if (this.url && !this.isOver && !this.isPaused) await this.ask().catch(() => {});
  }

  /** @param {"paused" | "waiting"} state @param {number} [wait_ms] */
  async sleep(state, wait_ms) {
    this.listener.state(state);
    await new Promise((resolve) => {
      this.wake = () => resolve(undefined);
      if (wait_ms) setTimeout(resolve, wait_ms);
    });
    this.wake = null;
  }

  pause() {
    this.isPaused = true;
    this.request?.abort();
  }

  async resume() {
    this.isPaused = false;
    if (this.url) await this.ask().catch(() => {});
    this.wake?.();
  }

  /** Ends the upload here and on the server. */
  async discard() {
    this.isOver = true;
    // What is just being begun is ended once its address is known.
    if (this.url) this.request?.abort();
    this.wake?.();
    kept.set(this.key, undefined);
    if (this.url && this.sent < this.file.size) await this.end();
  }

  /** What was on its way may have become whole at the last moment: then it is its clip that goes. */
  async end() {
    await this.send("DELETE", this.url, {}).catch((fault) => fault.status === 409 && this.send("DELETE", `/api/clips/${this.clip}`, {}).catch(() => {}));
  }

  /** XMLHttpRequest, because fetch tells nothing while it sends.
   * @param {string} method @param {string} url @param {Record<string, string>} headers @param {Blob} [body] @returns {Promise<XMLHttpRequest>} */
  send(method, url, headers, body) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      request.open(method, url);
      for (const [name, value] of Object.entries({ "tus-resumable": "1.0.0", "x-csrf-token": csrf(), ...headers })) request.setRequestHeader(name, value);
      const from = this.sent;
      if (body) request.upload.onprogress = (event) => this.listener.progress(from + event.loaded, this.file.size);
      request.onload = () => (request.status < 300 ? resolve(request) : reject(problem(request)));
      request.onerror = request.onabort = () => reject({ status: 0, message: "" });
      request.send(body);
    });
  }
}

/** @param {XMLHttpRequest} request */
function problem(request) {
  let told = /** @type {any} */ ({});
  try {
    told = JSON.parse(request.responseText).error || {};
  } catch {}
  const message = told.text || request.responseText.slice(0, 200) || `${request.status}`;
  return { status: request.status, message, reference: told.reference || "", retry_s: Number(request.getResponseHeader("retry-after")) };
}
