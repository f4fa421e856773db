import { useEffect, useState } from "react";

import { Calls, type CallError, type CallsOptions, type CallsState, type LiveCall } from "@hubbub/client";
import { useStore } from "./useStore.ts";

export interface CallsHandle {
  /** For the components and the other hooks; `undefined` before the first effect and without a user. */
  calls: Calls | undefined;
  state: CallsState;
  /** Why the server refuses this user, while the state is `refused`. */
  refusal: CallError | undefined;
  /** The calls that ring here or that this device has entered, the oldest first. */
  live: LiveCall[];
}

/** Makes this device ring for a user: from the first render until the component unmounts. Rerenders after every change. */
export function useCalls(options: CallsOptions | undefined): CallsHandle {
  const [calls, setCalls] = useState<Calls>();
  const { url, path, userId, name, deviceId } = options ?? {};
  useEffect(() => {
    if (userId === undefined) return undefined;
    const next = new Calls({
      userId,
      ...(url !== undefined && { url }),
      ...(path !== undefined && { path }),
      ...(name !== undefined && { name }),
      ...(deviceId !== undefined && { deviceId }),
    });
    next.open();
    setCalls(next);
    return () => {
      next.close();
      setCalls(undefined);
    };
  }, [url, path, userId, name, deviceId]);
  useStore(calls);
  return { calls, state: calls?.state ?? "idle", refusal: calls?.refusal, live: calls ? [...calls.live.values()] : [] };
}
