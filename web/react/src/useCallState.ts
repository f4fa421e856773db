import type { Call, CallState, LocalParticipant, RemoteParticipant } from "@hubbub/client";
import { useStore } from "./useStore.ts";

export interface CallStatus {
  state: CallState;
  reconnectCause: Call["reconnectCause"];
  ended: Call["ended"];
  local: LocalParticipant | undefined;
  /** The other participants, in the order in which they joined. */
  participants: RemoteParticipant[];
}

/** Returns the state and the participants of a call. Rerenders after every change. */
export function useCallState(call: Call | undefined): CallStatus {
  useStore(call);
  return {
    state: call?.state ?? "idle",
    reconnectCause: call?.reconnectCause,
    ended: call?.ended,
    local: call?.local,
    participants: call ? [...call.participants.values()] : [],
  };
}
