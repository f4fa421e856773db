/** One word for how well somebody is connected: pure. */

import type { Quality } from "./participant.ts";
import type { StreamStats } from "./stats.ts";

interface Bound {
  quality: Quality;
  /** Share of packets lost, 0 to 1. */
  loss: number;
  /** Seconds. */
  rtt: number;
  jitter: number;
}

const BOUNDS: readonly Bound[] = [
  { quality: "excellent", loss: 0.02, rtt: 0.25, jitter: 0.04 },
  { quality: "good", loss: 0.06, rtt: 0.5, jitter: 0.1 },
];

/**
 * `streams` are those of one participant that should carry something. All silent: `lost`. `rtt` is the way between this
 * side and the server, in seconds.
 */
export function qualityOf(streams: readonly StreamStats[], rtt: number | undefined): Quality {
  if (streams.length === 0) return "unknown";
  if (streams.every(({ bitrate }) => bitrate === 0)) return "lost";
  const loss = Math.max(...streams.map(({ lossRate }) => lossRate));
  const jitter = Math.max(...streams.map((stream) => stream.jitter));
  const fits = (bound: Bound) => loss <= bound.loss && jitter <= bound.jitter && (rtt ?? 0) <= bound.rtt;
  return BOUNDS.find(fits)?.quality ?? "poor";
}

/**
 * Streams that begin to carry in the midst of an interval have no figures for it: silence is no loss yet. Remembers which
 * should have carried since the last reading.
 */
export class Expected {
  #before: ReadonlySet<string> = new Set();
  #now = new Set<string>();

  /** Of one participant's streams that should carry now, those that should have carried all the time. */
  lasting(streams: readonly StreamStats[]): StreamStats[] {
    for (const stream of streams) this.#now.add(key(stream));
    return streams.filter((stream) => this.#before.has(key(stream)));
  }

  /** The interval is over. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Set();
  }
}

function key({ participant, source }: StreamStats): string {
  return `${participant} ${source}`;
}
