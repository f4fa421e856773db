/**
 * The consumers of one home. Reconciles them with the remote tracks that the application wants to receive.
 *
 * While a client moves, a publication keeps the track of the former home until this one delivers. The consumers of a standby
 * are shown when it takes over; the server sends nothing to them before.
 */

import { parseScalabilityMode, type types } from "mediasoup-client";

import { Closes } from "./closes.ts";
import { CoalescedTask } from "./coalescedTask.ts";
import { CallError } from "./errors.ts";
import type { ConsumerLayers, ConsumerScores, PreferredLayers, ResumedConsumer } from "./generated/messages.ts";
import { untilDelivered } from "./handover.ts";
import type { HomeContext } from "./homeContext.ts";
import { MAX_PREPARED, mostImportant } from "./preparedTracks.ts";
import type { Publication } from "./publication.ts";
import type { RemoteTrack } from "./roster.ts";
import { BEST_SCORE, scoreOnTheWay } from "./scores.ts";
import type { Transports } from "./transports.ts";

export interface ReceivedTrack {
  readonly consumer: types.Consumer;
  readonly track: RemoteTrack;
  /** Whether the consumer is paused on the server. */
  paused: boolean;
  /** The preferred layers on the server. */
  preferredLayers: PreferredLayers | undefined;
  /** What the server has reported so far. */
  readonly reported: Report;
}

/** What the server reports about a consumer. */
interface Report {
  layers?: ConsumerLayers | undefined;
  pausedByBandwidth?: boolean;
  unreachable?: boolean;
  score?: number;
  closed?: boolean;
}

export interface ReceivingListener {
  /** A reconciliation finished, or a track was handed over. */
  advanced(): void;
  /** A remote track cannot be received. */
  consumeFailed(error: CallError): void;
}

