/**
 * Transports, producers and consumers: brings what there is to what is wanted.
 *
 * Rules
 * - What is wanted stands elsewhere: the local publications, and the roster's. `sync` compares and does what is missing.
 * - One `sync` runs at a time; what changes meanwhile is done by the next.
 * - A transport that is lost is dropped with what hangs on it; the next `sync` makes everything anew. Publications and
 *   their tracks stay.
 * - Nothing is asked of the server while `active` is false.
 */

import { Device, type types } from "mediasoup-client";

import type { SessionResumed } from "./generated/messages.ts";
import { produceOptions, type SendOptions } from "./encodings.ts";
import { CallError } from "./errors.ts";
import type { Publication, Source } from "./publication.ts";
import type { RemoteTrack, Roster } from "./roster.ts";
import type { Signaling } from "./signaling.ts";

export type Direction = "send" | "recv";

export interface MediaListener {
  /** A transport does not carry any more, for now. */
  troubled(cause: "network"): void;
  /** A transport carries, or something was made. */
  settled(): void;
  /** Somebody's track cannot be received. */
  failed(error: CallError): void;
  /** Something was dropped that is still wanted: `sync` is due. */
  incomplete(): void;
}

interface Sent {
  readonly producer: types.Producer;
  paused: boolean;
}

interface Received {
  readonly consumer: types.Consumer;
  readonly track: RemoteTrack;
  flowing: boolean;
}

const RESTART_PAUSE_MS = 3_000;
const LOST: ReadonlySet<string> = new Set(["disconnected", "failed"]);

export class Media {
  readonly device: Device;
  /** The session stands: the server may be asked. */
  active = false;
  readonly #transports = new Map<Direction, types.Transport>();
  readonly #sent = new Map<Source, Sent>();
  readonly #producedPaused = new Map<Source, boolean>();
  readonly #received = new Map<string, Received>();
  readonly #unreceivable = new Set<string>();
  readonly #restarting = new WeakSet<types.Transport>();
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(
    private readonly signaling: Signaling,
    private readonly local: () => ReadonlyMap<Source, Publication>,
    private readonly roster: Roster,
    private readonly options: SendOptions & { iceTransportPolicy: RTCIceTransportPolicy | undefined; device: Device | undefined },
    private readonly listener: MediaListener,
  ) {
    this.device = options.device ?? makeDevice();
  }

