/** When a standby is prepared, and when it has settled after it took over: pure. */

/** The media has flowed for so long, in milliseconds: those who have just joined have other things to do. */
const SETTLED_MS = 5_000;
/** Those who lost theirs at the same time do not come back at the same time. */
const JITTER_MS = 2_000;
/** Whatever ends one after the other may go on for a while. */
const LAST_RETURN_MS = 60_000;
/** The server chooses a few standbys a second: each of many clients that were refused comes back at any time within twice the pause. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 300_000;

/** The node learns of the viewers one after the other: for so long after it took over, in milliseconds, it is not believed that nobody wants an encoding. */
export const SETTLES_MS = 2_000;

/** What became of the former standbys since one that proved to work. */
export interface History {
  /** Those in a row that the server refused, or that were never ready. */
  readonly failures: number;
  /** Those that ended otherwise, such as with their media node. */
  readonly ends: number;
}

/**
 * Returns the time until the next attempt, in milliseconds. The first end of a standby is no reason to wait for longer than before the first standby.
 *
 * @param random - 0 to 1.
 */
export function standbyDelay({ failures, ends }: History, random: number): number {
  if (failures > 0) return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS) * (1 + random);
  const usual = SETTLED_MS + JITTER_MS;
  const longest = Math.min(usual * 2 ** Math.max(ends - 1, 0), LAST_RETURN_MS);
  return (longest * (SETTLED_MS + random * JITTER_MS)) / usual;
}
