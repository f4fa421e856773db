/** Connection quality of a participant, from stream statistics. Pure. */

import type { Quality } from "./participant.ts";
import type { StreamStats } from "./stats.ts";

/** Upper limits of a quality. */
interface Limits {
  quality: Quality;
  /** Share of packets lost, 0 to 1. */
  loss: number;
  /** Round-trip time in seconds. */
  rtt: number;
  /** Seconds. */
  jitter: number;
}

const LIMITS: readonly Limits[] = [
  { quality: "excellent", loss: 0.02, rtt: 0.25, jitter: 0.04 },
  { quality: "good", loss: 0.06, rtt: 0.5, jitter: 0.1 },
];

/**
 * Returns the connection quality of one participant: `unknown` without streams, `lost` when no stream carries data.
 *
 * @param streams - The participant's streams that should carry data.
 * @param rtt - Round-trip time between this client and the media node in seconds.
 */
export function qualityOf(streams: readonly StreamStats[], rtt: number | undefined): Quality {
  if (streams.length === 0) return "unknown";
  if (streams.every(({ bitrate }) => bitrate === 0)) return "lost";
  const loss = Math.max(...streams.map(({ lossRate }) => lossRate));
  const jitter = Math.max(...streams.map((stream) => stream.jitter));
  const fits = (limits: Limits) => loss <= limits.loss && jitter <= limits.jitter && (rtt ?? 0) <= limits.rtt;
  return LIMITS.find(fits)?.quality ?? "poor";
}

/**
 * Remembers which streams were expected to carry data in the previous interval. A stream that starts within an interval has no
 * complete statistics for it: no data is not a loss yet.
 */
export class ExpectedStreams {
  #previous: ReadonlySet<string> = new Set();
  #current = new Set<string>();

  /** Records `streams` as expected in this interval. Returns those that were expected in the previous interval, too. */
  continuing(streams: readonly StreamStats[]): StreamStats[] {
    for (const stream of streams) this.#current.add(keyOf(stream));
    return streams.filter((stream) => this.#previous.has(keyOf(stream)));
  }

  /** Starts the next interval. */
  nextInterval(): void {
    this.#previous = this.#current;
    this.#current = new Set();
  }
}

function keyOf({ participant, source }: StreamStats): string {
  return `${participant} ${source}`;
}
