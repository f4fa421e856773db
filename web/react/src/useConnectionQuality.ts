import type { Participant, Quality } from "@hubbub/client";
import { useSubject } from "./subject.ts";

/** How good the connection with this person is. */
export function useConnectionQuality(participant: Participant | undefined): Quality {
  useSubject(participant);
  return participant?.quality ?? "unknown";
}
