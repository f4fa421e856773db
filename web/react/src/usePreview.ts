import { useCallback, useEffect, useRef, useState } from "react";

import { openDevices, type CameraOptions, type DeviceSource, type OpenedDevices } from "@hubbub/client";

/** Ideal size of the preview in pixels; 1280 by 720 when absent. */
export type PreviewSize = Pick<CameraOptions, "width" | "height">;

export interface Preview extends OpenedDevices {
  /** While the browser asks, or a device starts. */
  busy: boolean;
  set(source: DeviceSource, on: boolean, deviceId?: string): Promise<void>;
  /** Gives the tracks away: from now on they are the taker's to stop. */
  take(): Pick<OpenedDevices, DeviceSource>;
}

/** Camera and microphone before a call; both are asked for at once. Stopped when the component goes, unless taken. */
export function usePreview({ width, height }: PreviewSize = {}): Preview {
  const [opened, setOpened] = useState<OpenedDevices>({ problems: {} });
  const [busy, setBusy] = useState(true);
  const owned = useRef<Pick<OpenedDevices, DeviceSource>>({});

  const keep = useCallback((source: DeviceSource, track: MediaStreamTrack | undefined) => {
    owned.current[source]?.stop();
    if (track) owned.current[source] = track;
    else delete owned.current[source];
  }, []);

  useEffect(() => {
    let gone = false;
    void openDevices({ camera: { width, height }, microphone: {} }).then((got) => {
      if (gone) {
        got.camera?.stop();
        got.microphone?.stop();
        return;
      }
      keep("camera", got.camera);
      keep("microphone", got.microphone);
      setOpened(got);
      setBusy(false);
    });
    return () => {
      gone = true;
      keep("camera", undefined);
      keep("microphone", undefined);
    };
  }, [width, height, keep]);

  const set = useCallback(
    async (source: DeviceSource, on: boolean, deviceId?: string) => {
      // Some phones cannot open a second camera while the first is open.
      keep(source, undefined);
      setBusy(true);
      const got: OpenedDevices = on ? await openDevices({ [source]: source === "camera" ? { width, height, deviceId } : { deviceId } }) : { problems: {} };
      keep(source, got[source]);
      setOpened((before) => {
        const { [source]: _track, ...rest } = before;
        const { [source]: _problem, ...problems } = before.problems;
        return { ...rest, ...got, problems: { ...problems, ...got.problems } };
      });
      setBusy(false);
    },
    [width, height, keep],
  );

  const take = useCallback(() => {
    const taken = owned.current;
    owned.current = {};
    return taken;
  }, []);

  return { ...opened, busy, set, take };
}
