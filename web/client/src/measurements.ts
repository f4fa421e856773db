/** Measures a call: active speaker, connection quality and stream statistics. */

import { ActiveSpeakerDetector } from "./activeSpeaker.ts";
import { audioLevels, readReports } from "./audioLevels.ts";
import type { Media } from "./media.ts";
import type { Participant } from "./participant.ts";
import type { Source } from "./publication.ts";
import { qualityOf } from "./quality.ts";
import { StatsReader, type CallStats, type Report, type StreamOwners } from "./stats.ts";

const LEVEL_INTERVAL_MS = 250;
const QUALITY_INTERVAL_MS = 2_000;

export interface MeasurementsHost {
  /** All participants, including the local one. */
  participants(): Iterable<Participant>;
  activeSpeakerChanged(speaker: Participant | undefined): void;
}

export class Measurements {
  readonly #detector = new ActiveSpeakerDetector<Participant>();
  // One reader each: rates are relative to the reader's previous call.
  readonly #qualityReader = new StatsReader();
  readonly #applicationReader = new StatsReader();
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly media: Media,
    private readonly local: Participant,
    private readonly host: MeasurementsHost,
  ) {}

  get activeSpeaker(): Participant | undefined {
    return this.#detector.active;
  }

  start(): void {
    this.#timers = [
      setInterval(() => void this.#updateLevels(), LEVEL_INTERVAL_MS),
      setInterval(() => void this.#updateQuality(), QUALITY_INTERVAL_MS),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** Statistics since the previous call of this method. */
  async stats(): Promise<CallStats> {
    return this.#applicationReader.read(await this.reports(), this.#owners(), performance.now());
  }

  /** The unprocessed WebRTC statistics of both transports. */
  async reports(): Promise<{ send: Report[]; recv: Report[] }> {
    const [send, recv] = await Promise.all([readReports(this.media.transport("send")), readReports(this.media.transport("recv"))]);
    return { send, recv };
  }

  async #updateLevels(): Promise<void> {
    const before = this.#detector.active;
    const levels = this.#detector.update(await audioLevels(this.media, this.local), performance.now());
    for (const participant of this.host.participants()) {
      const { speaking, level } = levels.get(participant) ?? { speaking: false, level: 0 };
      participant.setSpeaking(speaking, level);
    }
    if (this.#detector.active !== before) this.host.activeSpeakerChanged(this.#detector.active);
  }

  async #updateQuality(): Promise<void> {
    const { send, recv, rtt } = this.#qualityReader.read(await this.reports(), this.#owners(), performance.now());
    if (this.#timers.length === 0) return;
    for (const participant of this.host.participants()) {
      const active = (participant.isLocal ? send : recv).filter((stream) => {
        const publication = participant.publications.get(stream.source);
        return stream.participant === participant.id && publication?.wanted && !publication.muted;
      });
      participant.setQuality(qualityOf(active, rtt));
    }
  }

  #owners(): { send: StreamOwners; recv: StreamOwners } {
    const owner = (participant: Participant, source: Source) => ({ participant: participant.id, source });
    const send = [...this.media.sent].map(([source, { producer }]) => [producer.rtpParameters.mid ?? "", owner(this.local, source)] as const);
    const recv = [...this.media.received].map(
      ({ consumer, track }) => [consumer.rtpParameters.mid ?? "", owner(track.participant, track.publication.source)] as const,
    );
    return { send: new Map(send), recv: new Map(recv) };
  }
}
