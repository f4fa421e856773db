/**
 * What this client has on one media node: its transports, and the producers and consumers on them.
 *
 * - A client has one home. While it moves to another media node it has two: the next one takes over what the former one carries.
 * - A home that has a successor makes nothing new. It goes on carrying what it has until it is closed.
 * - A standby is another home that prepares to take over: it carries nothing, follows what the home has, and shows nothing of it.
 */

import type { CallError } from "./errors.ts";
import type { HomeContext } from "./homeContext.ts";
import type { Source } from "./publication.ts";
import { Receiving } from "./receiving.ts";
import { Sending } from "./sending.ts";
import { Transports, type Direction, type Target } from "./transports.ts";

export interface HomeListener {
  /** A transport lost its network path. */
  disrupted(): void;
  /** A transport connected, a reconciliation finished, or a track was handed over to this home. */
  advanced(): void;
  /** A remote track cannot be received. */
  consumeFailed(error: CallError): void;
  /** A wanted transport was dropped: what it carried has to be made again. */
  syncNeeded(): void;
  /** The server created a producer paused, because a moderator muted its source. */
  muted(source: Source): void;
  /** This client no longer moves here from the former home: the server has ended that one. */
  moveEnded(): void;
}

export class Home {
  readonly transports: Transports;
  readonly sending: Sending;
  readonly receiving: Receiving;

  /** @param former - The home that this one takes over from, or prepares to, while both are there. */
  constructor(context: HomeContext, listener: HomeListener, target: Target, former?: Home) {
    const prepares = target === "standby";
    this.transports = new Transports(context, target, { ...listener, dropped: (direction) => this.#dropped(direction) });
    this.sending = new Sending(context, this.transports, listener, former?.sending, prepares);
    this.receiving = new Receiving(context, this.transports, listener, former?.receiving, prepares);
  }

  /** Whether nothing is being reconciled or has to be retried, and no transport is disrupted. */
  get isStable(): boolean {
    return this.sending.isSettled && this.receiving.isSettled && this.transports.areConnected;
  }

  /** Reconciles. Settles with the errors of sending and of receiving when the state is reached that is wanted now. */
  async sync(): Promise<unknown[]> {
    const results = await Promise.allSettled([this.sending.sync(), this.receiving.sync()]);
    return results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  }

  /** Whether the former home is no longer needed: this one carries all that is wanted. */
  replaces(former: Home): boolean {
    return this.isStable && !this.needs(former, "send") && !this.needs(former, "recv");
  }

  /** Whether something that is wanted is lost with this transport of the former home: this one does not carry it yet. */
  needs(former: Home, direction: Direction): boolean {
    return direction === "send" ? this.sending.lacks(former.sending) : this.receiving.lacks(former.receiving);
  }

  /** The move to this home has ended. */
  arrived(): void {
    this.transports.arrived();
    this.sending.arrived();
    this.receiving.arrived();
  }

  /**
   * The former home is lost, and this one has been its standby: sends and shows what was prepared.
   *
   * @returns Whether it carries all that a standby prepares.
   */
  takeOver(former: Home): boolean {
    this.transports.arrived();
    this.sending.takeOver();
    this.receiving.takeOver();
    const isComplete = this.sending.isComplete && this.receiving.hasPrepared(former.receiving) && this.transports.areConnected;
    former.drop();
    return isComplete;
  }

  /** Closes both transports at both ends, for good. */
  close(): void {
    this.transports.close();
  }

  /** Closes both transports locally, with what they carry. */
  drop(): void {
    this.transports.drop("send");
    this.transports.drop("recv");
  }

  #dropped(direction: Direction): void {
    if (direction === "send") this.sending.dropAll();
    else this.receiving.dropAll();
  }
}
