/** One word for how well somebody is connected: pure. */

import type { Quality } from "./participant.js";
import type { StreamStats } from "./stats.js";

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
