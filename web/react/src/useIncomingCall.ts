import { useCallback, useState } from "react";

import { CallError, type CallInfo, type Calls, type JoinedCall } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** A ring and its answers, which never reject: `problem` holds the last error. */
export interface IncomingRing {
  /** The call that rings, the oldest if there are several. */
  call: CallInfo | undefined;
  /** How many other calls ring. */
  others: number;
  /** Whether an answer is on its way to the server. */
  busy: boolean;
  problem: CallError | undefined;
  /** Answers the call. Returns what the server answered; `undefined` if it refused. */
  accept(): Promise<JoinedCall | undefined>;
  /** Says no, on all devices of the user. */
  decline(): Promise<void>;
  /** Stops the ring on this device only: nobody is told. */
  ignore(): Promise<void>;
}

/** Returns the call that rings this device. Rerenders when it changes. */
export function useIncomingCall(calls: Calls | undefined): IncomingRing {
  useStore(calls);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ callId: string; error: CallError }>();
  const ringing = [...(calls?.live.values() ?? [])].filter(({ state }) => state === "ringing" || state === "answering");
  const call = ringing[0]?.info;
  const callId = call?.callId;

  const answer = useCallback(
    async <Answer>(send: (calls: Calls, callId: string) => Promise<Answer>): Promise<Answer | undefined> => {
      if (!calls || callId === undefined) return undefined;
      setBusy(true);
      setFailed(undefined);
      try {
        return await send(calls, callId);
      } catch (error) {
        setFailed({ callId, error: CallError.of(error) });
        return undefined;
      } finally {
        setBusy(false);
      }
    },
    [calls, callId],
  );

  return {
    call,
    others: Math.max(0, ringing.length - 1),
    busy,
    problem: failed && failed.callId === callId ? failed.error : undefined,
    accept: useCallback(() => answer((calls, id) => calls.accept(id)), [answer]),
    decline: useCallback(() => answer((calls, id) => calls.decline(id)), [answer]),
    ignore: useCallback(() => answer((calls, id) => calls.ignore(id)), [answer]),
  };
}
