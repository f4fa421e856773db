/** When a standby is prepared, and when it has settled after it took over: pure. */

/** The media has flowed for so long, in milliseconds: those who have just joined have other things to do. */
const SETTLED_MS = 5_000;
/** Those who lost theirs at the same time do not come back at the same time. */
const JITTER_MS = 2_000;
/** The server chooses a few standbys a second: each of many clients that were refused comes back at any time within twice the pause. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 300_000;

/** The node learns of the viewers one after the other: for so long after it took over, in milliseconds, it is not believed that nobody wants an encoding. */
export const SETTLES_MS = 2_000;

/**
 * Returns the time until the next attempt, in milliseconds.
 *
 * @param failures - The attempts since the last one that succeeded.
 * @param random - 0 to 1.
 */
export function standbyDelay(failures: number, random: number): number {
  const pause = failures === 0 ? SETTLED_MS : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
  return pause + random * (failures === 0 ? JITTER_MS : pause);
}
