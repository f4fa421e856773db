import type { Call, Participant } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** Returns the participant who speaks or spoke last; `undefined` until someone speaks. */
export function useActiveSpeaker(call: Call | undefined): Participant | undefined {
  useStore(call);
  return call?.activeSpeaker;
}
