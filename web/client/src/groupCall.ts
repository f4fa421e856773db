/** Whether a call of a group is on, and who is in it: also for users who are not rung. */

import type { Calls } from "./calls.ts";
import { Emitter } from "./emitter.ts";
import { CallError } from "./errors.ts";
import type { CallInfo } from "./generated/messages.ts";

/** The server tells participants at once; everybody else has to ask. */
const INTERVAL_MS = 10_000;

export interface GroupCallEvents {
  /** The call has begun, changed or ended. */
  changed(call: CallInfo | undefined): void;
}

export class GroupCall extends Emitter<GroupCallEvents> {
  readonly #unsubscribes: (() => void)[] = [];
  #call: CallInfo | undefined;
  #problem: CallError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = 0;
  #watching = false;

  /**
   * Does not ask yet.
   *
   * @param calls - As whom to ask.
   * @param groupId - The group.
   */
  constructor(
    private readonly calls: Calls,
    readonly groupId: string,
  ) {
    super();
  }

  /** The live call; `undefined` while there is none, and before the first answer. */
  get call(): CallInfo | undefined {
    return this.#call;
  }

  /** Why the last question had no answer. */
  get problem(): CallError | undefined {
    return this.#problem;
  }

  /** The ids of the users who are in the call's room. */
  get members(): string[] {
    return (this.#call?.participants ?? []).filter(({ state }) => state === "joined").map(({ userId }) => userId);
  }

  /** Asks now, every 10 s while the page is visible, and after each event about a call of the group. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    const refresh = () => void this.refresh();
    const onChange = ({ callId }: { callId: string }) => (!this.#call || callId === this.#call.callId) && refresh();
    this.#unsubscribes.push(
      this.calls.on("callEnded", onChange),
      this.calls.on("participantJoined", onChange),
      this.calls.on("participantLeft", onChange),
      this.calls.on("incomingCall", ({ call }) => call.groupId === this.groupId && refresh()),
      this.calls.on("state", (state) => state === "connected" && refresh()),
    );
    const onVisible = () => !document.hidden && refresh();
    globalThis.document?.addEventListener("visibilitychange", onVisible);
    this.#unsubscribes.push(() => globalThis.document?.removeEventListener("visibilitychange", onVisible));
    refresh();
  }

  /** Asks no more. */
  unwatch(): void {
    this.#watching = false;
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#unsubscribes.splice(0)) unsubscribe();
  }

  /** Asks now. Never rejects. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const request = ++this.#request;
    let call = this.#call;
    let problem: CallError | undefined;
    try {
      call = await this.calls.groupCall(this.groupId);
    } catch (error) {
      problem = CallError.of(error);
    }
    // A later question has been asked meanwhile.
    if (request !== this.#request) return;
    this.#problem = problem;
    this.#call = call;
    if (this.#watching) this.#timer = setTimeout(() => this.#poll(), INTERVAL_MS);
    this.emit("changed", call);
    this.notify();
  }

  #poll(): void {
    if (globalThis.document?.hidden) this.#timer = setTimeout(() => this.#poll(), INTERVAL_MS);
    else void this.refresh();
  }
}
