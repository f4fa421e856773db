/**
 * A call: this client's membership of one room.
 *
 * Rules
 * - The server says who is here; this object only follows. After a lost socket it joins anew and adopts the snapshot:
 *   a tab that is gone for good is gone for the others at once, and not kept for a socket that never comes back.
 * - What changes transports runs one after another; a transport that the server gave up is dropped at once, before
 *   anything more is done with it.
 * - What the server could not do just now is tried again, until the socket is lost: then all begins anew.
 * - A published track outlives its transport: when that goes, the track is produced again on the next.
 */

import { Device, type types } from "mediasoup-client";

import type { NewProducer, PeerInfo } from "./messages.js";
import { Signaling, SignalingError } from "./signaling.js";

export type CallState = "joining" | "joined" | "reconnecting" | "ended";

export interface CallListener {
  state(state: CallState, why?: string): void;
  peerJoined(peer: { peerId: string; displayName: string }): void;
  peerLeft(peerId: string): void;
  track(peerId: string, producerId: string, track: MediaStreamTrack): void;
  trackEnded(peerId: string, producerId: string): void;
  trackPaused(peerId: string, kind: types.MediaKind, paused: boolean): void;
}

interface Remote {
  peerId: string;
  kind: types.MediaKind;
  consumer?: types.Consumer;
}

type Direction = "send" | "recv";

const RETRY_MS = 1_000;

/** How video is sent. */
export interface VideoOptions {
  /** A codec's name (`VP8`, `VP9`, `H264`, `AV1`); the first that both sides know when absent. */
  codec?: string;
  /** In three sizes at once. */
  simulcast: boolean;
}

const SIMULCAST: RTCRtpEncodingParameters[] = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

export class Call {
  readonly #signaling = new Signaling();
  readonly #device = new Device();
  readonly #peers = new Set<string>();
  readonly #remotes = new Map<string, Remote>();
  readonly #transports = new Map<Direction, types.Transport>();
  readonly #producers = new Map<MediaStreamTrack, types.Producer>();
  #state: CallState = "joining";
  #work: Promise<void> = Promise.resolve();
  /** Grows with every gain and loss of the socket: steps of an earlier time are not done any more. */
  #era = 0;

  constructor(
    readonly room: string,
    readonly name: string,
    readonly tracks: MediaStreamTrack[],
    readonly video: VideoOptions,
    readonly listener: CallListener,
  ) {
    this.#listen();
  }

  start(): void {
    this.#enter("joining");
    this.#signaling.connect();
  }

  async leave(): Promise<void> {
    if (this.#state === "joined") {
      await this.#signaling.call("leaveRoom", {}).catch(() => undefined);
    }
    this.#end();
  }

  /** Mutes or unmutes what this client sends of one kind. */
  async setPaused(kind: types.MediaKind, paused: boolean): Promise<void> {
    for (const track of this.tracks.filter((track) => track.kind === kind)) {
      track.enabled = !paused;
      const producer = this.#producers.get(track);
      if (producer) {
        await this.#signaling.call(paused ? "pauseProducer" : "resumeProducer", { producerId: producer.id });
      }
    }
  }

