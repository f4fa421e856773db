/**
 * A call: this client's membership of one room, from `join` to its end.
 *
 * Rules
 * - The server says who is here. After a lost socket the session is resumed, and where that is refused it joins anew; both
 *   times the answer's snapshot is adopted.
 * - Participants, publications and published tracks outlive sockets, transports and media nodes.
 * - Each gain and loss of the socket begins a new era; what an earlier one had under way is given up.
 */

import type { Device } from "mediasoup-client";

import type { RoomJoined, SessionResumed } from "./generated/messages.ts";
import type { CameraOptions } from "./devices.ts";
import { Emitter } from "./emitter.ts";
import type { VideoCodec } from "./encodings.ts";
import { CallError } from "./errors.ts";
import { LocalParticipant } from "./local.ts";
import { Measurements } from "./measurements.ts";
import { Media } from "./media.ts";
import type { Participant, RemoteParticipant } from "./participant.ts";
import { Publication, type Subscribing } from "./publication.ts";
import { Roster } from "./roster.ts";
import { Signaling } from "./signaling.ts";
import { next, type CallState, type EndReason, type ReconnectCause, type Step } from "./state.ts";
import type { CallStats, Report } from "./stats.ts";

export interface CallOptions {
  /** The server's origin; the page's own when absent. */
  url?: string;
  room: string;
  /** Shown to the others. */
  name: string;
  /** Who this is to the application; random when absent. */
  userId?: string;
  appData?: object;
  /** The camera in several sizes at once; true when absent. */
  simulcast?: boolean;
  /** What is received; `all` when absent. */
  subscribe?: Subscribing;
  codec?: VideoCodec;
  iceTransportPolicy?: RTCIceTransportPolicy;
  camera?: CameraOptions;
  /** Makes the room when there is none; true when absent. */
  createRoom?: boolean;
  /** mediasoup-client's, when it is not to be chosen by the browser. */
  device?: Device;
}

export interface CallEvents {
  state(now: CallState, before: CallState): void;
  reconnecting(cause: ReconnectCause): void;
  reconnected(): void;
  ended(reason: EndReason, error?: CallError): void;
  participantJoined(participant: RemoteParticipant): void;
  participantLeft(participant: RemoteParticipant, reason: string): void;
  published(participant: Participant, publication: Publication): void;
  unpublished(participant: Participant, publication: Publication): void;
  changed(participant: Participant): void;
  activeSpeaker(participant?: Participant): void;
  /** Something failed that nobody had asked for in particular. */
  error(error: CallError): void;
}

/** What a server offers beyond the first version of the contract. Without, this side does: levels are the receivers'. */
export interface Features {
  layers: boolean;
  activeSpeaker: boolean;
  data: boolean;
}

const RETRY_MS = 1_000;
const CONNECT_PATIENCE_MS = 15_000;
const RECONNECT_PATIENCE_MS = 120_000;

export class Call extends Emitter<CallEvents> {
  readonly room: string;
  /** The same object for the call's whole life. */
  readonly local: LocalParticipant;
  readonly features: Features = { layers: false, activeSpeaker: false, data: false };
  readonly #options: CallOptions;
  readonly #signaling: Signaling;
  readonly #roster: Roster;
  readonly #media: Media;
  readonly #measurements: Measurements;
  readonly #watched = new Map<Participant, () => void>();
  readonly #leaveWithPage = () => void this.leave();
  readonly #networkChanged = () => this.#media.networkChanged();
  #patience: ReturnType<typeof setTimeout> | undefined;
  #state: CallState = "idle";
  #cause: ReconnectCause | undefined;
  #ended: { reason: EndReason; error?: CallError } | undefined;
  #resumeToken: string | undefined;
  #revision = 0;
  #era = 0;
  #joining: { resolve: () => void; reject: (error: CallError) => void } | undefined;

