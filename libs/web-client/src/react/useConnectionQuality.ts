import type { Participant, Quality } from "../sdk/index.js";
import { useSubject } from "./subject.js";

/** How good the connection with this person is. */
export function useConnectionQuality(participant: Participant | undefined): Quality {
  useSubject(participant);
  return participant?.quality ?? "unknown";
}
