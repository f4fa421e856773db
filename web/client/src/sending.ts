/**
 * The producers of one home. Reconciles them with the tracks that the application wants to send.
 *
 * While a client moves, this home's producers replace those of the former one, which keep their ids and go on sending until
 * their transport is closed: the media nodes switch the viewers. Those of a standby have the ids of the home's, too, and send
 * nothing before it takes over.
 */

import type { types } from "mediasoup-client";

import { inactive, setActiveEncodings, withoutActive } from "./activeEncodings.ts";
import { CoalescedTask } from "./coalescedTask.ts";
import { produceOptions } from "./encodings.ts";
import { CallError } from "./errors.ts";
import type { EncodingScore, Produce, Produced, ResumedProducer } from "./generated/messages.ts";
import type { HomeContext } from "./homeContext.ts";
import type { Publication, Source } from "./publication.ts";
import { BEST_SCORE, worstScore } from "./scores.ts";
import { SETTLES_MS } from "./standbySchedule.ts";
import type { Transports } from "./transports.ts";

export interface SentTrack {
  readonly producer: types.Producer;
  /** With what the producer was made: one that replaces it has the same codec and as many encodings. */
  readonly options: Partial<types.ProducerOptions>;
  /** Whether the producer is paused on the server. */
  paused: boolean;
  /** The encodings that somebody receives; `undefined`: all. */
  wantedEncodings: readonly boolean[] | undefined;
  /** What the server reported last while this home settles. */
  reportedEncodings?: readonly boolean[];
}

export interface SendingListener {
  /** A reconciliation finished. */
  advanced(): void;
  /** The server created a producer paused, because a moderator muted its source. */
  muted(source: Source): void;
  /** Something else is wanted than what was reconciled last. */
  syncNeeded(): void;
}

