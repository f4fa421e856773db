/**
 * Runs one task repeatedly, one run at a time.
 *
 * Requests made during a run share the run after it, so that every request is followed by a complete run.
 */

import { CallError } from "./errors.ts";

export class CoalescedTask {
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;
  #running = false;
  #failure: unknown;

  /** @param task - What to run. @param finished - Called after each run, also after one that failed. */
  constructor(
    private readonly task: () => Promise<void>,
    private readonly finished: () => void,
  ) {}

  /** Whether no run is in progress and none is requested. */
  get isIdle(): boolean {
    return !this.#running && !this.#next;
  }

  /** Whether it is idle, and the last run need not be retried. */
  get isSettled(): boolean {
    return this.isIdle && !(this.#failure !== undefined && CallError.of(this.#failure).retryable);
  }

  /** Resolves when the runs that are in progress or requested now have ended. */
  get ended(): Promise<unknown> {
    return this.#last;
  }

  /** Why the last run failed; `undefined` if it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Requests a run. Settles as that run does. */
  run(): Promise<void> {
    if (!this.#next) {
      const next = this.#last.then(() => this.#start());
      this.#next = next;
      this.#last = next.catch(() => undefined).then(() => this.finished());
    }
    return this.#next;
  }

  async #start(): Promise<void> {
    this.#next = undefined;
    this.#running = true;
    try {
      await this.task();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#running = false;
    }
  }
}
