/** What every module needs: the API, what is kept on this device, words, toasts. */

const read = (/** @type {string} */ id) => JSON.parse(document.getElementById(id)?.textContent || "{}");

/** The words of the page in its language. @type {Record<string, string>} */
export const words = read("words");

/** Words of one part of a page. @param {string} id @returns {Record<string, string>} */
export const wordsOf = (id) => read(id);

export const signedIn = () => document.documentElement.dataset.handle || "";
export const csrf = () => document.querySelector('meta[name="csrf"]')?.getAttribute("content") || "";

/** Values kept on this device; a browser that forbids it forgets them with the page. */
export const kept = {
  memory: new Map(),
  /** @template T @param {string} key @param {T} otherwise @returns {T} */
  get(key, otherwise) {
    try {
      const text = localStorage.getItem("fh." + key);
      return text === null ? (this.memory.get(key) ?? otherwise) : JSON.parse(text);
    } catch {
      return this.memory.get(key) ?? otherwise;
    }
  },
  /** `undefined` forgets the key. @param {string} key @param {unknown} value */
  set(key, value) {
    this.memory.set(key, value);
    try {
      if (value === undefined) localStorage.removeItem("fh." + key);
      else localStorage.setItem("fh." + key, JSON.stringify(value));
    } catch {}
  },
  /** @param {string} prefix @returns {string[]} */
  keys(prefix) {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith("fh." + prefix)).map((key) => key.slice(3));
    } catch {
      return [...this.memory.keys()].filter((key) => key.startsWith(prefix));
    }
  },
};

/** A refusal by the server; `status` 0 means that it was not reached. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} text @param {string} reference */
  constructor(status, code, text, reference = "") {
    super(text);
    Object.assign(this, { status, code, reference });
  }
}

/** @param {Response} answer @returns {Promise<Refused>} */
export async function refusal(answer) {
  const told = (await answer.json().catch(() => ({}))).error || {};
  const reference = told.reference || answer.headers.get("x-request-id") || "";
  return new Refused(answer.status, told.code || "", told.text || words.failed, reference);
}

/** One request to the API. @param {string} method @param {string} path @param {unknown} [body] JSON, or a File as it is
 * @param {RequestInit} [more] @returns {Promise<any>} the answer's JSON, null where it has none */
export async function call(method, path, body, more = {}) {
  /** @type {Record<string, string>} */
  const headers = { "x-csrf-token": csrf(), accept: "application/json" };
  const raw = body instanceof Blob;
  if (body !== undefined && !raw) headers["content-type"] = "application/json";
  const sent = body === undefined || raw ? body : JSON.stringify(body);
  const answer = await fetch(path, { method, headers, body: sent, ...more }).catch(() => {
    throw new Refused(0, "unreachable", navigator.onLine ? words.unreachable : words.offline);
  });
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? null : answer.json();
}

/** A line that appears for a moment. @param {string} text @param {{href: string, label: string}} [link] */
export function toast(text, link) {
  const line = document.createElement("p");
  line.className = "toast";
  line.append(text);
  if (link) {
    const anchor = document.createElement("a");
    Object.assign(anchor, { href: link.href, textContent: link.label });
    line.append(" ", anchor);
  }
  document.getElementById("toasts")?.replaceChildren(line);
  setTimeout(() => line.remove(), link ? 8000 : 4000);
}

/** Says what went wrong, with its reference. @param {any} fault */
export function complain(fault) {
  toast(fault.reference ? `${fault.message} ${words.reference} ${fault.reference}` : fault.message || words.failed);
}

export const askSignIn = () =>
  toast(words.signin, { href: "/sign-in?next=" + encodeURIComponent(location.pathname), label: words.signin_link });

/** Does an action that may be repeated (PUT, DELETE); without a connection it is kept and sent later.
 * @param {"PUT"|"DELETE"} method @param {string} path @returns {Promise<any>} null where it is kept */
export async function act(method, path) {
  try {
    return await call(method, path);
  } catch (fault) {
    if (fault.status !== 0) throw fault;
    kept.set("todo", { ...kept.get("todo", {}), [path]: method });
    toast(words.offline);
    if (navigator.onLine) setTimeout(sendKept, 3000);
    return null;
  }
}

/** Sends the actions that were kept; each is forgotten once it is answered. */
export async function sendKept() {
  const todo = Object.entries(kept.get("todo", {}));
  for (const [path, method] of todo) {
    try {
      await call(method, path);
    } catch (fault) {
      if (fault.status === 0) return void (navigator.onLine && setTimeout(sendKept, 3000));
    }
    const left = kept.get("todo", /** @type {Record<string, string>} */ ({}));
    delete left[path];
    kept.set("todo", Object.keys(left).length ? left : undefined);
  }
  if (todo.length) toast(words.back);
}

/** 999, 1.2K, 3.4M, as the server writes them. @param {number} number */
export function short(number) {
  for (const [limit, letter] of /** @type {[number, string][]} */ ([[1e9, "B"], [1e6, "M"], [1e3, "K"]])) {
    if (number < limit) continue;
    const tenths = Math.floor((number * 10) / limit);
    return (tenths >= 100 ? Math.floor(tenths / 10) : tenths / 10) + letter;
  }
  return String(number);
}
