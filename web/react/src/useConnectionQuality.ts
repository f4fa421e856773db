import type { Participant, Quality } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** Returns the connection quality of a participant. */
export function useConnectionQuality(participant: Participant | undefined): Quality {
  useStore(participant);
  return participant?.quality ?? "unknown";
}
