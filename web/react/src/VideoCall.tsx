import { useEffect, useRef, useState, type ReactNode } from "react";

import { CallError, openDevices, type Call, type CallOptions, type DeviceSource, type OpenedDevices } from "@hubbub/client";
import { CallView } from "./CallView.tsx";
import { EndedView } from "./EndedView.tsx";
import { LobbyView } from "./LobbyView.tsx";
import { PreJoin, type PreJoinResult } from "./PreJoin.tsx";
import { explainDevice } from "./strings.ts";
import { useCall } from "./useCall.ts";
import type { PreviewSize } from "./usePreview.ts";
import { WatchForm } from "./WatchForm.tsx";

export interface VideoCallProps extends Omit<CallOptions, "name"> {
  /** Display name. With `preJoin`, the initial value of the form. */
  name?: string | undefined;
  /** Whether to show the form before the call; true when absent. Otherwise joins at once with the available devices. */
  preJoin?: boolean;
  /** Whether the form offers "Watch only"; false when absent. With `audience`, watching is all that it offers. */
  offerAudience?: boolean;
  /** Ideal size of the camera picture. */
  video?: PreviewSize | undefined;
  /** Link to the call; without it no invitation is shown. */
  inviteUrl?: string | undefined;
  /** Shown before the name of the room. */
  brand?: ReactNode;
  /** Additional controls at the end of the settings panel. */
  settings?: ReactNode;
  /** Called with each new call, before it connects. Rejoining creates a new call. */
  onCall?: ((call: Call) => void) | undefined;
  /** Called by the button "Back to the start" after the call; without it there is no such button. */
  onHome?: (() => void) | undefined;
}

const SOURCES = ["camera", "microphone"] as const;

/** A complete call: form, call, end and rejoining. Fills its container. */
export function VideoCall({ name: initialName = "", preJoin = true, offerAudience = false, video, inviteUrl, brand, settings, onCall, onHome, ...options }: VideoCallProps) {
  const { call, state, ended, join } = useCall();
  const [name, setName] = useState(initialName);
  const [problems, setProblems] = useState<string[]>([]);
  const [entered, setEntered] = useState(!preJoin);
  const [openingDevices, setOpeningDevices] = useState(!preJoin && !options.audience);
  /** The devices that were on when the call was last joined: rejoining opens the same. */
  const lastSources = useRef<DeviceSource[]>(options.audience ? [] : [...SOURCES]);
  /** Whether the call was last joined to watch only: rejoining does the same. */
  const lastWatched = useRef(options.audience ?? false);

  const enter = (result: PreJoinResult, audience: boolean) => {
    setName(result.name);
    setOpeningDevices(false);
    setEntered(true);
    lastSources.current = SOURCES.filter((source) => result[source]);
    lastWatched.current = audience;
    void join({ ...options, name: result.name, audience }, (next) => {
      for (const source of SOURCES) {
        const track = result[source];
        if (!track) continue;
        next.local.publish(track, source).catch((error: unknown) => setProblems((before) => [...before, explainDevice(source, CallError.of(error))]));
      }
      onCall?.(next);
    });
  };
  const watch = (as: string) => enter({ name: as }, true);
  /** @param isCurrent - Whether the component is still mounted once the devices are open. */
  const openDevicesAndEnter = async (isCurrent: () => boolean) => {
    if (lastWatched.current) return enter({ name }, true);
    setOpeningDevices(true);
    const devices = await openDevices(Object.fromEntries(lastSources.current.map((source) => [source, source === "camera" ? { ...video } : {}])));
    if (!isCurrent()) {
      devices.camera?.stop();
      devices.microphone?.stop();
      return;
    }
    setProblems(explainProblems(devices));
    const { problems: _, ...tracks } = devices;
    enter({ name, ...tracks }, false);
  };

  const started = useRef(false);
  useEffect(() => {
    if (preJoin || started.current) return undefined;
    started.current = true;
    void openDevicesAndEnter(() => started.current);
    return () => {
      started.current = false;
    };
    // Only once, on mount: later changes of props apply to the next call.
  }, []);

  return (
    <div className="hb" data-state={openingDevices ? "idle" : state}>
      {openingDevices ? (
        <main className="hb-page">
          <p className="hb-waiting" role="status">
            Asking for camera and microphone…
          </p>
        </main>
      ) : !entered ? (
        <main className="hb-page">
          {brand}
          {options.audience ? (
            <WatchForm room={options.room} name={name} onWatch={watch} />
          ) : (
            <PreJoin
              title={`Join ${options.room}`}
              name={name}
              video={video}
              onJoin={(result) => enter(result, false)}
              onWatch={offerAudience ? watch : undefined}
            />
          )}
        </main>
      ) : ended ? (
        <main className="hb-page">
          {brand}
          <EndedView ended={ended} onRejoin={() => void openDevicesAndEnter(() => true)} onHome={onHome} />
        </main>
      ) : call && state === "waiting" ? (
        <main className="hb-page">
          {brand}
          <LobbyView call={call} />
        </main>
      ) : call && (
        <CallView call={call} inviteUrl={inviteUrl} brand={brand} settings={settings} problems={problems} onDismiss={() => setProblems([])} />
      )}
    </div>
  );
}

function explainProblems({ problems }: OpenedDevices): string[] {
  return SOURCES.flatMap((source) => {
    const error = problems[source];
    return error ? [explainDevice(source, error)] : [];
  });
}
