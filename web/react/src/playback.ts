/**
 * Plays the files of a recording together, one media element for each.
 *
 * - The time line is the clock; every element follows it. A small difference is corrected by the speed, so that it is
 *   not heard, a large one by a jump.
 * - While an element that should play has no data, the time line waits for it, so that nobody is heard ahead of the picture.
 */

import { duration, isAt, type Span } from "./recordingTimeline.ts";
import type { Store } from "./useStore.ts";

/** What an element has to do to follow the time line. */
export type Correction = { jump: number } | { rate: number };

const IN_SYNC_S = 0.04;
const JUMP_S = 0.4;
const CORRECTING_RATE = 0.05;
/** HTMLMediaElement.HAVE_FUTURE_DATA. */
const HAVE_FUTURE_DATA = 3;
const TICK_MS = 100;
const MAX_STEP_S = 0.5;
/** An element that has no data for so long is not waited for: its file is incomplete. */
const MAX_WAIT_S = 5;

/** Returns how an element at `current` gets to `wanted`; both in seconds of its file. */
export function correction(current: number, wanted: number): Correction {
  const ahead = current - wanted;
  if (Math.abs(ahead) > JUMP_S) return { jump: wanted };
  if (Math.abs(ahead) <= IN_SYNC_S) return { rate: 1 };
  return { rate: ahead > 0 ? 1 - CORRECTING_RATE : 1 + CORRECTING_RATE };
}

export class Playback implements Store {
  readonly duration: number;
  readonly #listeners = new Set<() => void>();
  #version = 0;
  readonly #elements = new Map<string, HTMLMediaElement>();
  #time = 0;
  #playing = false;
  #waitedS = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickedAt = 0;

  constructor(private readonly spans: readonly Span[]) {
    this.duration = duration(spans);
  }

  get version(): number {
    return this.#version;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Seconds since the start of the recording. */
  get time(): number {
    return this.#time;
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** Adds the element of a file, or removes it. */
  attach(file: string, element: HTMLMediaElement | null): void {
    if (element) this.#elements.set(file, element);
    else this.#elements.delete(file);
    this.#follow();
  }

  play(): void {
    if (this.#time >= this.duration) this.#time = 0;
    this.#playing = true;
    this.#tickedAt = performance.now();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#update();
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#playing = false;
    this.#update();
  }

  seek(time: number): void {
    this.#time = Math.min(Math.max(0, time), this.duration);
    this.#waitedS = 0;
    this.#update();
  }

  /** Stops; the object is not used any more. */
  close(): void {
    clearInterval(this.#timer);
    for (const element of this.#elements.values()) element.pause();
  }

  #tick(): void {
    const now = performance.now();
    // A page in the background is called rarely: its time line does not leap when it is shown again.
    const step = Math.min((now - this.#tickedAt) / 1000, MAX_STEP_S);
    this.#tickedAt = now;
    if (this.#isWaiting() && this.#waitedS < MAX_WAIT_S) {
      this.#waitedS += step;
    } else {
      this.#waitedS = this.#isWaiting() ? this.#waitedS : 0;
      this.#time = Math.min(this.#time + step, this.duration);
    }
    if (this.#time >= this.duration) this.pause();
    else this.#update();
  }

  #isWaiting(): boolean {
    return this.spans.some((span) => {
      const element = this.#elements.get(span.track.file);
      // The last moments of a file have no data after them.
      return element !== undefined && isAt(span, this.#time) && span.end - this.#time > 1 && element.readyState < HAVE_FUTURE_DATA && !element.error;
    });
  }

  #update(): void {
    this.#follow();
    this.#version += 1;
    for (const listener of [...this.#listeners]) listener();
  }

  #follow(): void {
    for (const span of this.spans) {
      const element = this.#elements.get(span.track.file);
      if (element) this.#lead(element, span);
    }
  }

  #lead(element: HTMLMediaElement, span: Span): void {
    const wanted = this.#time - span.start;
    if (!isAt(span, this.#time)) {
      element.pause();
      return;
    }
    if (!this.#playing || this.#isWaiting()) {
      element.pause();
      if (Math.abs(element.currentTime - wanted) > IN_SYNC_S && !element.seeking) element.currentTime = wanted;
      return;
    }
    const what = correction(element.currentTime, wanted);
    if ("jump" in what) {
      if (!element.seeking) element.currentTime = what.jump;
    } else element.playbackRate = what.rate;
    // Refused without a gesture of the user, which the button is; an error of the file is the element's own.
    if (element.paused) void element.play().catch(() => undefined);
  }
}
