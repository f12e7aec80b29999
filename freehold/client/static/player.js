/** Three <video> elements that move along the feed: previous, current, next. */
import { kept } from "./api.js";

/** @typedef {[url: string, width_px: number, height_px: number, rate_bps: number]} Source lowest first */
/** @typedef {{playing(): void, stopped(): void, ended(): void, refused(): void, broken(): void}} Watcher */

export const still = matchMedia("(prefers-reduced-motion: reduce)");
export const saving = () => kept.get("saver", false) || Boolean(/** @type {any} */ (navigator).connection?.saveData);

/** Bits a second that this connection gave lately; kept between visits. */
export const bandwidth = {
  /** Where nothing was measured yet the browser's guess stands, and it never says more than 10 Mbit/s. */
  get: () => kept.get("rate", 1e6 * (/** @type {any} */ (navigator).connection?.downlink || 3)),
  /** A slower measurement counts at once, a faster one slowly. @param {number} rate_bps */
  learn(rate_bps) {
    const old = kept.get("rate", rate_bps);
    kept.set("rate", Math.round(rate_bps < old ? (old + rate_bps) / 2 : old + (rate_bps - old) / 5));
  },
};

/** The highest rendition that the connection carries with half to spare and the picture has pixels for.
 * @param {Source[]} sources @param {number} height_px in device pixels @param {number} rate_bps @param {boolean} saver */
export function choose(sources, height_px, rate_bps, saver) {
  let chosen = 0;
  for (let at = 1; at < sources.length && !saver; at++) {
    const enough = sources[at - 1][2] >= height_px * 0.85;
    if (!enough && sources[at][3] * 1.5 <= rate_bps) chosen = at;
  }
  return chosen;
}

/** Stands in for a post's <video>: what it plays is the time that looking takes, once. */
class Clock extends EventTarget {
  paused = true;
  readyState = 4;
  duration = 1;
  spent_s = 0;
  since_ms = 0;
  timer = 0;
  muted = true;
  playbackRate = 1;

  get currentTime() {
    return this.paused ? this.spent_s : this.spent_s + (performance.now() - this.since_ms) / 1000;
  }

  set currentTime(at_s) {
    this.spent_s = at_s;
  }

  play() {
    if (!this.paused || this.spent_s >= this.duration) return;
    this.paused = false;
    this.since_ms = performance.now();
    this.timer = setTimeout(() => this.stop(this.duration, "ended"), (this.duration - this.spent_s) * 1000);
    this.dispatchEvent(new Event("playing"));
  }

  pause() {
    if (!this.paused) this.stop(this.currentTime, "pause");
  }

  /** @param {number} at_s @param {string} name */
  stop(at_s, name) {
    clearTimeout(this.timer);
    this.spent_s = at_s;
    this.paused = true;
    this.dispatchEvent(new Event(name));
  }
}

/** One of the three; it knows which article it stands in and which rendition it plays. */
class Seat {
  /** @param {Ring} ring */
  constructor(ring) {
    this.ring = ring;
    /** @type {HTMLElement | null} */ this.article = null;
    /** @type {Source[]} */ this.sources = [];
    this.chosen = 0;
    const clock = (this.clock = new Clock());
    const video = (this.film = document.createElement("video"));
    video.playsInline = true;
    video.muted = true;
    video.preload = "auto";
    video.tabIndex = -1;
    video.disableRemotePlayback = true;
    const on = (/** @type {string} */ name, /** @type {() => void} */ heard) => {
      video.addEventListener(name, heard);
      clock.addEventListener(name, heard);
    };
    on("loadeddata", () => this.article?.classList.add("live"));
    on("canplay", () => this.isCurrent && ring.prepareNext());
    on("playing", () => this.ran());
    on("pause", () => this.isCurrent && ring.watcher.stopped());
    on("waiting", () => this.wait());
    on("ended", () => this.loop());
    on("error", () => this.fail());
  }

  /** @returns {HTMLVideoElement} */
  get video() {
    return this.isPost ? /** @type {any} */ (this.clock) : this.film;
  }

  get isPost() {
    return Boolean(this.article?.dataset.kind);
  }

  get isCurrent() {
    return this.ring.current === this;
  }

  /** @param {HTMLElement} article */
  take(article) {
    this.free();
    this.article = article;
    if (this.isPost) {
      Object.assign(this.clock, { duration: Number(article.dataset.ms) / 1000, spent_s: 0 });
      return article.classList.add("live");
    }
    this.sources = JSON.parse(article.dataset.sources || "[]");
    const stage = /** @type {HTMLElement} */ (article.querySelector(".stage"));
    const [, width_px, height_px] = this.sources[0] || ["", 9, 16, 0];
    const shown_px = Math.min(stage.clientHeight, (stage.clientWidth * height_px) / width_px) * devicePixelRatio;
    this.chosen = choose(this.sources, shown_px, bandwidth.get(), saving());
    stage.querySelector(".said")?.before(this.film);
    this.load();
  }

  load(from_s = 0) {
    if (!this.sources.length) return this.fail();
    this.video.src = this.sources[this.chosen][0];
    if (from_s) this.video.currentTime = from_s;
    this.video.load();
  }

