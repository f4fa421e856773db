import { useCallback, useEffect, useRef, useState } from "react";

import { Call, type CallOptions } from "@hubbub/client";
import { useCallState, type CallStatus } from "./useCallState.ts";

export interface CallHandle extends CallStatus {
  /** The current call. Each `join` creates a new one. */
  call: Call | undefined;
  /**
   * Leaves the current call and joins a new one. Does not reject: a call that cannot be joined is `ended`, with the reason.
   *
   * @param prepare - Called with the new call before it connects, for example to publish tracks that are already open.
   */
  join(options: CallOptions, prepare?: (call: Call) => void): Promise<Call>;
  leave(): Promise<void>;
}

/** Manages one call at a time. Leaves it when the component unmounts. */
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
