/** How well streams arrive, as the server reports it: 0, the worst, to 10. */

import type { ConsumerScores, EncodingScore } from "./generated/messages.ts";

/** That of a stream of which the server has reported nothing. */
export const BEST_SCORE = 10;

/** The score of a sent track: that of its worst stream. */
export function worstScore(streams: readonly EncodingScore[] | undefined): number {
  return Math.min(BEST_SCORE, ...(streams ?? []).map(({ score }) => score));
}

/** The score of a received track: the worse of the ways from its sender to the server, and from the server to this client. */
export function scoreOnTheWay(scores: ConsumerScores | undefined): number {
  return Math.min(scores?.score ?? BEST_SCORE, scores?.producerScore ?? BEST_SCORE);
}