  /** Empties the element: one that is only removed keeps its decoder. */
  free() {
    if (!this.article) return;
    this.article.classList.remove("live", "waiting");
    this.clock.pause();
    this.article = null;
    this.film.pause();
    this.film.removeAttribute("src");
    this.film.load();
    this.film.remove();
  }

  async play() {
    const { video, ring } = this;
    if (!this.sources.length && !this.isPost) return ring.watcher.broken();
    if (this.article?.querySelector(".veil input:not(:checked)")) return;
    // What failed while it was prepared may be there by now.
    if (video.error) this.load(video.currentTime);
    if (this.isPost) return void this.clock.play();
    video.muted = !ring.wantsSound;
    this.article?.classList.add("waiting");
    this.hurry(1500);
    try {
      await video.play();
    } catch (fault) {
      if (fault.name !== "NotAllowedError" || !this.isCurrent) return;
      if (video.muted) return ring.watcher.refused();
      video.muted = true;
      await video.play().catch(() => this.isCurrent && ring.watcher.refused());
    }
  }

  ran() {
    this.article?.classList.remove("waiting");
    this.hasRun = true;
    if (!this.isCurrent) return this.video.pause();
    // This event was on its way when the clip was paused.
    if (this.video.paused) return;
    this.ring.watcher.playing();
    if (this.video.readyState > 2) this.ring.prepareNext();
  }

  wait() {
    if (!this.isCurrent || this.video.seeking || this.video.error) return;
    this.article?.classList.add("waiting");
    this.ring.watcher.stopped();
    if (this.video.currentTime > 0) this.hurry(400);
  }

  /** Goes down where the clip still cannot play after so long. @param {number} wait_ms */
  hurry(wait_ms) {
    const { article, chosen } = this;
    setTimeout(() => {
      const stuck = this.isCurrent && this.article === article && this.chosen === chosen && this.video.readyState < 3;
      if (stuck && chosen > 0 && !this.video.paused) this.down(this.video.currentTime);
    }, wait_ms);
  }

  /** A lower rendition from the same moment; never up again within a clip. @param {number} at_s */
  down(at_s) {
    bandwidth.learn(this.sources[this.chosen][3] * 0.7);
    this.chosen -= 1;
    this.load(at_s);
    if (this.isCurrent) this.play();
  }

  loop() {
    if (!this.isCurrent) return;
    this.ring.watcher.ended();
    if (this.isPost) return;
    this.video.currentTime = 0;
    this.play();
  }

  fail() {
    if (!this.article || (!this.video.error && this.sources.length)) return;
    if (this.chosen > 0) return this.down(this.video.currentTime);
    if (this.isCurrent) this.ring.watcher.broken();
  }
}

export class Ring {
  /** @param {Watcher} watcher told about the current clip */
  constructor(watcher) {
    this.watcher = watcher;
    this.seats = [new Seat(this), new Seat(this), new Seat(this)];
    /** @type {Seat | null} */ this.current = null;
    /** @type {HTMLElement | null} */ this.next = null;
    this.wantsSound = false;
    new PerformanceObserver((list) => list.getEntries().forEach(measure)).observe({ type: "resource" });
  }

  /** Plays `article`, keeps `previous`, and prepares `next` once this one can play.
   * @param {HTMLElement} article @param {HTMLElement | null} previous @param {HTMLElement | null} next @param {boolean} start */
  show(article, previous, next, start) {
    const left = this.current;
    this.next = next;
    const seat = this.seatOf(article) || this.seat(article, [article, previous, next]);
    this.current = seat;
    if (left && left !== seat) left.video.pause();
    seat.article?.classList.remove("broken");
    if (start) seat.play();
    for (const other of this.seats) {
      if (other !== seat && other.article !== previous && other.article !== next) other.free();
    }
    if (seat.video.readyState > 2) this.prepareNext();
  }

  /** @param {HTMLElement} article */
  seatOf(article) {
    return this.seats.find((seat) => seat.article === article);
  }

  /** A seat for `article` that is not needed for one of `wanted`. @param {HTMLElement} article @param {(HTMLElement | null)[]} wanted */
  seat(article, wanted) {
    const seat = this.seats.find((one) => !one.article) || this.seats.find((one) => !wanted.includes(one.article));
    const taken = seat || this.seats[0];
    taken.take(article);
    return taken;
  }

  /** Loads the next clip, and winds the one before back to its start. Never two ahead: HTTP/1.1 has six connections. */
  prepareNext() {
    const { current, next } = this;
    for (const seat of this.seats) {
      if (seat !== current && seat.hasRun && seat.article) {
        seat.hasRun = false;
        seat.video.currentTime = 0;
      }
    }
    if (!current || !next || saving() || this.seatOf(next)) return;
    this.seat(next, [current.article, /** @type {any} */ (current.article)?.previousElementSibling]);
  }

  /** @param {boolean} on */
  sound(on) {
    this.wantsSound = on;
    if (this.current) this.current.video.muted = !on;
  }
}

/** Learns from a clip that came whole over the network. @param {PerformanceEntry} entry */
function measure(entry) {
  const load = /** @type {PerformanceResourceTiming} */ (entry);
  const took_ms = load.responseEnd - load.responseStart;
  if (load.initiatorType !== "video" || load.transferSize < 65536 || took_ms < 5) return;
  bandwidth.learn((load.transferSize * 8000) / took_ms);
}
