import { useCallback, useEffect, useState } from "react";

import { listDevices, onDevicesChange, type Devices } from "@hubbub/client";

const NONE: Devices = { cameras: [], microphones: [], speakers: [] };

/**
 * Returns the connected devices. Their labels are empty until the user has granted access; call `refresh` after that. Without
 * HTTPS the lists are empty.
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
