/**
 * The media of a call: makes the tracks that the application wants to send and receive, and follows what the server does to them.
 *
 * - The desired state is elsewhere: in the local publications and in the roster. `sync` compares it with the actual state, which is
 *   the {@link Home}, and makes the difference.
 * - Sending and receiving are reconciled side by side, so that neither waits for the other's round trips. Of each, one
 *   reconciliation runs at a time; a change during it is handled by the next one.
 * - A lost transport is dropped with its producers and consumers. The next `sync` creates them again; publications and their
 *   tracks stay.
 * - While this client moves to another media node, everything new is made in the next home, and the former one only ends.
 * - A {@link Standby} follows the home, and becomes it when the home's media node dies.
 * - No request is sent while `active` is false.
 */

import { Device } from "mediasoup-client";

import { Closes } from "./closes.ts";
import type { SendOptions } from "./encodings.ts";
import { CallError } from "./errors.ts";
import type { ConsumerLayers, ConsumerScores, EncodingScore, PeerMoved, SessionResumed } from "./generated/messages.ts";
import { Home, type HomeListener } from "./home.ts";
import type { HomeContext } from "./homeContext.ts";
import { Move } from "./move.ts";
import type { Publication, Source } from "./publication.ts";
import type { ReceivedTrack, Receiving } from "./receiving.ts";
import type { Roster } from "./roster.ts";
import type { SentTrack } from "./sending.ts";
import type { Signaling } from "./signaling.ts";
import { Standby } from "./standby.ts";
import type { Direction, Target, Transport } from "./transports.ts";

export interface MediaOptions extends SendOptions {
  iceTransportPolicy: RTCIceTransportPolicy | undefined;
  standby: boolean | "relay";
  device: Device | undefined;
}

export interface MediaListener {
  /** A transport lost its network path. */
  disrupted(): void;
  /** A transport connected, or a reconciliation finished. */
  stable(): void;
  /** A remote track cannot be received. */
  consumeFailed(error: CallError): void;
  /** A wanted transport was dropped: `sync` has to run again. */
  syncNeeded(): void;
  /** The server created a producer paused, because a moderator muted its source. */
  muted(source: Source): void;
  /** The former media node ended before everything had moved. */
  moveInterrupted(): void;
}

export class Media {
  readonly device: Device;
  readonly #context: HomeContext;
  readonly #standby: Standby;
  #active = false;
  #home: Home;
  /** The move to the present home. */
  #move: Move | undefined;
  /** The last move that is over. Its former home may send on for a moment. */
  #lastMove: Move | undefined;
  /** The media node of the present home, if this client moved there. */
  #nodeId: string | undefined;