  /** The transports' statistics, for diagnosis. */
  async stats(): Promise<Record<Direction, object[]>> {
    const read = async (direction: Direction): Promise<object[]> => [
      ...((await this.#transports.get(direction)?.getStats())?.values() ?? []),
    ];
    return { send: await read("send"), recv: await read("recv") };
  }

  #listen(): void {
    const signaling = this.#signaling;
    signaling.onConnected(() => this.#connected());
    signaling.onLost(() => this.#lost());
    signaling.on("peerJoined", (peer) => this.#addPeer({ ...peer, producers: [] }));
    signaling.on("peerLeft", (gone) => this.#removePeer(gone.peerId));
    signaling.on("newProducer", (producer) => this.#addProducer(producer));
    signaling.on("producerClosed", (closed) => this.#removeProducer(closed.producerId));
    signaling.on("producerPaused", ({ producerId }) => this.#showPaused(producerId, true));
    signaling.on("producerResumed", ({ producerId }) => this.#showPaused(producerId, false));
    signaling.on("transportClosed", ({ transportId }) => this.#transportClosed(transportId));
    signaling.on("peerMoved", () => this.#moved());
    signaling.on("roomClosed", () => this.#end("The room was closed."));
  }

  #enqueue(step: () => Promise<void>, era = this.#era): void {
    this.#work = this.#work.then(async () => {
      if (this.#state === "ended" || era !== this.#era) return;
      try {
        await step();
      } catch (error) {
        this.#failed(error, () => this.#enqueue(step, era));
      }
    });
  }

  #failed(error: unknown, again: () => void): void {
    if (error instanceof SignalingError && error.retryable) setTimeout(again, RETRY_MS);
    else if (this.#state === "joining") this.#end(error instanceof Error ? error.message : String(error));
    else console.error("hubbub:", error);
  }

  #connected(): void {
    this.#era += 1;
    this.#enqueue(async () => {
      await this.#join();
      this.#enter("joined");
      this.#enqueue(() => this.#exchange());
    });
  }

  #lost(): void {
    this.#era += 1;
    if (this.#state !== "ended") this.#enter("reconnecting");
  }

  async #join(): Promise<void> {
    this.#dropTransport("send");
    this.#dropTransport("recv");
    this.#adopt([]);
    const { rtpCapabilities } = await this.#signaling.call("createRoom", { callId: this.room });
    if (!this.#device.loaded) await this.#device.load({ routerRtpCapabilities: rtpCapabilities });
    const joined = await this.#signaling.call("joinRoom", {
      callId: this.room,
      userId: this.name,
      displayName: this.name,
      rtpCapabilities: this.#device.recvRtpCapabilities,
    });
    this.#adopt(joined.peers);
  }

  /** Makes what is shown equal to what the server says. */
  #adopt(peers: PeerInfo[]): void {
    const here = new Set(peers.map((peer) => peer.peerId));
    for (const peerId of [...this.#peers]) if (!here.has(peerId)) this.#removePeer(peerId);
    const sent = new Set(peers.flatMap((peer) => peer.producers.map((producer) => producer.producerId)));
    for (const producerId of [...this.#remotes.keys()]) if (!sent.has(producerId)) this.#removeProducer(producerId);
    for (const peer of peers) this.#addPeer(peer);
  }

  #addPeer(peer: PeerInfo): void {
    if (!this.#peers.has(peer.peerId)) {
      this.#peers.add(peer.peerId);
      this.listener.peerJoined(peer);
    }
    for (const producer of peer.producers) this.#addProducer({ ...producer, peerId: peer.peerId });
  }

  #removePeer(peerId: string): void {
    for (const [producerId, remote] of [...this.#remotes]) {
      if (remote.peerId === peerId) this.#removeProducer(producerId);
    }
    if (this.#peers.delete(peerId)) this.listener.peerLeft(peerId);
  }

  #addProducer({ producerId, peerId, kind, paused }: NewProducer): void {
    if (!this.#remotes.has(producerId)) {
      this.#remotes.set(producerId, { peerId, kind });
      if (this.#state === "joined") this.#enqueue(() => this.#subscribe());
    }
    this.#showPaused(producerId, paused);
  }

  #removeProducer(producerId: string): void {
    const remote = this.#remotes.get(producerId);
    if (!remote) return;
    this.#remotes.delete(producerId);
    remote.consumer?.close();
    this.listener.trackEnded(remote.peerId, producerId);
  }

  #showPaused(producerId: string, paused: boolean): void {
    const remote = this.#remotes.get(producerId);
    if (remote) this.listener.trackPaused(remote.peerId, remote.kind, paused);
  }

  #transportClosed(transportId: string): void {
    for (const [direction, transport] of [...this.#transports]) {
      if (transport.id === transportId) this.#dropTransport(direction);
    }
    this.#enqueue(() => this.#exchange());
  }

  /** What is left of the old home is given up; everything is made anew on the next. */
  #moved(): void {
    for (const [direction, transport] of [...this.#transports]) {
      this.#signaling.call("closeTransport", { transportId: transport.id }).catch(() => undefined);
      this.#dropTransport(direction);
    }
    this.#enqueue(() => this.#exchange());
  }

  #dropTransport(direction: Direction): void {
    this.#transports.get(direction)?.close();
    this.#transports.delete(direction);
    if (direction === "send") this.#producers.clear();
    else for (const remote of this.#remotes.values()) delete remote.consumer;
  }

  /** Sends and receives what is not sent and received yet. */
  async #exchange(): Promise<void> {
    for (const done of await Promise.allSettled([this.#publish(), this.#subscribe()])) {
      if (done.status === "rejected") throw done.reason;
    }
  }

  /** Sends every track that is not being sent. */
  async #publish(): Promise<void> {
    for (const track of this.tracks) {
      if (this.#producers.has(track) || track.readyState === "ended") continue;
      if (!this.#device.canProduce(track.kind as types.MediaKind)) continue;
      const transport = await this.#transport("send");
      const producer = await transport.produce({
        track,
        stopTracks: false,
        disableTrackOnPause: false,
        zeroRtpOnPause: false,
        ...(track.kind === "video" ? this.#videoOptions() : {}),
      });
      this.#producers.set(track, producer);
    }
  }

  #videoOptions(): Partial<types.ProducerOptions> {
    const mimeType = `video/${this.video.codec}`.toLowerCase();
    const codec = this.#device.sendRtpCapabilities.codecs?.find((codec) => codec.mimeType.toLowerCase() === mimeType);
    if (this.video.codec && !codec) throw new Error(`Browser and server share no codec ${this.video.codec}.`);
    return {
      codecOptions: { videoGoogleStartBitrate: 1000 },
      ...(codec ? { codec } : {}),
      ...(this.video.simulcast ? { encodings: SIMULCAST } : {}),
    };
  }

  /** Receives every producer that is not being received; one that cannot be is passed over. */
  async #subscribe(): Promise<void> {
    const missing = [...this.#remotes].filter(([, remote]) => !remote.consumer);
    if (missing.length === 0) return;
    const transport = await this.#transport("recv");
    const done = await Promise.allSettled(missing.map(([producerId, remote]) => this.#consume(transport, producerId, remote)));
    // One that cannot be received now is no reason to let the others go.
    for (const one of done) if (one.status === "rejected") throw one.reason;
  }

  async #consume(transport: types.Transport, producerId: string, remote: Remote): Promise<void> {
    try {
      const options = await this.#signaling.call("consume", { transportId: transport.id, producerId });
      const consumer = await transport.consume({ ...options, streamId: remote.peerId });
      if (this.#remotes.get(producerId) !== remote || transport.closed) return consumer.close();
      remote.consumer = consumer;
      this.listener.track(remote.peerId, producerId, consumer.track);
      await this.#signaling.call("resumeConsumer", { consumerId: consumer.id });
    } catch (error) {
      remote.consumer?.close();
      delete remote.consumer;
      if (error instanceof SignalingError && error.retryable) throw error;
      if (this.#remotes.has(producerId)) console.warn(`hubbub: cannot receive ${producerId}:`, error);
    }
  }

  async #transport(direction: Direction): Promise<types.Transport> {
    const existing = this.#transports.get(direction);
    if (existing && !existing.closed) return existing;
    const options = await this.#signaling.call("createTransport", { direction });
    const transport = direction === "send" ? this.#device.createSendTransport(options) : this.#device.createRecvTransport(options);
    this.#transports.set(direction, transport);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.#signaling.call("connectTransport", { transportId: transport.id, dtlsParameters }).then(done, failed);
    });
    transport.on("produce", ({ kind, rtpParameters }, done, failed) => {
      const paused = !this.tracks.find((track) => track.kind === kind)?.enabled;
      this.#signaling.call("produce", { transportId: transport.id, kind, rtpParameters, paused }).then(done, failed);
    });
    transport.on("connectionstatechange", (state) => {
      if (state === "disconnected" || state === "failed") this.#enqueue(() => this.#restartIce(transport));
    });
    return transport;
  }

  async #restartIce(transport: types.Transport): Promise<void> {
    if (transport.closed || transport.connectionState === "connected") return;
    const { iceParameters } = await this.#signaling.call("restartIce", { transportId: transport.id });
    await transport.restartIce({ iceParameters });
  }

  #enter(state: CallState, why?: string): void {
    this.#state = state;
    this.listener.state(state, why);
  }

  #end(why?: string): void {
    if (this.#state === "ended") return;
    this.#enter("ended", why);
    this.#dropTransport("send");
    this.#dropTransport("recv");
    this.#signaling.close();
    for (const peerId of [...this.#peers]) this.#removePeer(peerId);
  }
}
