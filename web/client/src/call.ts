/**
 * A call: this client's participation in one room, from `join` to its end.
 *
 * - The server is the authority on who is in the room. After a lost socket the client resumes its session or, if the server
 *   refuses, joins again. Either answer contains a snapshot that replaces the local state.
 * - Participants, publications and published tracks outlive sockets, transports and media nodes.
 * - Every connect and disconnect of the socket starts a new generation. Asynchronous work of an earlier generation is dropped.
 */

import { Captions } from "./captions.ts";
import type { CallEvents, CallOptions, Features } from "./callOptions.ts";
import { nextState, type CallState, type CallStateEvent, type EndReason, type ReconnectCause } from "./callState.ts";
import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { CallError } from "./errors.ts";
import type { InboundStats, OutboundStats, RoomClosed, RoomJoined, SessionResumed, TransportStats } from "./generated/messages.ts";
import { LocalParticipant } from "./localParticipant.ts";
import { Measurements } from "./measurements.ts";
import { Media } from "./media.ts";
import { Moderation } from "./moderation.ts";
import type { Participant, RemoteParticipant } from "./participant.ts";
import { Publication } from "./publication.ts";
import { randomId } from "./randomId.ts";
import { Recordings } from "./recordings.ts";
import { Roster } from "./roster.ts";
import { Session } from "./session.ts";
import { Signaling } from "./signaling.ts";
import { Speech } from "./speech.ts";
import type { CallStats, Report, ServerStats } from "./stats.ts";

const RETRY_MS = 1_000;
const CONNECT_TIMEOUT_MS = 15_000;
const RECONNECT_TIMEOUT_MS = 120_000;

/** The reasons of `producerClosed` after which this client does not send the track again. */
const STOPPED: ReadonlySet<string> = new Set(["stopped_by_moderator", "not_allowed"]);
/** The reasons of `roomClosed` that end the call. */
const CLOSED: Record<Exclude<RoomClosed["reason"], "lost">, { end: EndReason; error?: { code: string; message: string } }> = {
  closed: { end: "room_closed" },
  removed: { end: "removed" },
  banned: { end: "removed", error: { code: "banned", message: "A moderator banned this user from the room." } },
  refused: { end: "refused", error: { code: "not_admitted", message: "A moderator did not admit this client." } },
};

export class Call extends Emitter<CallEvents> {
  readonly room: string;
  /** The local participant. Does not change during the call. */
  readonly local: LocalParticipant;
  /** What is said in the room, as text. */
  readonly captions: Captions;
  /** The recordings of the room. */
  readonly recordings: Recordings;
  /** What moderators decide, the lobby, and raised hands. */
  readonly moderation: Moderation;
  readonly features: Features = { layers: true, activeSpeaker: true, data: false };
  readonly #signaling: Signaling;
  readonly #roster: Roster;
  readonly #media: Media;
  readonly #session: Session;
  readonly #measurements: Measurements;
  readonly #speech: Speech;
  /** All participants, including the local one, with the function that removes their listeners. */
  readonly #listeners = new Map<Participant, () => void>();
  readonly #onPageHide = () => void this.leave();
  readonly #onOnline = () => this.#media.networkChanged();
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #state: CallState = "idle";
  #cause: ReconnectCause | undefined;
  #ended: { reason: EndReason; error?: CallError } | undefined;
  #generation = 0;
  #audience = 0;
  #pendingJoin: { resolve: () => void; reject: (error: CallError) => void } | undefined;

