import { useCallback, useEffect, useState } from "react";

import { listDevices, onDevicesChange } from "@hubbub/client";

export type Devices = Awaited<ReturnType<typeof listDevices>>;

const NONE: Devices = { cameras: [], microphones: [], speakers: [] };

/**
 * The devices that are plugged in now. Before the browser was allowed to use them they have no names:
 * call `refresh` after it was.
 */
export function useMediaDevices(): Devices & { refresh(): void } {
  const [devices, setDevices] = useState(NONE);
  const refresh = useCallback(() => {
    listDevices().then(setDevices, () => setDevices(NONE));
  }, []);
  useEffect(() => {
    refresh();
    return onDevicesChange(refresh);
  }, [refresh]);
  return { ...devices, refresh };
}