  /** @throws CallError `unsupported_browser`. */
  constructor(
    private readonly signaling: Signaling,
    local: () => ReadonlyMap<Source, Publication>,
    roster: Roster,
    options: MediaOptions,
    private readonly listener: MediaListener,
  ) {
    this.device = options.device ?? createDevice();
    const isActive = () => this.#active;
    this.#context = {
      signaling,
      device: this.device,
      options,
      roster,
      local,
      closes: {
        transports: new Closes((transportId) => signaling.request("closeTransport", { transportId })),
        producers: new Closes((producerId) => signaling.request("closeProducer", { producerId })),
      },
      get active() {
        return isActive();
      },
    };
    this.#standby = new Standby(
      options.standby,
      () => (this.isStable && !this.#move ? this.#home : undefined),
      (home) => this.#makeHome("standby", home),
    );
    this.#home = this.#makeHome("home");
  }

  /** Follows the events that change no more than what this client shows of a track. */
  listenTo(signaling: Signaling): void {
    signaling.on("producerScore", ({ producerId, score }) => this.producerScore(producerId, score));
    signaling.on("consumerScore", ({ consumerId, score }) => this.consumerScore(consumerId, score));
    signaling.on("consumerLayersChanged", ({ consumerId, layers }) => this.layersChanged(consumerId, layers));
    signaling.on("consumerPaused", ({ consumerId, reason }) => this.pausedByServer(consumerId, reason, true));
    signaling.on("consumerResumed", ({ consumerId, reason }) => this.pausedByServer(consumerId, reason, false));
  }

  /** Whether the session exists, nothing is being reconciled or has to be retried, and no transport in use is disrupted. */
  get isStable(): boolean {
    return this.#active && this.#home.isStable;
  }

  /** Whether another media node could take over now. */
  get hasStandby(): boolean {
    return this.#standby.isReady;
  }

  get received(): Iterable<ReceivedTrack> {
    return this.#carrying.receiving.received;
  }

  get sent(): ReadonlyMap<Source, SentTrack> {
    return this.#carrying.sending.sent;
  }

  transport(direction: Direction): Transport | undefined {
    return this.#carrying.transports.get(direction);
  }

  /** A session with the server exists: requests can be sent. */
  resume(): void {
    this.#active = true;
  }

  /** The session's socket is lost. */
  suspend(): void {
    this.#active = false;
    this.#standby.drop();
  }

  /**
   * Resolves when the state that was desired at the time of the call is reached.
   *
   * @throws CallError; if it is `retryable`, call `sync` again later.
   */
  async sync(): Promise<void> {
    const home = this.#home;
    const [reason] = await home.sync();
    // Meanwhile, another home has begun to take over.
    if (home !== this.#home) return this.sync();
    // Errors of a lost session do not count: the next session reconciles again.
    if (reason !== undefined && this.#active) throw CallError.of(reason);
  }

  /** After `resume`: drops what the server no longer has. The next `sync` closes on the server what this client no longer has. */
  applySnapshot(session: SessionResumed): void {
    const homes = this.#homes;
    const { closes } = this.#context;
    const transports = new Set(session.transports.map(({ transportId }) => transportId));
    for (const home of homes) {
      for (const [direction, { id }] of home.transports.all) if (!transports.delete(id)) home.transports.drop(direction);
    }
    // It may have been placed elsewhere meanwhile: a later move may lead back to that node.
    if (homes.every((home) => home.transports.all.length === 0)) this.#endMove();
    for (const transportId of transports) closes.transports.add(transportId);
    const producers = new Map(session.producers.map((one) => [one.producerId, one]));
    for (const home of homes) home.sending.applySnapshot(producers);
    for (const producerId of producers.keys()) {
      if (!homes.some(({ sending }) => sending.sourceOf(producerId))) closes.producers.add(producerId);
    }
    const consumers = new Map(session.consumers.map((one) => [one.consumerId, one]));
    for (const home of homes) home.receiving.applySnapshot(consumers);
    for (const consumerId of consumers.keys()) {
      if (!homes.some(({ receiving }) => receiving.find(consumerId))) this.#home.receiving.closes.add(consumerId);
    }
  }

  /**
   * The server moves this client to another media node, or has moved it. `sync` makes there what is missing.
   *
   * @returns Whether the media goes on.
   */
  movedTo({ nodeId, makeBeforeBreak, standby = false }: PeerMoved): boolean {
    if (standby && this.#nodeId === nodeId) return true;
    const prepared = standby ? this.#standby.take() : undefined;
    if (prepared) return this.#promote(prepared, nodeId);
    this.#standby.drop();
    if (makeBeforeBreak) return this.#moveTo(nodeId);
    this.#moved();
    return false;
  }

  /** The node of the home has died. */
  #promote(prepared: Home, nodeId: string): boolean {
    const lost = this.#home;
    this.#home = prepared;
    this.#nodeId = nodeId;
    return prepared.takeOver(lost);
  }

  /** The former node goes on for a while: begins to make a home on the next one. Returns whether the media goes on; otherwise everything was dropped. */
  #moveTo(nodeId: string): boolean {
    if (this.#nodeId === nodeId) {
      // The server tells it again in a resumed session. It may have missed that the move is done.
      if (!this.#move) this.signaling.request("moveDone", {}).catch(() => undefined);
      return true;
    }
    if (this.#move) {
      this.#moved();
      return false;
    }
    const former = this.#home;
    const next = this.#makeHome("next", former);
    this.#home = next;
    this.#nodeId = nodeId;
    this.#move = new Move(former, next, this.signaling, () => this.#arrived());
    return true;
  }

  /** Drops all transports and closes them on the previous node. */
  #moved(): void {
    for (const { transports } of this.#homes) for (const [, { id }] of transports.all) transports.closeOnServer(id);
    this.#drop();
  }

  /** The server has closed a transport. Returns what this client lost with it. */
  transportClosed(transportId: string): "transport" | "moved" | undefined {
    if (this.#standby.transportClosed(transportId)) return undefined;
    if (this.#home.transports.closed(transportId)) return "transport";
    const former = this.#move?.former;
    const direction = former?.transports.directionOf(transportId);
    if (!former || !direction) return undefined;
    const lost = this.#home.needs(former, direction);
    former.transports.drop(direction);
    return lost ? "moved" : undefined;
  }

  /** The server has closed a producer. Returns its source if it was one of this client's. */
  producerClosed(producerId: string): Source | undefined {
    const sources = this.#homes.map(({ sending }) => sending.closed(producerId));
    return sources.find((source) => source !== undefined);
  }

  /** The server reports the encodings of a producer that somebody receives. Returns whether it is one of this client's. */
  layersWanted(producerId: string, encodings: readonly boolean[]): boolean {
    return this.#home.sending.layersWanted(producerId, encodings);
  }

  /** The server reports how well it receives the streams of a producer. */
  producerScore(producerId: string, score: readonly EncodingScore[]): void {
    const home = this.#homes.find(({ sending }) => sending.sourceOf(producerId));
    home?.sending.scored(producerId, score);
  }

  /** The server reports how well a consumer arrives here, and at the server. */
  consumerScore(consumerId: string, score: ConsumerScores): void {
    this.#receivingOf(consumerId).scored(consumerId, score);
  }

  /** The server has closed a consumer. */
  consumerClosed(consumerId: string): void {
    for (const { receiving } of this.#homes) receiving.closed(consumerId);
    this.#standby.home?.receiving.closed(consumerId);
  }

  /** The server reports the layers that it sends to a consumer. */
  layersChanged(consumerId: string, layers: ConsumerLayers | undefined): void {
    this.#receivingOf(consumerId).layersChanged(consumerId, layers);
  }

  /** A reason for which the server sends nothing to a consumer holds from now on, or has ended. */
  pausedByServer(consumerId: string, reason: string, paused: boolean): void {
    this.#receivingOf(consumerId).pausedByServer(consumerId, reason, paused);
  }

  /** The browser reports a network change: restarts ICE on disrupted transports. */
  networkChanged(): void {
    for (const { transports } of this.#homes) transports.networkChanged();
  }

  close(): void {
    this.suspend();
    this.#lastMove?.close();
    this.#drop();
  }

  /** The present home, then the former one. */
  get #homes(): Home[] {
    return this.#move ? [this.#home, this.#move.former] : [this.#home];
  }

  /** The home that carries the media at the moment. */
  get #carrying(): Home {
    const former = this.#move?.former;
    return former && former.transports.all.length > 0 ? former : this.#home;
  }

  /** The home that a report about a consumer concerns. The former one's consumers count until the present one receives the track. */
  #receivingOf(consumerId: string): Receiving {
    const prepared = this.#standby.home?.receiving;
    if (prepared?.find(consumerId)) return prepared;
    const { receiving } = this.#home;
    const former = this.#move?.former.receiving;
    const found = former?.find(consumerId);
    return former && found && !receiving.receives(found.track.producerId) ? former : receiving;
  }

  #makeHome(target: Target, former?: Home): Home {
    const ofHome: HomeListener = {
      ...this.listener,
      disrupted: () => {
        if (this.#carrying !== home) return;
        this.#standby.postpone();
        this.listener.disrupted();
      },
      advanced: () => {
        this.listener.stable();
        if (!this.#active) return;
        void this.#move?.advance();
        this.#standby.advance();
      },
      moveEnded: () => {
        const former = this.#move?.former;
        if (former && former.transports.all.length > 0) this.listener.moveInterrupted();
        former?.drop();
      },
    };
    // A standby takes over; one that was dropped concerns nobody.
    const heard = () => (home === this.#standby.home ? this.#standby.listener : this.#homes.includes(home) ? ofHome : undefined);
    const listener: HomeListener = {
      disrupted: () => heard()?.disrupted(),
      advanced: () => heard()?.advanced(),
      consumeFailed: (error) => heard()?.consumeFailed(error),
      syncNeeded: () => heard()?.syncNeeded(),
      muted: (source) => heard()?.muted(source),
      moveEnded: () => heard()?.moveEnded(),
    };
    const home: Home = new Home(this.#context, listener, target, former);
    return home;
  }

  #arrived(): void {
    this.#lastMove = this.#move;
    this.#move = undefined;
    this.#home.arrived();
    this.listener.stable();
    this.#standby.advance();
  }

  /** Drops everything locally. */
  #drop(): void {
    for (const home of this.#homes) home.drop();
    this.#endMove();
  }

  /** Nothing is left on the former node, nor on the next one. */
  #endMove(): void {
    this.#move?.cancel();
    this.#move = undefined;
    this.#nodeId = undefined;
    this.#home.arrived();
  }
}

function createDevice(): Device {
  try {
    return new Device();
  } catch (error) {
    throw new CallError("unsupported_browser", "This browser does not support WebRTC calls.", false, error);
  }
}
