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
 * Returns the connection quality of one participant: `unknown` without streams. A stream without data is no loss: a shared
 * picture may not change.
 *
 * @param streams - The participant's streams that are not muted.
 * @param rtt - Round-trip time between this client and the media node in seconds.
 */
export function qualityOf(streams: readonly StreamStats[], rtt: number | undefined): Quality {
  if (streams.length === 0) return "unknown";
  const flowing = streams.filter(({ bitrate }) => bitrate > 0);
  const loss = Math.max(...flowing.map(({ lossRate }) => lossRate));
  const jitter = Math.max(...flowing.map((stream) => stream.jitter));
  const fits = (limits: Limits) => loss <= limits.loss && jitter <= limits.jitter && (rtt ?? 0) <= limits.rtt;
  return LIMITS.find(fits)?.quality ?? "poor";
}
