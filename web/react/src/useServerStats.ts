import type { Call, TransportStats } from "@hubbub/client";
import { useReadings } from "./useReadings.ts";

const read = async (call: Call) => (await call.serverStats("recv"))[0];

/**
 * Returns the server's last 60 readings of the transport on which a call receives, newest last; `undefined` before it exists.
 *
 * @param interval - Milliseconds between two readings.
 */
export function useServerStats(call: Call | undefined, interval = 1_000): (TransportStats | undefined)[] {
  return useReadings(call, read, interval);
}
