/** Which of the displayed tracks a standby prepares: pure. */

import type { Publication, Source } from "./publication.ts";

/** Each consumer costs the browser a decoder, and the media node memory. */
export const MAX_PREPARED = 12;

/** Where nothing else decides: sound is missed more than a picture, and a screen more than a face. */
const RANK: Record<Source, number> = { microphone: 0, "screen-audio": 1, screen: 2, camera: 3 };

interface Displayed {
  readonly publication: Pick<Publication, "source" | "kind" | "muted" | "shownArea">;
}

/**
 * Returns at most {@link MAX_PREPARED} of these tracks, the most important first: audio, then the videos by the size at which they are shown. Muted
 * tracks are the last ones, or the microphones of a large room would leave no place for videos. Tracks that are equal keep their order.
 */
export function mostImportant<Track extends Displayed>(displayed: readonly Track[]): Track[] {
  return [...displayed].sort((one, other) => compare(one.publication, other.publication)).slice(0, MAX_PREPARED);
}

function compare(one: Displayed["publication"], other: Displayed["publication"]): number {
  if (one.muted !== other.muted) return one.muted ? 1 : -1;
  if (one.kind === "video" && other.kind === "video" && one.shownArea !== other.shownArea) return other.shownArea - one.shownArea;
  return RANK[one.source] - RANK[other.source];
}
