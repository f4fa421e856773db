import type { Call, Participant } from "../sdk/index.js";
import { useSubject } from "./subject.js";

/** Who speaks now, or spoke last; nobody before anybody did. */
export function useActiveSpeaker(call: Call | undefined): Participant | undefined {
  useSubject(call);
  return call?.activeSpeaker;
}
