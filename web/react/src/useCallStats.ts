import { useEffect, useState } from "react";

import type { Call, CallStats } from "@hubbub/client";

/** How many measurements are kept. */
const KEPT = 60;

/** Measurements of the call, the newest last: one each `interval` milliseconds, a minute of them at most. */
export function useCallStats(call: Call | undefined, interval = 1_000): CallStats[] {
  const [measured, setMeasured] = useState<CallStats[]>([]);
  useEffect(() => {
    if (!call) return undefined;
    let reading = false;
    const timer = setInterval(() => {
      // A slow answer is waited for; measurements do not pile up.
      if (reading || call.state === "ended") return;
      reading = true;
      call
        .stats()
        .then((stats) => setMeasured((before) => [...before.slice(1 - KEPT), stats]))
        .catch(() => undefined)
        .finally(() => {
          reading = false;
        });
    }, interval);
    return () => {
      clearInterval(timer);
      setMeasured([]);
    };
  }, [call, interval]);
  return measured;
}
