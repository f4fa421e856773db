import { useCallback, useEffect, useRef, useState } from "react";

import { Call, type CallOptions } from "@hubbub/client";
import { useCallState, type CallStatus } from "./useCallState.ts";

export interface CallHandle extends CallStatus {
  /** The call of now: a new one with each `join`. */
  call: Call | undefined;
  /**
   * Joins, after leaving what was joined before. `prepare` sees the call before anything happens: publish there what
   * is captured already. Does not reject: a call that cannot be joined is "ended", and `ended` tells why.
   */
  join(options: CallOptions, prepare?: (call: Call) => void): Promise<Call>;
  leave(): Promise<void>;
}

/** One's own membership of a room, from nothing to the end and back. Leaves when the component goes. */
export function useCall(): CallHandle {
  const [call, setCall] = useState<Call>();
  const current = useRef<Call>(undefined);

  const join = useCallback(async (options: CallOptions, prepare?: (call: Call) => void) => {
    void current.current?.leave();
    const next = new Call(options);
    current.current = next;
    setCall(next);
    prepare?.(next);
    await next.join().catch(() => undefined);
    return next;
  }, []);
  const leave = useCallback(async () => current.current?.leave(), []);
  useEffect(() => () => void current.current?.leave(), []);

  return { call, join, leave, ...useCallState(call) };
}