export class Receiving {
  /** Consumers that are to be closed on the server. */
  readonly closes = new Closes((consumerId) => this.context.signaling.request("closeConsumer", { consumerId }));
  /** By producer id. */
  readonly #received = new Map<string, ReceivedTrack>();
  /** Consumers whose publications still have the track of the former home. */
  readonly #waiting = new Set<ReceivedTrack>();
  /** What the server reports of consumers that the browser is still preparing, by consumer id. */
  readonly #early = new Map<string, Report>();
  /** How many consumers the browser is preparing. */
  #preparing = 0;
  /** Producers that the server refused to let this client consume over its present transport. */
  readonly #refusedProducers = new Set<string>();
  readonly #task = new CoalescedTask(
    () => this.#reconcile(),
    () => this.listener.advanced(),
  );
  /** Another home takes over: runs that are under way end early, and none makes anything new. */
  #successor: Receiving | undefined;
  #release = () => {};
  /** This standby has taken over: it waits for nothing of the former home, whose dead node may not answer. */
  readonly #released = new Promise<void>((resolve) => (this.#release = resolve));

  constructor(
    private readonly context: HomeContext,
    private readonly transports: Transports,
    private readonly listener: ReceivingListener,
    private former: Receiving | undefined,
    /** Whether this is a standby: the former home goes on as if it were not there. */
    private prepares: boolean,
  ) {
    if (former && !prepares) former.#successor = this;
  }

  /** Whether no run is pending and the last one need not be retried. */
  get isSettled(): boolean {
    return this.#task.isSettled;
  }

  /** Resolves when nothing is being reconciled any more. */
  get ended(): Promise<unknown> {
    return this.#task.ended;
  }

  get received(): Iterable<ReceivedTrack> {
    return this.#received.values();
  }

  /** Whether a track of the former home is not received here. */
  lacks(former: Receiving): boolean {
    return [...former.#received].some(([producerId, { track }]) => {
      if (!this.#exists(track) || !track.publication.wanted || this.#refusedProducers.has(producerId)) return false;
      const received = this.#received.get(producerId);
      return !received || this.#waiting.has(received);
    });
  }

  /**
   * Whether this standby of a home receives as much as one prepares. What exceeds the limit is made after it has taken over, also when it has become
   * more important a moment ago.
   */
  hasPrepared(home: Receiving): boolean {
    const displayed = this.#displayedBy(home);
    return displayed.filter(({ producerId }) => this.receives(producerId)).length >= Math.min(displayed.length, MAX_PREPARED);
  }

  /** Reconciles. Settles when the state is reached that is wanted now. */
  sync(): Promise<void> {
    return this.#task.run();
  }

  /** The move has ended: there is no former home. */
  arrived(): void {
    this.former = undefined;
  }

  /** The former home is lost: publications show what was prepared here. */
  takeOver(): void {
    const { former } = this;
    this.prepares = false;
    this.former = undefined;
    this.#release();
    if (former) former.#successor = this;
    this.#refusedProducers.clear();
    for (const received of this.#received.values()) {
      const { track, consumer } = received;
      if (!this.#exists(track) || !track.publication.subscribed) continue;
      this.#present(received);
      void track.publication.continueWith(consumer.track);
    }
  }

  /** After `resume`: drops what the server no longer has. */
  applySnapshot(known: ReadonlyMap<string, ResumedConsumer>): void {
    for (const [producerId, received] of [...this.#received]) {
      const consumer = known.get(received.consumer.id);
      if (!consumer) {
        this.drop(producerId);
        continue;
      }
      received.paused = consumer.paused;
      const { layers, pausedByBandwidth = false, pausedByLink = false, score } = consumer;
      this.pausedByServer(consumer.consumerId, "link", pausedByLink);
      this.#report(consumer.consumerId, { layers, pausedByBandwidth, score: scoreOnTheWay(score) });
    }
  }

  get(producerId: string): ReceivedTrack | undefined {
    return this.#received.get(producerId);
  }

  receives(producerId: string): boolean {
    return this.#received.has(producerId);
  }

  /** Returns a consumer by its id. */
  find(consumerId: string): ReceivedTrack | undefined {
    return [...this.#received.values()].find(({ consumer }) => consumer.id === consumerId);
  }

  /** The server has closed a consumer. */
  closed(consumerId: string): void {
    this.#report(consumerId, { closed: true });
  }

  /** The server reports how well a consumer arrives here, and at the server. */
  scored(consumerId: string, score: ConsumerScores): void {
    this.#report(consumerId, { score: scoreOnTheWay(score) });
  }

  /** The server reports the layers that it sends to a consumer. */
  layersChanged(consumerId: string, layers: ConsumerLayers | undefined): void {
    this.#report(consumerId, { layers });
  }

  /** A reason for which the server sends nothing to a consumer holds from now on, or has ended. Reasons of newer servers have no effect. */
  pausedByServer(consumerId: string, reason: string, paused: boolean): void {
    if (reason === "bandwidth") this.#report(consumerId, { pausedByBandwidth: paused });
    if (reason === "link") this.#report(consumerId, { unreachable: paused });
  }

  /** What is not shown yet is remembered. */
  #report(consumerId: string, report: Report): void {
    const received = this.find(consumerId);
    if (received) {
      if (report.closed) return this.drop(received.track.producerId);
      Object.assign(received.reported, report);
      if (!this.prepares) display(report, received.track.publication);
    } else if (this.#preparing > 0) {
      this.#early.set(consumerId, { ...this.#early.get(consumerId), ...report });
    }
  }

  dropAll(): void {
    for (const producerId of [...this.#received.keys()]) this.drop(producerId);
    // What was refused may have been the transport, whose end is reported before or after the answer.
    this.#refusedProducers.clear();
  }

  /** Closes a consumer locally. */
  drop(producerId: string): void {
    const received = this.#received.get(producerId);
    if (!received) return;
    received.consumer.close();
    this.#waiting.delete(received);
    this.#received.delete(producerId);
    if (this.prepares || this.#successor?.receives(producerId)) return;
    const { publication } = received.track;
    publication.setCurrentLayers(undefined);
    publication.setPausedByBandwidth(false);
    publication.setUnreachable(false);
    publication.setScore(BEST_SCORE);
  }

  async #reconcile(): Promise<void> {
    // What the former home was about to make is either made or not.
    if (this.former) await Promise.race([this.former.ended, this.#released]);
    if (!this.context.active || this.#successor) return;
    if (this.former && this.prepares) {
      await this.#prepare(this.former);
    } else {
      this.former?.closeUnwanted();
      this.closeUnwanted();
      await this.#consumeAll([...this.context.roster.tracks.values()].filter(({ publication }) => publication.wanted));
      for (const received of [...this.#received.values()]) await this.#applyPaused(received);
    }
    // Last: on an old media node it fails until the node is replaced.
    for (const received of [...this.#received.values()]) await this.#applyPreferredLayers(received);
    const [error, ofFormer] = await Promise.all([this.closes.perform(), this.prepares ? undefined : this.former?.closes.perform()]);
    if (error ?? ofFormer) throw error ?? ofFormer;
  }

  /**
   * Makes a consumer of what the home displays, and then closes the others: those that remain need no request when this home takes over, which may be
   * at any moment.
   */
  async #prepare(home: Receiving): Promise<void> {
    const wanted = new Set(mostImportant(this.#displayedBy(home)));
    for (const [producerId, { track }] of [...this.#received]) if (!this.#exists(track)) this.drop(producerId);
    await this.#consumeAll([...wanted]);
    for (const [producerId, { consumer, track }] of [...this.#received]) {
      if (!this.prepares || wanted.has(track)) continue;
      this.drop(producerId);
      if (this.#exists(track)) this.closes.add(consumer.id);
    }
  }

  #displayedBy(home: Receiving): RemoteTrack[] {
    return [...this.context.roster.tracks.values()].filter(({ producerId, publication }) => publication.wanted && home.receives(producerId));
  }

  async #consumeAll(tracks: readonly RemoteTrack[]): Promise<void> {
    const missing = tracks.filter(({ producerId }) => !this.receives(producerId) && !this.#refusedProducers.has(producerId));
    if (missing.length === 0) return;
    const transport = await this.transports.open("recv");
    // allSettled: the failure of one track does not stop the others.
    const results = await Promise.allSettled(missing.map((track) => this.#consume(transport, track)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #exists(track: RemoteTrack): boolean {
    return this.context.roster.tracks.get(track.producerId) === track;
  }

  /** Closes what is not to be received any more. */
  closeUnwanted(): void {
    for (const [producerId, { consumer, track }] of [...this.#received]) {
      const exists = this.#exists(track);
      if (exists && track.publication.subscribed) continue;
      this.drop(producerId);
      track.publication.setTrack(undefined);
      if (exists) this.closes.add(consumer.id);
    }
  }

  async #consume(transport: types.Transport, track: RemoteTrack): Promise<void> {
    const { producerId, participant, publication } = track;
    const exists = () => this.#exists(track) && !transport.closed;
    const prepared = this.prepares;
    this.#preparing += 1;
    try {
      const preferredLayers = publication.wantedLayers;
      const limit = preferredLayers ? { preferredLayers } : {};
      const answer = await this.context.signaling.request("consume", {
        transportId: transport.id,
        producerId,
        ...limit,
        ...(prepared ? { paused: false } : {}),
      });
      const options = answer as typeof answer & { rtpParameters: types.RtpParameters };
      const consumer = await transport.consume({ ...options, kind: publication.kind, streamId: participant.id });
      if (!exists()) return consumer.close();
      // The server creates consumers paused, and sends nothing to those of a standby anyway.
      const reported: Report = { pausedByBandwidth: false, unreachable: false, ...this.#early.get(consumer.id) };
      const received = { consumer, track, paused: !prepared, preferredLayers, reported };
      this.#received.set(producerId, received);
      if (reported.closed) return this.drop(producerId);
      if (this.prepares) return;
      this.#present(received);
      this.#show(received);
      await this.#applyPaused(received);
    } catch (error) {
      if (!exists()) return;
      const reason = CallError.of(error);
      if (reason.retryable) throw reason;
      // It may be another matter now that the standby has taken over: the next run asks again.
      if (prepared && !this.prepares) return;
      this.drop(producerId);
      this.#refusedProducers.add(producerId);
      this.listener.consumeFailed(reason);
    } finally {
      this.#preparing -= 1;
      if (this.#preparing === 0) this.#early.clear();
    }
  }

  /** Tells the publication what is known about the consumer of its track. */
  #present({ consumer, track, reported }: ReceivedTrack): void {
    track.publication.setSpatialLayers(spatialLayersOf(consumer.rtpParameters));
    display(reported, track.publication);
  }

  /** Gives the publication its track: at once, or when the former home's can be replaced without a gap. */
  #show(received: ReceivedTrack): void {
    const { publication, producerId } = received.track;
    const playing = this.former?.get(producerId);
    if (playing && !playing.consumer.closed && publication.track === playing.consumer.track) void this.#handOver(received, playing);
    else publication.setTrack(received.consumer.track);
  }

  async #handOver(received: ReceivedTrack, { consumer: playing }: ReceivedTrack): Promise<void> {
    const { consumer, track } = received;
    this.#waiting.add(received);
    await untilDelivered(consumer, () => playing.closed || track.publication.muted);
    if (this.#waiting.has(received)) await track.publication.continueWith(consumer.track);
    if (this.#waiting.delete(received)) this.listener.advanced();
  }

  async #applyPaused(received: ReceivedTrack): Promise<void> {
    const paused = !received.track.publication.wanted;
    if (received.paused === paused) return;
    await this.context.signaling.request(paused ? "pauseConsumer" : "resumeConsumer", { consumerId: received.consumer.id });
    received.paused = paused;
  }

  async #applyPreferredLayers(received: ReceivedTrack): Promise<void> {
    const preferredLayers = received.track.publication.wantedLayers;
    if (!preferredLayers || sameLayers(preferredLayers, received.preferredLayers)) return;
    try {
      await this.context.signaling.request("setPreferredLayers", { consumerId: received.consumer.id, ...preferredLayers });
    } catch (error) {
      // An older server sends the highest layers.
      if (CallError.of(error).code !== "unknown_event") throw error;
    }
    received.preferredLayers = preferredLayers;
  }
}

function display({ pausedByBandwidth, unreachable, score, ...report }: Report, publication: Publication): void {
  if ("layers" in report) publication.setCurrentLayers(report.layers);
  if (pausedByBandwidth !== undefined) publication.setPausedByBandwidth(pausedByBandwidth);
  if (unreachable !== undefined) publication.setUnreachable(unreachable);
  if (score !== undefined) publication.setScore(score);
}

/** The number of spatial layers of a consumer's stream: the server states it as the scalability mode of the only encoding. */
function spatialLayersOf({ encodings }: types.RtpParameters): number {
  return parseScalabilityMode(encodings?.[0]?.scalabilityMode).spatialLayers;
}

function sameLayers(one: PreferredLayers, other: PreferredLayers | undefined): boolean {
  return one.spatialLayer === other?.spatialLayer && one.temporalLayer === other.temporalLayer;
}