export class Sending {
  readonly #sent = new Map<Source, SentTrack>();
  /** The `paused` value of the last `produce` request of each source. */
  readonly #producedPaused = new Map<Source, boolean>();
  /** The producers that a `produce` request without an answer replaces. */
  readonly #replacing = new Set<string>();
  readonly #task = new CoalescedTask(
    () => this.#reconcile(),
    () => this.listener.advanced(),
  );
  /** Another home takes over: runs that are under way end early, and none makes anything new. */
  #successor: Sending | undefined;
  #release = () => {};
  /** This standby has taken over: it waits for nothing of the former home, whose dead node may not answer. */
  readonly #released = new Promise<void>((resolve) => (this.#release = resolve));
  /** It has taken over a moment ago: encodings are started, but none is ended. */
  #settling = false;

  constructor(
    private readonly context: HomeContext,
    private readonly transports: Transports,
    private readonly listener: SendingListener,
    private former: Sending | undefined,
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

  get sent(): ReadonlyMap<Source, SentTrack> {
    return this.#sent;
  }

  /** Whether a wanted track of the former home is not sent here. */
  lacks(former: Sending): boolean {
    const wanted = this.context.local();
    return [...former.sent.keys()].some((source) => wanted.get(source)?.track?.readyState === "live" && !this.#sent.has(source));
  }

  /** Whether all tracks are sent that the application wants to send. */
  get isComplete(): boolean {
    return [...this.context.local()].every(([source, publication]) => this.#sent.has(source) || !this.#canSend(publication));
  }

  /** Reconciles. Settles when the state is reached that is wanted now. */
  sync(): Promise<void> {
    return this.#task.run();
  }

  /** The move has ended: there is no former home. */
  arrived(): void {
    this.former = undefined;
  }

  /** The former home is lost: these producers send in place of its own. */
  takeOver(): void {
    const { former } = this;
    this.prepares = false;
    this.former = undefined;
    this.#release();
    if (!former) return;
    former.#successor = this;
    this.#settling = true;
    setTimeout(() => this.#settle(), SETTLES_MS);
    for (const [source, sent] of [...this.#sent]) {
      const original = former.sent.get(source);
      if (original?.producer.id !== sent.producer.id) {
        // The server has made it the producer of the room.
        this.context.closes.producers.add(sent.producer.id);
        this.drop(source);
        continue;
      }
      sent.paused = original.paused;
      sent.wantedEncodings = original.wantedEncodings;
      // What is not wanted any more, which the dead node was not told yet, starts no encoder.
      const track = this.context.local().get(source)?.track;
      // A browser that refuses is asked again by the next reconciliation.
      if (track) void follow(sent, track).catch(() => undefined);
    }
  }

  /** After `resume`: drops what the server no longer has. */
  applySnapshot(known: ReadonlyMap<string, ResumedProducer>): void {
    for (const [source, sent] of [...this.#sent]) {
      const producer = known.get(sent.producer.id);
      if (!producer) {
        this.drop(source);
        continue;
      }
      sent.paused = producer.paused;
      sent.wantedEncodings = producer.encodingsWanted;
      delete sent.reportedEncodings;
      this.context.local().get(source)?.setScore(worstScore(producer.score));
    }
  }

  /** The server has closed a producer. Returns its source if it was one of these. */
  closed(producerId: string): Source | undefined {
    const source = this.sourceOf(producerId);
    if (source) this.drop(source);
    return source;
  }

  /** The server reports the encodings of a producer that somebody receives. Returns whether it is one of these. */
  layersWanted(producerId: string, encodings: readonly boolean[]): boolean {
    const found = [...this.#sent.values()].find(({ producer }) => producer.id === producerId);
    if (found && this.#settling) {
      found.reportedEncodings = encodings;
      found.wantedEncodings = found.wantedEncodings?.map((wanted, index) => wanted || encodings[index] === true);
      return true;
    }
    if (found) {
      found.wantedEncodings = encodings;
      return true;
    }
    // While a producer is being replaced, the report may be about either one. The new one sends all encodings at first.
    return this.#replacing.has(producerId) || (this.former?.layersWanted(producerId, encodings) ?? false);
  }

  /** The server reports how well it receives the streams of a producer. */
  scored(producerId: string, score: readonly EncodingScore[]): void {
    const source = this.sourceOf(producerId);
    if (source !== undefined) this.context.local().get(source)?.setScore(worstScore(score));
  }

  sourceOf(producerId: string): Source | undefined {
    return [...this.#sent].find(([, { producer }]) => producer.id === producerId)?.[0];
  }

  dropAll(): void {
    for (const source of [...this.#sent.keys()]) this.drop(source);
  }

  /** Closes a producer locally. */
  drop(source: Source): void {
    this.#sent.get(source)?.producer.close();
    this.#sent.delete(source);
    if (this.prepares) return;
    if (!this.#successor?.sent.has(source)) this.context.local().get(source)?.setScore(BEST_SCORE);
  }

  #settle(): void {
    this.#settling = false;
    const reported = [...this.#sent.values()].filter(({ reportedEncodings }) => reportedEncodings);
    for (const sent of reported) {
      sent.wantedEncodings = sent.reportedEncodings;
      delete sent.reportedEncodings;
    }
    if (reported.length > 0) this.listener.syncNeeded();
  }

  async #reconcile(): Promise<void> {
    // What the former home was about to make is either made or not.
    if (this.former) await Promise.race([this.former.ended, this.#released]);
    if (!this.context.active || this.#successor) return;
    if (this.former && this.prepares) return this.#copy(this.former);
    const wanted = this.context.local();
    const closing = this.#closeUnwanted(wanted);
    for (const [source, publication] of wanted) {
      if (this.#successor) return;
      const { track } = publication;
      if (!track || !this.#canSend(publication)) continue;
      await this.former?.follow(source, track);
      const sent = this.#sent.get(source) ?? (await this.#produce(source, track));
      await follow(sent, track);
      const paused = publication.muted;
      if (sent.paused === paused) continue;
      await this.context.signaling.request(paused ? "pauseProducer" : "resumeProducer", { producerId: sent.producer.id });
      sent.paused = paused;
    }
    const error = await closing;
    if (error) throw error;
  }

  #canSend({ track, kind }: Publication): boolean {
    return track !== undefined && track.readyState !== "ended" && this.context.device.canProduce(kind);
  }

  /** Makes a copy of each producer of the home, and drops those whose original has ended: the server closes both. */
  async #copy(home: Sending): Promise<void> {
    const isCurrent = (source: Source, id: string) => home.sent.get(source)?.producer.id === id;
    for (const [source, { producer }] of [...this.#sent]) if (!isCurrent(source, producer.id)) this.drop(source);
    for (const [source, { producer: original }] of [...home.sent]) {
      const track = this.context.local().get(source)?.track;
      if (!track || track.readyState === "ended") continue;
      try {
        const { producer } = this.#sent.get(source) ?? (await this.#produce(source, track));
        if (producer.track !== track) await producer.replaceTrack({ track });
      } catch (error) {
        // The original has ended meanwhile.
        if (isCurrent(source, original.id)) throw error;
      }
      if (!this.prepares) return;
    }
  }

  /** Returns an error after which to try again. */
  #closeUnwanted(wanted: ReadonlyMap<Source, unknown>): Promise<CallError | undefined> {
    const { producers, transports } = this.context.closes;
    for (const source of new Set([...(this.former?.sent.keys() ?? []), ...this.#sent.keys()])) {
      if (wanted.has(source)) continue;
      // The producer that replaces another one has its id.
      const producerId = (this.#sent.get(source) ?? this.former?.sent.get(source))?.producer.id;
      this.drop(source);
      this.former?.drop(source);
      if (producerId) producers.add(producerId);
    }
    void transports.perform();
    return producers.perform();
  }

  /** Sends a track over a producer that is to be closed soon, as over the one that replaces it. */
  async follow(source: Source, track: MediaStreamTrack): Promise<void> {
    const sent = this.#sent.get(source);
    // It fails when the transport is being closed.
    if (sent) await follow(sent, track).catch(() => undefined);
  }

  async #produce(source: Source, track: MediaStreamTrack): Promise<SentTrack> {
    const transport = await this.transports.open("send", (made) => this.#answerProduce(made));
    const replaced = this.former?.sent.get(source);
    const { options, device } = this.context;
    const chosen = replaced?.options ?? produceOptions(track, source, options, device.sendRtpCapabilities);
    const producer = await transport.produce({
      track,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: false,
      appData: { source, replaces: replaced?.producer.id },
      ...structuredClone(this.prepares ? inactive(chosen) : chosen),
    });
    const sent = { producer, options: chosen, paused: this.#producedPaused.get(source) ?? false, wantedEncodings: undefined };
    if (!transport.closed) this.#sent.set(source, sent);
    return sent;
  }

  #answerProduce(transport: types.Transport): void {
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, replaces } = appData as { source: Source; replaces?: string };
      const paused = this.context.local().get(source)?.muted ?? false;
      this.#producedPaused.set(source, paused);
      const parameters = { ...withoutActive(rtpParameters) };
      const request = { transportId: transport.id, kind, rtpParameters: parameters, appData: { source }, source, paused };
      this.#requestProduce(request, replaces).then((produced) => {
        if (produced.paused) {
          this.#producedPaused.set(source, true);
          this.listener.muted(source);
        }
        done(produced);
      }, failed);
    });
  }

  async #requestProduce(request: Produce & { source: Source }, replaces: string | undefined): Promise<Produced> {
    const { signaling } = this.context;
    if (replaces === undefined) return signaling.request("produce", request);
    // A copy that cannot be made is none of the original's business.
    if (this.prepares) return signaling.request("produce", { ...request, replaces });
    this.#replacing.add(replaces);
    try {
      return await signaling.request("produce", { ...request, replaces });
    } catch (error) {
      const { code, retryable } = CallError.of(error);
      // Whether the producer was replaced is not known. Without the transport it was not, or is closed.
      if (code === "unreachable") this.transports.replace(request.transportId);
      if (retryable) throw error;
      // The move or the producer has ended.
      this.former?.closed(replaces);
      if (!this.context.local().has(request.source)) throw error;
      const { producers } = this.context.closes;
      producers.add(replaces);
      await producers.perform();
      return await signaling.request("produce", request);
    } finally {
      this.#replacing.delete(replaces);
    }
  }
}

/** Sends another track, and the encodings that somebody receives. */
async function follow({ producer, wantedEncodings }: SentTrack, track: MediaStreamTrack): Promise<void> {
  if (producer.track !== track) await producer.replaceTrack({ track });
  // A browser that refuses sends more than needed, which does no harm.
  await setActiveEncodings(producer, wantedEncodings).catch(() => undefined);
}
