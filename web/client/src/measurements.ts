/** What is measured while a call goes on: who speaks, how well everybody is connected, and figures of each stream. */

import { levels, reports } from "./levels.ts";
import type { Media } from "./media.ts";
import type { Participant } from "./participant.ts";
import type { Source } from "./publication.ts";
import { Expected, qualityOf } from "./quality.ts";
import { Speakers } from "./speakers.ts";
import { StatsReader, type CallStats, type Owners, type Report } from "./stats.ts";

const LEVELS_MS = 250;
const QUALITY_MS = 2_000;

export interface Measured {
  /** Everybody, oneself with them. */
  participants(): Iterable<Participant>;
  /** What this side sends does not get through now. */
  cutOff(): boolean;
  speakerChanged(speaker: Participant | undefined): void;
}

export class Measurements {
  readonly #speakers = new Speakers<Participant>();
  readonly #quality = new StatsReader();
  readonly #expected = new Expected();
  readonly #asked = new StatsReader();
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly media: Media,
    private readonly local: Participant,
    private readonly measured: Measured,
  ) {}

  get activeSpeaker(): Participant | undefined {
    return this.#speakers.active;
  }

  start(): void {
    this.#timers = [setInterval(() => void this.#hear(), LEVELS_MS), setInterval(() => void this.#judge(), QUALITY_MS)];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** Figures since the last call of this. */
  async stats(): Promise<CallStats> {
    return this.#asked.read(await this.reports(), this.#owners(), performance.now());
  }

  /** The transports' own reports. */
  async reports(): Promise<{ send: Report[]; recv: Report[] }> {
    const [send, recv] = await Promise.all([reports(this.media.transport("send")), reports(this.media.transport("recv"))]);
    return { send, recv };
  }

  async #hear(): Promise<void> {
    const before = this.#speakers.active;
    const heard = this.#speakers.hear(await levels(this.media, this.local), performance.now());
    for (const participant of this.measured.participants()) {
      const { speaking, level } = heard.get(participant) ?? { speaking: false, level: 0 };
      participant.setSpeaking(speaking, level);
    }
    if (this.#speakers.active !== before) this.measured.speakerChanged(this.#speakers.active);
  }

  async #judge(): Promise<void> {
    const { send, recv, rtt } = this.#quality.read(await this.reports(), this.#owners(), performance.now());
    if (this.#timers.length === 0) return;
    for (const participant of this.measured.participants()) {
      const flowing = (participant.isLocal ? send : recv).filter((stream) => {
        const publication = participant.publications.get(stream.source);
        return stream.participant === participant.id && publication?.wanted && !publication.muted;
      });
      participant.setQuality(participant.isLocal && this.measured.cutOff() ? "lost" : qualityOf(this.#expected.lasting(flowing), rtt));
    }
    this.#expected.turn();
  }

  #owners(): { send: Owners; recv: Owners } {
    const owner = (participant: Participant, source: Source) => ({ participant: participant.id, source });
    const send = [...this.media.sent].map(([source, { producer }]) => [producer.rtpParameters.mid ?? "", owner(this.local, source)] as const);
    const recv = [...this.media.received].map(
      ({ consumer, track }) => [consumer.rtpParameters.mid ?? "", owner(track.participant, track.publication.source)] as const,
    );
    return { send: new Map(send), recv: new Map(recv) };
  }
}
