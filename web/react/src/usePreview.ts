import { useCallback, useEffect, useRef, useState } from "react";

import { openDevices, type CameraOptions, type DeviceSource, type OpenedDevices } from "@hubbub/client";

/** Ideal size of the preview in pixels; 1280 by 720 when absent. */
export type PreviewSize = Pick<CameraOptions, "width" | "height">;

export interface Preview extends OpenedDevices {
  /** Whether a device is opening. */
  busy: boolean;
  /** Opens or stops a device; opens the one with `deviceId` if it is given. */
  set(source: DeviceSource, on: boolean, deviceId?: string): Promise<void>;
  /** Returns the tracks and gives up their ownership: the caller has to stop them. */
  take(): Pick<OpenedDevices, DeviceSource>;
}

/** Opens camera and microphone before a call. Stops them when the component unmounts, except after `take`. */
export function usePreview({ width, height }: PreviewSize = {}): Preview {
  const [opened, setOpened] = useState<OpenedDevices>({ problems: {} });
  const [busy, setBusy] = useState(true);
  const owned = useRef<Pick<OpenedDevices, DeviceSource>>({});

  const own = useCallback((source: DeviceSource, track: MediaStreamTrack | undefined) => {
    owned.current[source]?.stop();
    if (track) owned.current[source] = track;
    else delete owned.current[source];
  }, []);

  useEffect(() => {
    let unmounted = false;
    void openDevices({ camera: { width, height }, microphone: {} }).then((devices) => {
      if (unmounted) {
        devices.camera?.stop();
        devices.microphone?.stop();
        return;
      }
      own("camera", devices.camera);
      own("microphone", devices.microphone);
      setOpened(devices);
      setBusy(false);
    });
    return () => {
      unmounted = true;
      own("camera", undefined);
      own("microphone", undefined);
    };
  }, [width, height, own]);

  const set = useCallback(
    async (source: DeviceSource, on: boolean, deviceId?: string) => {
      // Some phones open only one camera at a time.
      own(source, undefined);
      setBusy(true);
      const devices: OpenedDevices = on ? await openDevices({ [source]: source === "camera" ? { width, height, deviceId } : { deviceId } }) : { problems: {} };
      own(source, devices[source]);
      setOpened((before) => {
        const { [source]: _track, ...rest } = before;
        const { [source]: _problem, ...problems } = before.problems;
        return { ...rest, ...devices, problems: { ...problems, ...devices.problems } };
      });
      setBusy(false);
    },
    [width, height, own],
  );

  const take = useCallback(() => {
    const taken = owned.current;
    owned.current = {};
    return taken;
  }, []);

  return { ...opened, busy, set, take };
}
