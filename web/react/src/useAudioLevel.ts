import type { Participant } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** Returns the audio level of a participant, 0 to 1: 0 while the participant does not speak. */
export function useAudioLevel(participant: Participant | undefined): number {
  useStore(participant);
  return participant?.level ?? 0;
}
