import type { Call, Participant } from "@hubbub/client";
import { useSubject } from "./subject.ts";

/** Who speaks now, or spoke last; nobody before anybody did. */
export function useActiveSpeaker(call: Call | undefined): Participant | undefined {
  useSubject(call);
  return call?.activeSpeaker;
}