  /** Every transport in use carries, and nothing is under way. */
  get complete(): boolean {
    const carrying = [...this.#transports.values()].every(({ connectionState: now }) => now === "connected" || now === "new");
    return this.active && !this.#next && carrying;
  }

  get received(): Iterable<Received> {
    return this.#received.values();
  }

  get sent(): ReadonlyMap<Source, Sent> {
    return this.#sent;
  }

  transport(direction: Direction): types.Transport | undefined {
    return this.#transports.get(direction);
  }

  /** Resolves when what was wanted at the time of the call is done. Rejects with CallError; `retryable`: try again. */
  sync(): Promise<void> {
    if (!this.#next) {
      const next = this.#running.then(() => {
        this.#next = undefined;
        return this.#reconcile();
      });
      this.#next = next;
      this.#running = next.catch(() => undefined).then(() => this.listener.settled());
    }
    return this.#next;
  }

  /** After `resume`: what the server does not hold any more is dropped, what it holds in vain is closed. */
  adopt(held: SessionResumed): void {
    const transports = new Set(held.transports.map(({ transportId }) => transportId));
    for (const [direction, { id }] of [...this.#transports]) {
      if (!transports.delete(id)) this.drop(direction);
    }
    for (const transportId of transports) this.#forget("closeTransport", { transportId });
    const producers = new Map(held.producers.map((one) => [one.producerId, one]));
    for (const [source, sent] of [...this.#sent]) {
      const known = producers.get(sent.producer.id);
      if (known) sent.paused = known.paused;
      else this.#dropSent(source);
      producers.delete(sent.producer.id);
    }
    for (const producerId of producers.keys()) this.#forget("closeProducer", { producerId });
    const consumers = new Map(held.consumers.map((one) => [one.consumerId, one]));
    for (const [producerId, received] of [...this.#received]) {
      const known = consumers.get(received.consumer.id);
      if (known) received.flowing = !known.paused;
      else this.#dropReceived(producerId);
      consumers.delete(received.consumer.id);
    }
    for (const consumerId of consumers.keys()) this.#forget("closeConsumer", { consumerId });
  }

  /** Gives the transport up, with what hangs on it. */
  drop(direction: Direction): void {
    this.#transports.get(direction)?.close();
    this.#transports.delete(direction);
    if (direction === "send") this.#sent.clear();
    else this.#received.clear();
  }

  /** The media has another home: what is left of the former one is given up. */
  moved(): void {
    for (const [direction, { id }] of [...this.#transports]) {
      this.#forget("closeTransport", { transportId: id });
      this.drop(direction);
    }
  }

  /** The server has given the transport up; true when it was one of ours. */
  transportClosed(transportId: string): boolean {
    const found = [...this.#transports].find(([, { id }]) => id === transportId);
    if (found) this.drop(found[0]);
    return found !== undefined;
  }

  producerClosed(producerId: string): boolean {
    const found = [...this.#sent].find(([, { producer }]) => producer.id === producerId);
    if (found) this.#dropSent(found[0]);
    return found !== undefined;
  }

  consumerClosed(consumerId: string): void {
    const found = [...this.#received].find(([, { consumer }]) => consumer.id === consumerId);
    if (found) this.#dropReceived(found[0]);
  }

  /** Tries again what a changed network may have made possible. */
  networkChanged(): void {
    for (const transport of this.#transports.values()) if (LOST.has(transport.connectionState)) void this.#restartIce(transport);
  }

  close(): void {
    this.active = false;
    this.drop("send");
    this.drop("recv");
  }

  async #reconcile(): Promise<void> {
    if (!this.active) return;
    for (const done of await Promise.allSettled([this.#send(), this.#receive()])) {
      // What fails because its socket or its transport has gone is done again when that is back.
      if (done.status === "rejected" && this.active) throw CallError.of(done.reason);
    }
  }

  async #send(): Promise<void> {
    const wanted = this.local();
    for (const [source, { producer }] of [...this.#sent]) {
      if (wanted.has(source)) continue;
      this.#dropSent(source);
      await this.signaling.call("closeProducer", { producerId: producer.id });
    }
    for (const [source, publication] of wanted) {
      const { track } = publication;
      if (!track || track.readyState === "ended" || !this.device.canProduce(publication.kind)) continue;
      const sent = this.#sent.get(source) ?? (await this.#produce(source, track));
      if (sent.producer.track !== track) await sent.producer.replaceTrack({ track });
      const paused = publication.muted;
      if (sent.paused === paused) continue;
      await this.signaling.call(paused ? "pauseProducer" : "resumeProducer", { producerId: sent.producer.id });
      sent.paused = paused;
    }
  }

  async #produce(source: Source, track: MediaStreamTrack): Promise<Sent> {
    const transport = await this.#open("send");
    const producer = await transport.produce({
      track,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: false,
      appData: { source },
      ...produceOptions(track, source, this.options, this.device.sendRtpCapabilities),
    });
    const sent = { producer, paused: this.#producedPaused.get(source) ?? false };
    if (!transport.closed) this.#sent.set(source, sent);
    return sent;
  }

  async #receive(): Promise<void> {
    for (const [producerId, { consumer, track }] of [...this.#received]) {
      const isThere = this.roster.tracks.get(producerId) === track;
      if (isThere && track.publication.subscribed) continue;
      this.#dropReceived(producerId);
      track.publication.setTrack(undefined);
      if (isThere) await this.signaling.call("closeConsumer", { consumerId: consumer.id });
    }
    const missing = [...this.roster.tracks.values()].filter(
      ({ producerId, publication }) =>
        publication.wanted && !this.#received.has(producerId) && !this.#unreceivable.has(producerId),
    );
    if (missing.length > 0) {
      const transport = await this.#open("recv");
      const done = await Promise.allSettled(missing.map((track) => this.#consume(transport, track)));
      // One that cannot be received now is no reason to let the others go.
      for (const one of done) if (one.status === "rejected") throw one.reason;
    }
    for (const received of [...this.#received.values()]) await this.#setFlowing(received);
  }

  async #consume(transport: types.Transport, track: RemoteTrack): Promise<void> {
    const { producerId, participant, publication } = track;
    const isThere = () => this.roster.tracks.get(producerId) === track && !transport.closed;
    try {
      const answer = await this.signaling.call("consume", { transportId: transport.id, producerId });
      const options = answer as typeof answer & { rtpParameters: types.RtpParameters };
      const consumer = await transport.consume({ ...options, streamId: participant.id });
      if (!isThere()) return consumer.close();
      const received = { consumer, track, flowing: false };
      this.#received.set(producerId, received);
      publication.setTrack(consumer.track);
      await this.#setFlowing(received);
    } catch (error) {
      if (!isThere()) return;
      const reason = CallError.of(error);
      if (reason.retryable) throw reason;
      this.#dropReceived(producerId);
      this.#unreceivable.add(producerId);
      this.listener.failed(reason);
    }
  }

  async #setFlowing(received: Received): Promise<void> {
    const { wanted } = received.track.publication;
    if (received.flowing === wanted) return;
    await this.signaling.call(wanted ? "resumeConsumer" : "pauseConsumer", { consumerId: received.consumer.id });
    received.flowing = wanted;
  }

  async #open(direction: Direction): Promise<types.Transport> {
    const existing = this.#transports.get(direction);
    if (existing && !existing.closed) return existing;
    const offer = (await this.signaling.call("createTransport", { direction })) as unknown as types.TransportOptions;
    const { iceTransportPolicy } = this.options;
    const options = iceTransportPolicy ? { ...offer, iceTransportPolicy } : offer;
    const transport = direction === "send" ? this.device.createSendTransport(options) : this.device.createRecvTransport(options);
    this.#transports.set(direction, transport);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.signaling.call("connectTransport", { transportId: transport.id, dtlsParameters }).then(done, (error: Error) => {
        // Whether the server has heard it nobody knows, and it hears it once: another transport is surer.
        failed(error);
        this.#forget("closeTransport", { transportId: transport.id });
        if (this.transportClosed(transport.id)) this.listener.incomplete();
      });
    });
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      const source = appData["source"] as Source;
      const paused = this.local().get(source)?.muted ?? false;
      this.#producedPaused.set(source, paused);
      const request = { transportId: transport.id, kind, rtpParameters: { ...rtpParameters }, appData, paused };
      this.signaling.call("produce", request).then(done, failed);
    });
    transport.on("connectionstatechange", (state) => {
      if (LOST.has(state)) {
        this.listener.troubled("network");
        void this.#restartIce(transport);
      } else {
        this.listener.settled();
      }
    });
    return transport;
  }

  /** Until the way is there again, or the server has given the transport up (RFC 8445 section 9). */
  async #restartIce(transport: types.Transport): Promise<void> {
    if (this.#restarting.has(transport)) return;
    this.#restarting.add(transport);
    while (!transport.closed && LOST.has(transport.connectionState)) {
      if (this.active) {
        try {
          const { iceParameters, iceServers } = await this.signaling.call("restartIce", { transportId: transport.id });
          // Credentials of a relay lapse: these are new.
          await transport.updateIceServers({ iceServers });
          await transport.restartIce({ iceParameters });
        } catch (error) {
          if (CallError.of(error).code === "not_found" && this.transportClosed(transport.id)) return this.listener.incomplete();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE_MS));
    }
    this.#restarting.delete(transport);
  }

  #dropSent(source: Source): void {
    this.#sent.get(source)?.producer.close();
    this.#sent.delete(source);
  }

  #dropReceived(producerId: string): void {
    this.#received.get(producerId)?.consumer.close();
    this.#received.delete(producerId);
  }

  /** Closes something that is of no use any more; if the server has no ear now, it finds out by itself. */
  #forget<E extends "closeTransport" | "closeProducer" | "closeConsumer">(event: E, request: Parameters<typeof this.signaling.call<E>>[1]): void {
    this.signaling.call(event, request).catch(() => undefined);
  }
}

function makeDevice(): Device {
  try {
    return new Device();
  } catch (error) {
    throw new CallError("unsupported_browser", "This browser cannot hold calls.", false, error);
  }
}
