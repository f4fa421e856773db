import type { Call, CallStats } from "@hubbub/client";
import { useReadings } from "./useReadings.ts";

const read = (call: Call) => call.stats();

/**
 * Returns the last 60 statistics readings of a call, newest last.
 *
 * @param interval - Milliseconds between two readings.
 */
export function useCallStats(call: Call | undefined, interval = 1_000): CallStats[] {
  return useReadings(call, read, interval);
}
