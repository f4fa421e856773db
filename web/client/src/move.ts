/** A move of this client to another media node, before its media on the former one ends (ADR 48). */

import { CallError } from "./errors.ts";
import type { Home } from "./home.ts";
import type { Signaling } from "./signaling.ts";

/** The former home sends for so long after the move: the media nodes switch the viewers meanwhile. */
const SENDS_ON_MS = 3_000;
const RETRY_MS = 1_000;

export class Move {
  /** `ending`: `moveDone` has no answer yet. */
  #state: "moving" | "ending" | "over" = "moving";
  #sendsOn: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param former - Carries the media until `next` does.
   * @param ended - Called when nothing is left to do. The former home closes by itself, or by `close`.
   */
  constructor(
    readonly former: Home,
    private readonly next: Home,
    private readonly signaling: Signaling,
    private readonly ended: () => void,
  ) {}

  /** To be called when the next home has changed: ends the move as soon as that one carries everything. */
  async advance(): Promise<void> {
    if (this.#state !== "moving" || !this.next.replaces(this.former)) return;
    this.#state = "ending";
    const error = await this.signaling.request("moveDone", {}).then(() => undefined, CallError.of);
    if (this.#state !== "ending") return;
    if (error?.retryable) {
      this.#state = "moving";
      setTimeout(() => void this.advance(), RETRY_MS);
      return;
    }
    this.#state = "over";
    this.former.transports.drop("recv");
    this.#sendsOn = setTimeout(() => this.former.drop(), SENDS_ON_MS);
    this.ended();
  }

  /** The client has left: after a move that is over, the former home sends no longer. */
  close(): void {
    clearTimeout(this.#sendsOn);
    this.former.drop();
  }

  /** Both homes were dropped. */
  cancel(): void {
    this.#state = "over";
  }
}
