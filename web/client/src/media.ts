/**
 * Transports, producers and consumers. Reconciles them with the tracks that the application wants to send and receive.
 *
 * - The desired state is elsewhere: in the local publications and in the roster. `sync` compares it with the actual state and
 *   makes the difference.
 * - Sending and receiving are reconciled side by side, so that neither waits for the other's round trips. Of each, one
 *   reconciliation runs at a time; a change during it is handled by the next one.
 * - A lost transport is dropped with its producers and consumers. The next `sync` creates them again; publications and their
 *   tracks stay.
 * - No request is sent while `active` is false.
 */

import { Device, parseScalabilityMode, type types } from "mediasoup-client";

import { setActiveEncodings } from "./activeEncodings.ts";
import { CoalescedTask } from "./coalescedTask.ts";
import type { ConsumerLayers, ConsumerScores, EncodingScore, PreferredLayers, SessionResumed } from "./generated/messages.ts";
import { produceOptions, type SendOptions } from "./encodings.ts";
import { CallError } from "./errors.ts";
import type { Publication, Source } from "./publication.ts";
import type { RemoteTrack, Roster } from "./roster.ts";
import { BEST_SCORE, scoreOnTheWay, worstScore } from "./scores.ts";
import type { Signaling } from "./signaling.ts";

export type Direction = "send" | "recv";

export interface MediaOptions extends SendOptions {
  iceTransportPolicy: RTCIceTransportPolicy | undefined;
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
}

interface SentTrack {
  readonly producer: types.Producer;
  /** Whether the producer is paused on the server. */
  paused: boolean;
  /** The encodings that somebody receives; `undefined`: all. */
  wantedEncodings: readonly boolean[] | undefined;
}

interface ReceivedTrack {
  readonly consumer: types.Consumer;
  readonly track: RemoteTrack;
  /** Whether the consumer is paused on the server. */
  paused: boolean;
  /** The preferred layers on the server. */
  preferredLayers: PreferredLayers | undefined;
}

const ICE_RESTART_INTERVAL_MS = 3_000;
const DISRUPTED_STATES: ReadonlySet<string> = new Set(["disconnected", "failed"]);

