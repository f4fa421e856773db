/** Measures a call: connection quality, and the statistics of the browser and of the server. */

import type { Media } from "./media.ts";
import type { Participant } from "./participant.ts";
import type { Publication, Source } from "./publication.ts";
import { qualityOf } from "./quality.ts";
import type { Signaling } from "./signaling.ts";
import { readReports, StatsReader, type CallStats, type Report, type ServerStats, type StreamOwners } from "./stats.ts";
import type { Direction } from "./transports.ts";

const QUALITY_INTERVAL_MS = 2_000;

export class Measurements {
  // One reader each: rates are relative to the reader's previous call.
  readonly #qualityReader = new StatsReader();
  readonly #applicationReader = new StatsReader();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly signaling: Signaling,
    private readonly media: Media,
    private readonly local: Participant,
    /** All participants, including the local one. */
    private readonly participants: () => Iterable<Participant>,
  ) {}

  start(): void {
    this.stop();
    this.#timer = setInterval(() => void this.#updateQuality(), QUALITY_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
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

  /** The server's statistics of a transport, or of a track that this client sends or receives; empty while it has none. */
  async serverStats(of: Direction | Publication): Promise<ServerStats[]> {
    const transportId = typeof of === "string" ? this.media.transport(of)?.id : undefined;
    const producerId = [...this.media.sent].find(([source]) => this.local.publications.get(source) === of)?.[1].producer.id;
    const consumerId = [...this.media.received].find(({ track }) => track.publication === of)?.consumer.id;
    const request = transportId ? { transportId } : producerId ? { producerId } : consumerId ? { consumerId } : undefined;
    return request ? (await this.signaling.request("getStats", request)).stats : [];
  }

  async #updateQuality(): Promise<void> {
    const { send, recv, rtt } = this.#qualityReader.read(await this.reports(), this.#owners(), performance.now());
    if (this.#timer === undefined) return;
    for (const participant of this.participants()) {
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
