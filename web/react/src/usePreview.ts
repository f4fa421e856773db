import { useCallback, useEffect, useRef, useState } from "react";

import { openDevices, type CameraOptions, type DeviceRequest, type DeviceSource, type OpenedDevices } from "@hubbub/client";

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

const SOURCES = ["camera", "microphone"] as const;

/** Opens camera and microphone before a call. Stops them when the component unmounts, except after `take`. */
export function usePreview({ width, height }: PreviewSize = {}): Preview {
  const [opened, setOpened] = useState<OpenedDevices>({ problems: {} });
  const [busy, setBusy] = useState(true);
  const owned = useRef<Pick<OpenedDevices, DeviceSource>>({});
  /** Counts the requests for each device. A device that opens after a newer request, or after the unmount, is stopped. */
  const requests = useRef<Record<DeviceSource, number>>({ camera: 0, microphone: 0 });
  const opening = useRef(0);

  /** Opens devices in place of the present ones of these sources. */
  const open = useCallback(async (sources: readonly DeviceSource[], options: DeviceRequest) => {
    const own = { ...requests.current };
    for (const source of sources) {
      own[source] = requests.current[source] += 1;
      // Some phones open only one camera at a time.
      owned.current[source]?.stop();
      delete owned.current[source];
    }
    opening.current += 1;
    setBusy(true);
    const devices = await openDevices(options);
    const current = sources.filter((source) => requests.current[source] === own[source]);
    for (const source of sources) {
      const track = devices[source];
      if (!current.includes(source)) track?.stop();
      else if (track) owned.current[source] = track;
    }
    setOpened((before) => current.reduce((result, source) => replaceDevice(result, source, devices), before));
    opening.current -= 1;
    if (opening.current === 0) setBusy(false);
  }, []);

  useEffect(() => {
    void open(SOURCES, { camera: { width, height }, microphone: {} });
    return () => {
      for (const source of SOURCES) {
        requests.current[source] += 1;
        owned.current[source]?.stop();
        delete owned.current[source];
      }
    };
  }, [width, height, open]);

  const set = useCallback(
    (source: DeviceSource, on: boolean, deviceId?: string) =>
      open([source], on ? { [source]: source === "camera" ? { width, height, deviceId } : { deviceId } } : {}),
    [width, height, open],
  );

  const take = useCallback(() => {
    const taken = owned.current;
    owned.current = {};
    return taken;
  }, []);

  return { ...opened, busy, set, take };
}

/** Returns `before` with the track and the problem of one source taken from `devices`. */
function replaceDevice(before: OpenedDevices, source: DeviceSource, devices: OpenedDevices): OpenedDevices {
  const { [source]: _track, ...tracks } = before;
  const { [source]: _problem, ...problems } = before.problems;
  const track = devices[source];
  const problem = devices.problems[source];
  return { ...tracks, ...(track && { [source]: track }), problems: { ...problems, ...(problem && { [source]: problem }) } };
}