export class Media {
  readonly device: Device;
  /** Whether a session with the server exists, so that requests can be sent. */
  active = false;
  readonly #transports = new Map<Direction, types.Transport>();
  readonly #sent = new Map<Source, SentTrack>();
  /** The `paused` value of the last `produce` request of each source. */
  readonly #producedPaused = new Map<Source, boolean>();
  readonly #received = new Map<string, ReceivedTrack>();
  /** Consumers that nothing arrives for at the server. The report may precede the end of the browser's work for a new one. */
  readonly #cutOff = new Set<string>();
  /** Producers that the server refused to let this client consume over its present transport. */
  readonly #refusedProducers = new Set<string>();
  readonly #restarting = new WeakSet<types.Transport>();
  readonly #sending = new CoalescedTask(
    () => this.#send(),
    () => this.listener.stable(),
  );
  readonly #receiving = new CoalescedTask(
    () => this.#receive(),
    () => this.listener.stable(),
  );

  /** @throws CallError `unsupported_browser`. */
  constructor(
    private readonly signaling: Signaling,
    private readonly local: () => ReadonlyMap<Source, Publication>,
    private readonly roster: Roster,
    private readonly options: MediaOptions,
    private readonly listener: MediaListener,
  ) {
    this.device = options.device ?? createDevice();
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
    const connected = [...this.#transports.values()].every(({ connectionState }) => connectionState === "connected" || connectionState === "new");
    return this.active && isSettled(this.#sending) && isSettled(this.#receiving) && connected;
  }

  get received(): Iterable<ReceivedTrack> {
    return this.#received.values();
  }

  get sent(): ReadonlyMap<Source, SentTrack> {
    return this.#sent;
  }

  transport(direction: Direction): types.Transport | undefined {
    return this.#transports.get(direction);
  }

  /**
   * Resolves when the state that was desired at the time of the call is reached.
   *
   * @throws CallError; if it is `retryable`, call `sync` again later.
   */
  async sync(): Promise<void> {
    for (const result of await Promise.allSettled([this.#sending.run(), this.#receiving.run()])) {
      // Errors of a lost session do not count: the next session reconciles again.
      if (result.status === "rejected" && this.active) throw CallError.of(result.reason);
    }
  }

  /** After `resume`: drops what the server no longer has, and closes on the server what this client no longer has. */
  applySnapshot(session: SessionResumed): void {
    const transports = new Set(session.transports.map(({ transportId }) => transportId));
    for (const [direction, { id }] of [...this.#transports]) {
      if (!transports.delete(id)) this.#dropTransport(direction);
    }
    for (const transportId of transports) this.#closeOnServer("closeTransport", { transportId });
    const producers = new Map(session.producers.map((one) => [one.producerId, one]));
    for (const [source, sent] of [...this.#sent]) {
      const known = producers.get(sent.producer.id);
      if (known) {
        sent.paused = known.paused;
        sent.wantedEncodings = known.encodingsWanted;
        this.local().get(source)?.setScore(worstScore(known.score));
      } else {
        this.#dropSent(source);
      }
      producers.delete(sent.producer.id);
    }
    for (const producerId of producers.keys()) this.#closeOnServer("closeProducer", { producerId });
    const consumers = new Map(session.consumers.map((one) => [one.consumerId, one]));
    for (const [producerId, received] of [...this.#received]) {
      const known = consumers.get(received.consumer.id);
      if (known) {
        received.paused = known.paused;
        received.track.publication.setCurrentLayers(known.layers);
        received.track.publication.setPausedByBandwidth(known.pausedByBandwidth ?? false);
        this.pausedByServer(known.consumerId, "link", known.pausedByLink ?? false);
        received.track.publication.setScore(scoreOnTheWay(known.score));
      } else {
        this.#dropReceived(producerId);
      }
      consumers.delete(received.consumer.id);
    }
    for (const consumerId of consumers.keys()) this.#closeOnServer("closeConsumer", { consumerId });
  }

  /** The room has moved to another media node: drops all transports and closes them on the previous node. */
  moved(): void {
    for (const [direction, { id }] of [...this.#transports]) {
      this.#closeOnServer("closeTransport", { transportId: id });
      this.#dropTransport(direction);
    }
  }

  /** The server has closed a transport. Returns whether it was one of this client's. */
  transportClosed(transportId: string): boolean {
    const found = [...this.#transports].find(([, { id }]) => id === transportId);
    if (found) this.#dropTransport(found[0]);
    return found !== undefined;
  }

  /** The server has closed a producer. Returns its source if it was one of this client's. */
  producerClosed(producerId: string): Source | undefined {
    const [source] = [...this.#sent].find(([, { producer }]) => producer.id === producerId) ?? [];
    if (source) this.#dropSent(source);
    return source;
  }

  /** The server reports the encodings of a producer that somebody receives. Returns whether it is one of this client's. */
  layersWanted(producerId: string, encodings: readonly boolean[]): boolean {
    const found = [...this.#sent.values()].find(({ producer }) => producer.id === producerId);
    if (found) found.wantedEncodings = encodings;
    return found !== undefined;
  }

  /** The server reports how well it receives the streams of a producer. */
  producerScore(producerId: string, score: readonly EncodingScore[]): void {
    const [source] = [...this.#sent].find(([, { producer }]) => producer.id === producerId) ?? [];
    if (source !== undefined) this.local().get(source)?.setScore(worstScore(score));
  }

  /** The server reports how well a consumer arrives here, and at the server. */
  consumerScore(consumerId: string, score: ConsumerScores): void {
    this.#receivedBy(consumerId)?.track.publication.setScore(scoreOnTheWay(score));
  }

  /** The server has closed a consumer. */
  consumerClosed(consumerId: string): void {
    const found = this.#receivedBy(consumerId);
    if (found) this.#dropReceived(found.track.producerId);
  }

  /** The server reports the layers that it sends to a consumer. */
  layersChanged(consumerId: string, layers: ConsumerLayers | undefined): void {
    this.#receivedBy(consumerId)?.track.publication.setCurrentLayers(layers);
  }

  /** A reason for which the server sends nothing to a consumer holds from now on, or has ended. Reasons of newer servers have no effect. */
  pausedByServer(consumerId: string, reason: string, paused: boolean): void {
    const publication = this.#receivedBy(consumerId)?.track.publication;
    if (reason === "bandwidth") publication?.setPausedByBandwidth(paused);
    if (reason !== "link") return;
    if (paused) this.#cutOff.add(consumerId);
    else this.#cutOff.delete(consumerId);
    publication?.setUnreachable(paused);
  }

  /** The browser reports a network change: restarts ICE on disrupted transports. */
  networkChanged(): void {
    for (const transport of this.#transports.values()) {
      if (DISRUPTED_STATES.has(transport.connectionState)) void this.#restartIce(transport);
    }
  }

  close(): void {
    this.active = false;
    this.#dropTransport("send");
    this.#dropTransport("recv");
  }

  #receivedBy(consumerId: string): ReceivedTrack | undefined {
    return [...this.#received.values()].find(({ consumer }) => consumer.id === consumerId);
  }

  async #send(): Promise<void> {
    if (!this.active) return;
    const wanted = this.local();
    for (const [source, { producer }] of [...this.#sent]) {
      if (wanted.has(source)) continue;
      this.#dropSent(source);
      await this.signaling.request("closeProducer", { producerId: producer.id });
    }
    for (const [source, publication] of wanted) {
      const { track } = publication;
      if (!track || track.readyState === "ended" || !this.device.canProduce(publication.kind)) continue;
      const sent = this.#sent.get(source) ?? (await this.#produce(source, track));
      if (sent.producer.track !== track) await sent.producer.replaceTrack({ track });
      // A browser that refuses sends more than needed, which does no harm.
      if (sent.wantedEncodings) await setActiveEncodings(sent.producer, sent.wantedEncodings).catch(() => undefined);
      const paused = publication.muted;
      if (sent.paused === paused) continue;
      await this.signaling.request(paused ? "pauseProducer" : "resumeProducer", { producerId: sent.producer.id });
      sent.paused = paused;
    }
  }

  async #produce(source: Source, track: MediaStreamTrack): Promise<SentTrack> {
    const transport = await this.#openTransport("send");
    const producer = await transport.produce({
      track,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: false,
      appData: { source },
      ...produceOptions(track, source, this.options, this.device.sendRtpCapabilities),
    });
    const sent = { producer, paused: this.#producedPaused.get(source) ?? false, wantedEncodings: undefined };
    if (!transport.closed) this.#sent.set(source, sent);
    return sent;
  }

  async #receive(): Promise<void> {
    if (!this.active) return;
    for (const [producerId, { consumer, track }] of [...this.#received]) {
      const exists = this.roster.tracks.get(producerId) === track;
      if (exists && track.publication.subscribed) continue;
      this.#dropReceived(producerId);
      track.publication.setTrack(undefined);
      if (exists) await this.signaling.request("closeConsumer", { consumerId: consumer.id });
    }
    const missing = [...this.roster.tracks.values()].filter(
      ({ producerId, publication }) => publication.wanted && !this.#received.has(producerId) && !this.#refusedProducers.has(producerId),
    );
    if (missing.length > 0) {
      const transport = await this.#openTransport("recv");
      // allSettled: the failure of one track does not stop the others.
      const results = await Promise.allSettled(missing.map((track) => this.#consume(transport, track)));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    }
    for (const received of [...this.#received.values()]) await this.#applyPaused(received);
    // Last: on an old media node it fails until the node is replaced.
    for (const received of [...this.#received.values()]) await this.#applyPreferredLayers(received);
  }

  async #consume(transport: types.Transport, track: RemoteTrack): Promise<void> {
    const { producerId, participant, publication } = track;
    const exists = () => this.roster.tracks.get(producerId) === track && !transport.closed;
    try {
      const preferredLayers = publication.wantedLayers;
      const limit = preferredLayers ? { preferredLayers } : {};
      const answer = await this.signaling.request("consume", { transportId: transport.id, producerId, ...limit });
      const options = answer as typeof answer & { rtpParameters: types.RtpParameters };
      const consumer = await transport.consume({ ...options, kind: publication.kind, streamId: participant.id });
      if (!exists()) return consumer.close();
      // The server creates consumers paused.
      const received = { consumer, track, paused: true, preferredLayers };
      this.#received.set(producerId, received);
      publication.setSpatialLayers(spatialLayersOf(consumer.rtpParameters));
      publication.setUnreachable(this.#cutOff.has(consumer.id));
      publication.setTrack(consumer.track);
      await this.#applyPaused(received);
    } catch (error) {
      if (!exists()) return;
      const reason = CallError.of(error);
      if (reason.retryable) throw reason;
      this.#dropReceived(producerId);
      this.#refusedProducers.add(producerId);
      this.listener.consumeFailed(reason);
    }
  }

  async #applyPaused(received: ReceivedTrack): Promise<void> {
    const paused = !received.track.publication.wanted;
    if (received.paused === paused) return;
    await this.signaling.request(paused ? "pauseConsumer" : "resumeConsumer", { consumerId: received.consumer.id });
    received.paused = paused;
  }

  async #applyPreferredLayers(received: ReceivedTrack): Promise<void> {
    const preferredLayers = received.track.publication.wantedLayers;
    if (!preferredLayers || sameLayers(preferredLayers, received.preferredLayers)) return;
    try {
      await this.signaling.request("setPreferredLayers", { consumerId: received.consumer.id, ...preferredLayers });
    } catch (error) {
      // An older server sends the highest layers.
      if (CallError.of(error).code !== "unknown_event") throw error;
    }
    received.preferredLayers = preferredLayers;
  }

  async #openTransport(direction: Direction): Promise<types.Transport> {
    const existing = this.#transports.get(direction);
    if (existing && !existing.closed) return existing;
    const offer = (await this.signaling.request("createTransport", { direction })) as unknown as types.TransportOptions;
    const { iceTransportPolicy } = this.options;
    const options = iceTransportPolicy ? { ...offer, iceTransportPolicy } : offer;
    const transport = direction === "send" ? this.device.createSendTransport(options) : this.device.createRecvTransport(options);
    this.#transports.set(direction, transport);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.signaling.request("connectTransport", { transportId: transport.id, dtlsParameters }).then(done, (error: Error) => {
        // The server accepts this request once, and may have processed it. Replacing the transport is safe either way.
        failed(error);
        this.#closeOnServer("closeTransport", { transportId: transport.id });
        if (this.transportClosed(transport.id)) this.listener.syncNeeded();
      });
    });
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      const source = appData["source"] as Source;
      const paused = this.local().get(source)?.muted ?? false;
      this.#producedPaused.set(source, paused);
      const request = { transportId: transport.id, kind, rtpParameters: { ...rtpParameters }, appData, source, paused };
      this.signaling.request("produce", request).then((produced) => {
        if (produced.paused) {
          this.#producedPaused.set(source, true);
          this.listener.muted(source);
        }
        done(produced);
      }, failed);
    });
    transport.on("connectionstatechange", (state) => {
      if (DISRUPTED_STATES.has(state)) {
        this.listener.disrupted();
        void this.#restartIce(transport);
      } else {
        this.listener.stable();
      }
    });
    return transport;
  }

  /** Restarts ICE (RFC 8445 section 9) until the transport is connected or the server has closed it. */
  async #restartIce(transport: types.Transport): Promise<void> {
    if (this.#restarting.has(transport)) return;
    this.#restarting.add(transport);
    while (!transport.closed && DISRUPTED_STATES.has(transport.connectionState)) {
      if (this.active) {
        try {
          const { iceParameters, iceServers } = await this.signaling.request("restartIce", { transportId: transport.id });
          // The TURN credentials may have expired; the answer contains new ones.
          await transport.updateIceServers({ iceServers });
          await transport.restartIce({ iceParameters });
        } catch (error) {
          if (CallError.of(error).code === "not_found" && this.transportClosed(transport.id)) return this.listener.syncNeeded();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, ICE_RESTART_INTERVAL_MS));
    }
    this.#restarting.delete(transport);
  }

  /** Closes a transport locally, with its producers and consumers. */
  #dropTransport(direction: Direction): void {
    this.#transports.get(direction)?.close();
    this.#transports.delete(direction);
    if (direction === "send") {
      for (const source of [...this.#sent.keys()]) this.#dropSent(source);
      return;
    }
    for (const producerId of [...this.#received.keys()]) this.#dropReceived(producerId);
    this.#cutOff.clear();
    // What was refused may have been the transport, whose end is reported before or after the answer.
    this.#refusedProducers.clear();
  }

  #dropSent(source: Source): void {
    this.#sent.get(source)?.producer.close();
    this.#sent.delete(source);
    this.local().get(source)?.setScore(BEST_SCORE);
  }

  #dropReceived(producerId: string): void {
    const received = this.#received.get(producerId);
    received?.consumer.close();
    received?.track.publication.setCurrentLayers(undefined);
    received?.track.publication.setPausedByBandwidth(false);
    received?.track.publication.setUnreachable(false);
    if (received) this.#cutOff.delete(received.consumer.id);
    received?.track.publication.setScore(BEST_SCORE);
    this.#received.delete(producerId);
  }

  /** Closes an unused object on the server. Ignores errors: the next resume closes what remains. */
  #closeOnServer<E extends "closeTransport" | "closeProducer" | "closeConsumer">(
    event: E,
    request: Parameters<typeof this.signaling.request<E>>[1],
  ): void {
    this.signaling.request(event, request).catch(() => undefined);
  }
}

/** The number of spatial layers of a consumer's stream: the server states it as the scalability mode of the only encoding. */
function spatialLayersOf({ encodings }: types.RtpParameters): number {
  return parseScalabilityMode(encodings?.[0]?.scalabilityMode).spatialLayers;
}

/** Whether no run is pending and the last one need not be retried. */
function isSettled({ isIdle, failure }: CoalescedTask): boolean {
  return isIdle && !(failure !== undefined && CallError.of(failure).retryable);
}

function sameLayers(one: PreferredLayers, other: PreferredLayers | undefined): boolean {
  return one.spatialLayer === other?.spatialLayer && one.temporalLayer === other.temporalLayer;
}

function createDevice(): Device {
  try {
    return new Device();
  } catch (error) {
    throw new CallError("unsupported_browser", "This browser does not support WebRTC calls.", false, error);
  }
}
