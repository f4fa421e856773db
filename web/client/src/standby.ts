/**
 * A second home of this client on another media node, which takes over at once when the node of the first one dies (ADR 51).
 *
 * - It is prepared when the media has been stable for a while, and then follows what the first home sends and receives.
 * - Whatever fails here does not disturb the call: the standby is dropped, and another one is tried later.
 * - The server ends it with the session's socket, and when this client moves.
 */

import { CallError } from "./errors.ts";
import type { Home, HomeListener } from "./home.ts";
import { isRelayed } from "./relayed.ts";
import { standbyDelay, type History } from "./standbySchedule.ts";
import { readReports } from "./stats.ts";

/** Answers after which this call has no standby: the server does not know of it. */
const REFUSED: ReadonlySet<string> = new Set(["invalid_argument", "unknown_event"]);

/** Whatever ended one that was ready for less long, in milliseconds, may end the next one, too. */
const PROVEN_MS = 60_000;

const NOTHING_HAPPENED: History = { failures: 0, ends: 0 };

export class Standby {
  #home: Home | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #history: History = NOTHING_HAPPENED;
  /** When the present one became ready, as of `performance.now()`. */
  #readySince: number | undefined;
  #refused = false;

  /**
   * @param option - As in `CallOptions`.
   * @param stableHome - Returns the home of this client while its media is stable and does not move.
   * @param makeHome - Makes the standby of a home.
   */
  constructor(
    private readonly option: boolean | "relay",
    private readonly stableHome: () => Home | undefined,
    private readonly makeHome: (home: Home) => Home,
  ) {}

  /** What happens to the standby's home until it takes over. */
  readonly listener: HomeListener = {
    disrupted: () => this.#lost(),
    advanced: () => {
      if (this.isReady) this.#readySince ??= performance.now();
    },
    syncNeeded: () => this.#lost(),
    consumeFailed: () => {},
    muted: () => {},
    moveEnded: () => {},
  };

  get home(): Home | undefined {
    return this.#home;
  }

  /** Whether it could take over now. */
  get isReady(): boolean {
    if (!this.#home?.isStable) return false;
    return this.#home.transports.all.some(([, { connectionState }]) => connectionState === "connected");
  }

  /** To be called when the home of this client has changed: follows it, or plans a standby. */
  advance(): void {
    if (this.#home) void this.#follow(this.#home);
    else this.#plan();
  }

  /** The media is disturbed: a standby that there is stays, and one that was planned waits until the media has been stable again. */
  postpone(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Returns the standby's home, which takes over. */
  take(): Home | undefined {
    this.#history = NOTHING_HAPPENED;
    return this.#detach();
  }

  /** Closes it, or what has been made of it. */
  drop(): void {
    if (this.#home) this.#count("ends");
    this.#detach()?.close();
  }

  /** The server has closed a transport. Returns whether it was one of the standby's. */
  transportClosed(transportId: string): boolean {
    if (!this.#home?.transports.directionOf(transportId)) return false;
    this.#lost();
    return true;
  }

  /** What was never ready may never be. */
  #lost(): void {
    this.#renew(this.#readySince === undefined ? "failures" : "ends");
  }

  /** Plans another one. */
  #renew(as: keyof History): void {
    this.#count(as);
    this.#detach()?.close();
    this.#plan();
  }

  #count(as: keyof History): void {
    const hasProved = this.#readySince !== undefined && performance.now() - this.#readySince >= PROVEN_MS;
    const { failures, ends } = this.#history;
    if (hasProved) this.#history = { failures: 0, ends: 1 };
    else this.#history = as === "ends" ? { failures: 0, ends: ends + 1 } : { failures: failures + 1, ends };
  }

  #detach(): Home | undefined {
    this.postpone();
    const home = this.#home;
    this.#home = undefined;
    this.#readySince = undefined;
    return home;
  }

  #plan(): void {
    if (!this.option || this.#refused || this.#timer !== undefined || !this.stableHome()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#prepare();
    }, standbyDelay(this.#history, Math.random()));
  }

  async #prepare(): Promise<void> {
    const home = this.stableHome();
    if (!home || home.transports.all.length === 0) return;
    const isUnfit = this.option !== "relay" && (await isOverRelay(home));
    // Meanwhile, there is one already, or nothing to prepare it for.
    if (this.#home || this.stableHome() !== home) return;
    if (isUnfit) {
      this.#count("failures");
      return this.#plan();
    }
    this.#home = this.makeHome(home);
    await this.#follow(this.#home);
  }

  async #follow(home: Home): Promise<void> {
    const [reason] = await home.sync();
    if (reason === undefined || home !== this.#home) return;
    const { code, retryable } = CallError.of(reason);
    if (REFUSED.has(code) || (code === "unavailable" && !retryable)) this.#refused = true;
    this.#renew("failures");
  }
}

/** A relayed standby would take ports and addresses of a TURN server for each client. */
async function isOverRelay({ transports }: Home): Promise<boolean> {
  const reports = await Promise.all(transports.all.map(([, transport]) => readReports(transport)));
  return reports.some(isRelayed);
}