  /** Nothing happens yet. Throws CallError `unsupported_browser`. */
  constructor(options: CallOptions) {
    super();
    this.#options = options;
    this.room = options.room;
    this.#signaling = new Signaling(options.url);
    const userId = options.userId ?? randomId();
    this.local = new LocalParticipant(userId, options.name, options.appData ?? {}, options.camera ?? {}, { sync: () => this.#syncNow() });
    this.#roster = new Roster(
      (source, kind) => new Publication(source, kind, options.subscribe ?? "all", () => this.#sync()),
      {
        joined: (participant) => {
          this.#watch(participant);
          this.emit("participantJoined", participant);
          this.touch();
        },
        left: (participant, reason) => {
          this.#watched.get(participant)?.();
          this.#watched.delete(participant);
          this.emit("participantLeft", participant, reason);
          this.touch();
        },
        tracksChanged: () => void this.#sync(),
      },
      () => performance.now(),
    );
    this.#media = new Media(
      this.#signaling,
      () => this.local.publications,
      this.#roster,
      {
        simulcast: options.simulcast ?? true,
        codec: options.codec,
        iceTransportPolicy: options.iceTransportPolicy,
        device: options.device,
      },
      {
        troubled: (cause) => this.#trouble(cause),
        settled: () => this.#settle(),
        failed: (error) => this.emit("error", error),
        incomplete: () => void this.#sync(),
      },
    );
    this.#measurements = new Measurements(this.#media, this.local, {
      participants: () => this.#watched.keys(),
      cutOff: () => this.#state === "reconnecting",
      speakerChanged: (speaker) => {
        this.emit("activeSpeaker", speaker);
        this.touch();
      },
    });
    this.#watch(this.local);
    this.#listen();
  }

  get state(): CallState {
    return this.#state;
  }

  /** What was lost, while `reconnecting`. */
  get reconnectCause(): ReconnectCause | undefined {
    return this.#state === "reconnecting" ? this.#cause : undefined;
  }

  /** Once it has ended: why. */
  get ended(): { reason: EndReason; error?: CallError } | undefined {
    return this.#ended;
  }

  /** The others, by participant id, in order of arrival; a new map after each change. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#roster.participants;
  }

  get activeSpeaker(): Participant | undefined {
    return this.#measurements.activeSpeaker;
  }

  /** Rejects with CallError when it cannot begin; the state is `ended` then. */
  join(): Promise<void> {
    if (!this.#move("join")) return Promise.reject(new CallError("invalid_state", "A call is joined once."));
    globalThis.addEventListener?.("pagehide", this.#leaveWithPage);
    globalThis.addEventListener?.("online", this.#networkChanged);
    this.#giveUpAfter(CONNECT_PATIENCE_MS);
    return new Promise((resolve, reject) => {
      this.#joining = { resolve, reject };
      this.#signaling.connect();
    });
  }

  /** Never rejects. Published tracks are stopped. */
  async leave(): Promise<void> {
    if (this.#state === "ended") return;
    const asked = this.#signaling.connected ? this.#signaling.call("leaveRoom", {}).catch(() => undefined) : undefined;
    this.#end("left", undefined, asked);
    await asked;
  }

  /** Figures since the last call of this. */
  async stats(): Promise<CallStats> {
    return this.#measurements.stats();
  }

  /** The transports' own reports, for diagnosis. */
  async rtcStats(): Promise<{ send: Report[]; recv: Report[] }> {
    return this.#measurements.reports();
  }

  #listen(): void {
    const signaling = this.#signaling;
    signaling.onConnected(() => void this.#connected());
    signaling.onLost(() => this.#lost());
    signaling.on("peerJoined", (peer) => this.#roster.add(peer));
    signaling.on("peerLeft", ({ peerId, reason }) => this.#roster.remove(peerId, reason));
    signaling.on("newProducer", (producer) => this.#roster.addProducer(producer));
    signaling.on("producerClosed", ({ producerId }) => {
      if (this.#media.producerClosed(producerId)) this.#syncLater();
      this.#roster.removeProducer(producerId);
    });
    signaling.on("producerPaused", ({ producerId }) => this.#roster.setPaused(producerId, true));
    signaling.on("producerResumed", ({ producerId }) => this.#roster.setPaused(producerId, false));
    signaling.on("consumerClosed", ({ consumerId }) => {
      this.#media.consumerClosed(consumerId);
      this.#syncLater();
    });
    signaling.on("transportClosed", ({ transportId }) => {
      if (!this.#media.transportClosed(transportId)) return;
      this.#trouble("transport");
      void this.#sync();
    });
    signaling.on("peerMoved", () => {
      this.#media.moved();
      this.#trouble("moved");
      void this.#sync();
    });
    signaling.on("roomClosed", ({ reason }) => {
      if (reason === "closed") this.#end("room_closed");
      else this.#expelled();
    });
  }

  async #connected(): Promise<void> {
    const era = ++this.#era;
    while (era === this.#era && this.#state !== "ended") {
      try {
        await this.#enter(era);
        return;
      } catch (error) {
        const reason = CallError.of(error);
        if (era !== this.#era) return;
        if (!reason.retryable) return this.#end(this.#state === "connecting" ? "failed" : "lost", reason);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #enter(era: number): Promise<void> {
    const resumed = await this.#resume();
    const answer = resumed ?? (await this.#joinAnew(era));
    if (era !== this.#era || this.#state === "ended") return;
    clearTimeout(this.#patience);
    this.#resumeToken = answer.resumeToken;
    this.#revision = answer.revision;
    this.local.setPeerId(answer.peerId);
    this.#media.active = true;
    if (resumed) this.#media.adopt(resumed);
    this.#roster.adopt(answer.peers);
    if (this.#move("joined")) {
      this.#measurements.start();
      this.#joining?.resolve();
      this.#joining = undefined;
    }
    this.touch();
    await this.#sync();
  }

  /** `undefined` when there is nothing to be resumed any more. */
  async #resume(): Promise<SessionResumed | undefined> {
    if (this.#resumeToken === undefined) return undefined;
    try {
      return await this.#signaling.call("resume", {
        resumeToken: this.#resumeToken,
        lastRevision: this.#revision,
        rtpCapabilities: { ...this.#media.device.recvRtpCapabilities },
      });
    } catch (error) {
      if (CallError.of(error).retryable) throw error;
      this.#resumeToken = undefined;
      return undefined;
    }
  }

  async #joinAnew(era: number): Promise<RoomJoined> {
    this.#media.close();
    const { device } = this.#media;
    if (this.#options.createRoom !== false || !device.loaded) {
      const { rtpCapabilities } = await this.#signaling.call("createRoom", { callId: this.room });
      if (!device.loaded) await device.load({ routerRtpCapabilities: rtpCapabilities });
      // Who has left meanwhile would stay in the room until the grace is over.
      if (era !== this.#era) throw new CallError("cancelled", "The call was left before it began.");
    }
    return this.#signaling.call("joinRoom", {
      callId: this.room,
      userId: this.local.userId,
      displayName: this.local.name,
      appData: { ...this.local.appData },
      rtpCapabilities: { ...device.recvRtpCapabilities },
      resumable: true,
    });
  }

  #lost(): void {
    this.#era += 1;
    this.#media.active = false;
    this.#trouble("socket");
  }

  /** The server has lost sight of this peer, though not of its socket: it comes in anew. */
  #expelled(): void {
    this.#resumeToken = undefined;
    this.#media.active = false;
    this.#trouble("socket");
    void this.#connected();
  }

  #trouble(cause: ReconnectCause): void {
    this.#cause = cause;
    if (this.#move("lost")) {
      this.#giveUpAfter(RECONNECT_PATIENCE_MS);
      this.emit("reconnecting", cause);
    } else {
      this.touch();
    }
  }

  #settle(): void {
    if (!this.#media.complete || !this.#move("restored")) return;
    clearTimeout(this.#patience);
    this.emit("reconnected");
  }

  #giveUpAfter(ms: number): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      const error = new CallError("unreachable", "The server does not answer.", true);
      this.#end(this.#state === "connecting" ? "failed" : "lost", error);
    }, ms);
  }

  /** As `Media.sync`, tried again for as long as that may help. */
  async #sync(): Promise<void> {
    await this.#syncNow().catch((error: CallError) => this.emit("error", error));
  }

  /** Rejects with what will not be better by itself. */
  async #syncNow(): Promise<void> {
    try {
      await this.#media.sync();
    } catch (error) {
      const reason = CallError.of(error);
      if (!reason.retryable) throw reason;
      this.#syncLater();
    }
  }

  #syncLater(): void {
    const era = this.#era;
    setTimeout(() => {
      if (era === this.#era && this.#state !== "ended") void this.#sync();
    }, RETRY_MS);
  }

  #watch(participant: Participant): void {
    const undo = [
      participant.on("published", (publication) => this.emit("published", participant, publication)),
      participant.on("unpublished", (publication) => this.emit("unpublished", participant, publication)),
      participant.subscribe(() => {
        this.emit("changed", participant);
        this.touch();
      }),
    ];
    this.#watched.set(participant, () => undo.forEach((each) => each()));
  }

  /** Takes the step, if the table has it. */
  #move(step: Step): boolean {
    const before = this.#state;
    const now = next(before, step);
    if (now === undefined) return false;
    this.#state = now;
    this.emit("state", now, before);
    this.touch();
    return true;
  }

  /** `after`: what is still to be said to the server before the socket goes. */
  #end(reason: EndReason, error?: CallError, after?: Promise<unknown>): void {
    if (this.#state === "ended") return;
    this.#ended = error ? { reason, error } : { reason };
    this.#era += 1;
    this.#move("end");
    clearTimeout(this.#patience);
    this.#measurements.stop();
    globalThis.removeEventListener?.("pagehide", this.#leaveWithPage);
    globalThis.removeEventListener?.("online", this.#networkChanged);
    this.#media.close();
    this.local.end();
    this.#roster.adopt([]);
    void Promise.resolve(after).then(() => this.#signaling.close());
    this.#joining?.reject(error ?? new CallError("cancelled", "The call was left before it began."));
    this.#joining = undefined;
    this.emit("ended", reason, error);
  }
}

/** As `crypto.randomUUID`, which pages without HTTPS do not have. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