  /**
   * Prepares a call without connecting.
   *
   * @throws CallError `unsupported_browser`.
   */
  constructor(options: CallOptions) {
    super();
    this.room = options.room;
    this.#signaling = new Signaling(options.connection ?? new Connection(options.url, options.path, options.token));
    const userId = options.userId ?? randomId();
    const watches = options.audience ?? false;
    this.local = new LocalParticipant(userId, options.name, options.appData ?? {}, options.camera ?? {}, () => this.#sync(), watches);
    this.#roster = new Roster(
      (source, kind) => new Publication(source, kind, options.subscribe ?? "all", () => this.#syncInBackground()),
      {
        joined: (participant) => {
          this.#listenTo(participant);
          this.emit("participantJoined", participant);
          this.notify();
        },
        left: (participant, reason) => {
          this.#listeners.get(participant)?.();
          this.#listeners.delete(participant);
          this.#speech.removed(participant);
          this.emit("participantLeft", participant, reason);
          this.notify();
        },
        tracksChanged: () => void this.#syncInBackground(),
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
        standby: options.standby ?? true,
        device: options.device,
      },
      {
        disrupted: () => this.#disrupted("network"),
        stable: () => this.#restoreIfStable(),
        consumeFailed: (error) => this.emit("error", error),
        syncNeeded: () => void this.#syncInBackground(),
        muted: (source) => this.local.silence(source),
        moveInterrupted: () => this.#disrupted("moved"),
      },
    );
    this.#session = new Session(this.#signaling, this.#media.device, this.local, options);
    this.#measurements = new Measurements(this.#signaling, this.#media, this.local, () => this.#listeners.keys());
    const find = (peerId: string) => (peerId === this.local.peerId ? this.local : this.#roster.participant(peerId));
    this.#speech = new Speech(find);
    this.captions = new Captions(this.#signaling, find);
    this.recordings = new Recordings(this.#signaling);
    this.moderation = new Moderation(this.#signaling, this.local, find);
    this.#listenTo(this.local);
    this.#listenToServer();
  }

  get state(): CallState {
    return this.#state;
  }

  /** What was lost, while the state is `reconnecting`. */
  get reconnectCause(): ReconnectCause | undefined {
    return this.#state === "reconnecting" ? this.#cause : undefined;
  }

  /** Why the call ended, once it has. */
  get ended(): { reason: EndReason; error?: CallError } | undefined {
    return this.#ended;
  }

  /** Whether another media node can take over at once if this client's dies, for diagnosis. */
  get hasStandby(): boolean {
    return this.#media.hasStandby;
  }

  /** The other participants by id, in the order in which they joined. Every change creates a new map. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#roster.participants;
  }

  /** How many only watch, this client included if it does. */
  get audience(): number {
    return this.#audience;
  }

  /** The participant who speaks or spoke last; `undefined` until someone speaks. */
  get activeSpeaker(): Participant | undefined {
    return this.#speech.active;
  }

  /**
   * Joins the room. Resolves when this client is in it, which may take a while in a room with a lobby (`waiting`). A call can be
   * joined once.
   *
   * @throws CallError with the server's code; `unreachable` after 15 s without success; `room_closed` if the server closed
   * the room meanwhile; `not_admitted` if a moderator refused this client; `cancelled` if `leave` was called; `invalid_state` if the
   * call was joined before. In all cases but the last the call has ended.
   */
  join(): Promise<void> {
    if (!this.#transition("join")) return Promise.reject(new CallError("invalid_state", "A call can be joined only once."));
    globalThis.addEventListener?.("pagehide", this.#onPageHide);
    globalThis.addEventListener?.("online", this.#onOnline);
    this.#startTimeout(CONNECT_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      this.#pendingJoin = { resolve, reject };
      void this.#signaling.connect();
    });
  }

  /** Leaves the room, ends the call and stops the published tracks. Never rejects. */
  async leave(): Promise<void> {
    if (this.#state === "ended") return;
    const request = this.#signaling.connected ? this.#signaling.request("leaveRoom", {}).catch(() => undefined) : undefined;
    this.#end("left", undefined, request);
    await request;
  }

  /** Returns statistics for the time since the previous call of this method. */
  async stats(): Promise<CallStats> {
    return this.#measurements.stats();
  }

  /**
   * Returns the server's statistics of a transport, of a local track (one entry for each stream that arrives there) or of a
   * remote one. Empty while this client has no such transport, or does not send or receive the track.
   * `availableOutgoingBitrate` of `recv` is what this client can receive.
   *
   * @throws CallError.
   */
  serverStats(of: "send" | "recv"): Promise<TransportStats[]>;
  serverStats(of: Publication): Promise<(InboundStats | OutboundStats)[]>;
  serverStats(of: "send" | "recv" | Publication): Promise<ServerStats[]> {
    return this.#measurements.serverStats(of);
  }

  /** Returns the unprocessed WebRTC statistics of both transports, for diagnosis. */
  async rtcStats(): Promise<{ send: Report[]; recv: Report[] }> {
    return this.#measurements.reports();
  }

  #listenToServer(): void {
    const signaling = this.#signaling;
    signaling.onConnected(() => void this.#onConnected());
    signaling.onDisconnected((refusal) => this.#onDisconnected(refusal));
    this.#roster.listenTo(signaling);
    this.#media.listenTo(signaling);
    signaling.on("admitted", ({ room }) => this.#state === "waiting" && void this.#enter(room));
    signaling.on("producerClosed", ({ producerId, reason }) => {
      const source = this.#media.producerClosed(producerId);
      if (source && reason && STOPPED.has(reason)) void this.local.unpublish(source).catch(() => undefined);
      else if (source) this.#syncLater();
      this.#roster.removeProducer(producerId);
    });
    signaling.on("producerLayersWanted", ({ producerId, encodings }) => {
      if (this.#media.layersWanted(producerId, encodings)) void this.#syncInBackground();
    });
    signaling.on("consumerClosed", ({ consumerId }) => {
      this.#media.consumerClosed(consumerId);
      this.#syncLater();
    });
    signaling.on("activeSpeaker", ({ peerId }) => {
      if (!this.#speech.setActive(peerId)) return;
      this.emit("activeSpeaker", this.#speech.active);
      this.notify();
    });
    signaling.on("audioLevels", ({ levels }) => {
      this.#speech.setLevels(levels);
      this.emit("audioLevels", this.#speech.levels);
    });
    signaling.on("announcement", ({ data }) => this.emit("announcement", data));
    signaling.on("audienceChanged", ({ count }) => this.#setAudience(count));
    signaling.on("transportClosed", ({ transportId }) => {
      const lost = this.#media.transportClosed(transportId);
      if (!lost) return;
      this.#disrupted(lost);
      void this.#syncInBackground();
    });
    signaling.on("peerMoved", (moved) => {
      if (!this.#media.movedTo(moved)) this.#disrupted("moved");
      void this.#syncInBackground();
    });
    signaling.on("roomClosed", ({ reason }) => {
      if (reason === "lost") return this.#onSessionLost();
      const { end, error } = CLOSED[reason];
      this.#end(end, error && new CallError(error.code, error.message));
    });
  }

  /** Resumes or joins; retries while the error is retryable. */
  async #onConnected(): Promise<void> {
    const generation = ++this.#generation;
    while (generation === this.#generation && this.#state !== "ended") {
      try {
        await this.#startSession(generation);
        return;
      } catch (error) {
        const reason = CallError.of(error);
        if (generation !== this.#generation) return;
        if (!reason.retryable) return this.#end(this.#state === "connecting" ? "failed" : "lost", reason);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #startSession(generation: number): Promise<void> {
    const isCurrent = () => generation === this.#generation && this.#state !== "ended";
    const { session, resumed } = await this.#session.start(isCurrent, () => this.#media.close());
    if (!isCurrent()) return;
    clearTimeout(this.#timeout);
    this.local.setPeerId(session.peerId);
    if (session.waiting) return this.#wait();
    await this.#enter(session, resumed);
  }

  /** The server keeps this client in the lobby. */
  #wait(): void {
    this.#roster.applySnapshot([]);
    this.moderation.applySnapshot(undefined);
    this.#transition("wait");
  }

  /** This client is in the room. */
  async #enter(session: RoomJoined | SessionResumed, resumed?: SessionResumed): Promise<void> {
    this.#session.setRevision(session.revision);
    this.#media.resume();
    if (resumed) this.#media.applySnapshot(resumed);
    this.#roster.applySnapshot(session.peers);
    this.moderation.applySnapshot(session.moderation);
    this.captions.setState(session.captions);
    this.recordings.setRunning(session.recordings ?? []);
    this.#setAudience(session.audience ?? 0);
    if (this.#transition("joined")) {
      this.#measurements.start();
      this.#pendingJoin?.resolve();
      this.#pendingJoin = undefined;
    }
    this.notify();
    await this.#syncInBackground();
  }

  #setAudience(count: number): void {
    if (count === this.#audience) return;
    this.#audience = count;
    this.emit("audience", count);
    this.notify();
  }

  #onDisconnected(refusal: CallError | undefined): void {
    if (refusal) return this.#end(this.#state === "connecting" ? "failed" : "lost", refusal);
    this.#generation += 1;
    this.#media.suspend();
    this.#speech.silence();
    this.#disrupted("socket");
  }

  /** The server lost this peer, but not its socket: joins again on the same socket. */
  #onSessionLost(): void {
    this.#session.forget();
    this.#media.suspend();
    this.#disrupted("socket");
    void this.#onConnected();
  }

  #disrupted(cause: ReconnectCause): void {
    this.#cause = cause;
    if (this.#transition("lost")) {
      this.#startTimeout(RECONNECT_TIMEOUT_MS);
      this.emit("reconnecting", cause);
    } else {
      if (this.#state === "waiting") this.#startTimeout(RECONNECT_TIMEOUT_MS);
      this.notify();
    }
  }

  #restoreIfStable(): void {
    if (!this.#media.isStable || !this.#transition("restored")) return;
    clearTimeout(this.#timeout);
    this.emit("reconnected");
  }

  /** Ends the call after `ms` milliseconds, unless the timeout is cleared. */
  #startTimeout(ms: number): void {
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => {
      const error = new CallError("unreachable", "The server does not answer.", true);
      this.#end(this.#state === "connecting" ? "failed" : "lost", error);
    }, ms);
  }

  /** Like {@link #sync}, but emits errors as events. */
  async #syncInBackground(): Promise<void> {
    await this.#sync().catch((error: CallError) => this.emit("error", error));
  }

  /** Reconciles the media. Retries later after a retryable error; rejects with any other CallError. */
  async #sync(): Promise<void> {
    try {
      await this.#media.sync();
    } catch (error) {
      const reason = CallError.of(error);
      if (!reason.retryable) throw reason;
      this.#syncLater();
    }
  }

  #syncLater(): void {
    const generation = this.#generation;
    setTimeout(() => {
      if (generation === this.#generation && this.#state !== "ended") void this.#syncInBackground();
    }, RETRY_MS);
  }

  #listenTo(participant: Participant): void {
    const unsubscribes = [
      participant.on("published", (publication) => this.emit("published", participant, publication)),
      participant.on("unpublished", (publication) => this.emit("unpublished", participant, publication)),
      participant.subscribe(() => {
        this.emit("changed", participant);
        this.notify();
      }),
    ];
    this.#listeners.set(participant, () => unsubscribes.forEach((unsubscribe) => unsubscribe()));
  }

  /** Returns whether the transition table has a transition for `event`. */
  #transition(event: CallStateEvent): boolean {
    const previous = this.#state;
    const state = nextState(previous, event);
    if (state === undefined) return false;
    this.#state = state;
    this.local.setConnected(state !== "reconnecting");
    this.emit("state", state, previous);
    this.notify();
    return true;
  }

  /** @param pending - A request to finish before the socket closes. */
  #end(reason: EndReason, error?: CallError, pending?: Promise<unknown>): void {
    if (this.#state === "ended") return;
    this.#ended = error ? { reason, error } : { reason };
    this.#generation += 1;
    this.#transition("end");
    clearTimeout(this.#timeout);
    this.#measurements.stop();
    this.#speech.silence();
    globalThis.removeEventListener?.("pagehide", this.#onPageHide);
    globalThis.removeEventListener?.("online", this.#onOnline);
    this.#media.close();
    this.local.end();
    this.#roster.applySnapshot([]);
    void Promise.resolve(pending).then(() => this.#signaling.close());
    this.#pendingJoin?.reject(
      error ??
        (reason === "left"
          ? new CallError("cancelled", "The call was left before it was joined.")
          : new CallError(reason, "The call ended before it was joined.")),
    );
    this.#pendingJoin = undefined;
    this.emit("ended", reason, error);
  }
}
