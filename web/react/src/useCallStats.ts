import { useEffect, useState } from "react";

import type { Call, CallStats } from "@hubbub/client";

/** Number of readings to keep. */
const MAX_READINGS = 60;

/**
 * Returns the last 60 statistics readings of a call, newest last.
 *
 * @param interval - Milliseconds between two readings.
 */
export function useCallStats(call: Call | undefined, interval = 1_000): CallStats[] {
  const [readings, setReadings] = useState<CallStats[]>([]);
  useEffect(() => {
    if (!call) return undefined;
    let reading = false;
    const timer = setInterval(() => {
      // Skips a reading while the previous one is pending.
      if (reading || call.state === "ended") return;
      reading = true;
      call
        .stats()
        .then((stats) => setReadings((before) => [...before.slice(1 - MAX_READINGS), stats]))
        .catch(() => undefined)
        .finally(() => {
          reading = false;
        });
    }, interval);
    return () => {
      clearInterval(timer);
      setReadings([]);
    };
  }, [call, interval]);
  return readings;
}
