/** Watches: kept on this device until the server has acknowledged them.
 *
 * A batch has its id from its first watch on and is stored at every change. Once sealed it never changes, so it can be
 * sent again and again: the server counts a batch once. */
import { call, csrf, kept, Refused } from "./api.js";

const PREFIX = "watches.";
const FULL = 4;
const PATIENCE_MS = 2000;
const ABANDONED_MS = 30000;

/** @typedef {{page_id: string, position: number, clip_id: string, watched_ms: number, completions: number, skipped: boolean,
 *   liked?: boolean, not_interested?: boolean, started_at_ms: number}} Watch */
/** @typedef {{at_ms: number, sealed: boolean, watches: Watch[]}} Batch */

let open = "";
/** @type {Set<string>} */ const beaconed = new Set();
let timer = 0;
/** The session's token now, once this page's own is over. It is for watches alone: this page shows whom it was made
 * for, and nothing else may happen in another's name. */
let fresh = "";
/** @type {Promise<void> | null} */ let sending = null;

/** @param {string} id @returns {Batch} */
const batch = (id) => kept.get(PREFIX + id, { at_ms: Date.now(), sealed: false, watches: [] });

/** Takes a watch in; it is on this device when this returns. @param {Watch} watch */
export function report(watch) {
  open ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const now = batch(open);
  now.watches.push(watch);
  kept.set(PREFIX + open, now);
  clearTimeout(timer);
  if (now.watches.length >= FULL) send();
  else timer = setTimeout(send, PATIENCE_MS);
}

function seal() {
  if (open) kept.set(PREFIX + open, { ...batch(open), sealed: true });
  open = "";
}

/** Batches that are ready to go; one that another tab left open long ago is sealed here. @returns {string[]} */
function ready() {
  const ids = kept.keys(PREFIX).map((key) => key.slice(PREFIX.length));
  return ids.filter((id) => {
    const one = batch(id);
    if (!one.sealed && id !== open && Date.now() - one.at_ms > ABANDONED_MS) kept.set(PREFIX + id, { ...one, sealed: true });
    return batch(id).sealed;
  });
}

/** Sends everything; resolves when the server has answered for all of it, or could not be reached. */
export async function send() {
  clearTimeout(timer);
  seal();
  while (sending) await sending;
  sending = sendAll().finally(() => (sending = null));
  return sending;
}

async function sendAll() {
  for (const id of ready()) {
    try {
      await call("POST", "/api/watches", { batch: id, watches: batch(id).watches }, { keepalive: true, headers: { "x-csrf-token": fresh || csrf() } });
      kept.set(PREFIX + id, undefined);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      const { status } = /** @type {any} */ (fault);
      // Only what can never be taken is let go.
      if (![400, 404, 413].includes(status)) {
        const wait_ms = status === 403 && !fresh ? 100 : 10000;
        if (status === 403) fresh = await freshToken();
        timer = setTimeout(send, wait_ms);
        return;
      }
      kept.set(PREFIX + id, undefined);
    }
  }
}

/** Signing out and in again in another tab ends this page's token. @returns {Promise<string>} */
async function freshToken() {
  const page = await fetch("/about").then((answer) => answer.text()).catch(() => "");
  return /name="csrf" content="(\w+)"/.exec(page)?.[1] || fresh;
}

/** For a page that goes away: no answer comes, so the batches stay until the next page hears one. */
export function sendLast() {
  seal();
  for (const id of ready().filter((id) => !beaconed.has(id))) {
    beaconed.add(id);
    const body = JSON.stringify({ batch: id, watches: batch(id).watches });
    navigator.sendBeacon("/api/watches?csrf=" + encodeURIComponent(fresh || csrf()), new Blob([body], { type: "text/plain" }));
  }
}

addEventListener("online", send);
setTimeout(() => ready().length && send(), 1500);
