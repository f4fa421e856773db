import { useEffect, useState } from "react";

import type { Call } from "@hubbub/client";

/** Number of readings to keep. */
const MAX_READINGS = 60;

/**
 * Returns the last 60 results of `read`, newest last.
 *
 * @param call - Nothing is read without a call, and after it has ended.
 * @param read - Reads once; the same function at each rendering. A failed reading is left out.
 * @param interval - Milliseconds between two readings.
 */
export function useReadings<T>(call: Call | undefined, read: (call: Call) => Promise<T>, interval: number): T[] {
  const [readings, setReadings] = useState<T[]>([]);
  useEffect(() => {
    if (!call) return undefined;
    let reading = false;
    const timer = setInterval(() => {
      // Skips a reading while the previous one is pending.
      if (reading || call.state === "ended") return;
      reading = true;
      read(call)
        .then((result) => setReadings((before) => [...before.slice(1 - MAX_READINGS), result]))
        .catch(() => undefined)
        .finally(() => {
          reading = false;
        });
    }, interval);
    return () => {
      clearInterval(timer);
      setReadings([]);
    };
  }, [call, read, interval]);
  return readings;
}
