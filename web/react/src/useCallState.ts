import type { Call, CallState, LocalParticipant, RemoteParticipant } from "@hubbub/client";
import { useSubject } from "./subject.ts";

export interface CallStatus {
  state: CallState;
  reconnectCause: Call["reconnectCause"];
  ended: Call["ended"];
  local: LocalParticipant | undefined;
  /** The others, in the order in which they came. */
  participants: RemoteParticipant[];
}

/** How the call stands and who is in it. Renders again with every change. */
export function useCallState(call: Call | undefined): CallStatus {
  useSubject(call);
  return {
    state: call?.state ?? "idle",
    reconnectCause: call?.reconnectCause,
    ended: call?.ended,
    local: call?.local,
    participants: call ? [...call.participants.values()] : [],
  };
}
