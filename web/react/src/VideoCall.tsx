import { useEffect, useRef, useState, type ReactNode } from "react";

import { openDevices, type Call, type CallOptions, type DeviceSource, type OpenedDevices } from "@hubbub/client";
import { CallView } from "./CallView.tsx";
import { EndedView } from "./EndedView.tsx";
import { PreJoin, type Entrance } from "./PreJoin.tsx";
import { useCall } from "./useCall.ts";
import type { PreviewSize } from "./usePreview.ts";
import { explainDevice } from "./words.ts";

export interface VideoCallProps extends Omit<CallOptions, "name"> {
  /** Asked for before joining, when `preJoin` is on. */
  name?: string | undefined;
  /** Off: joins at once, with camera and microphone if they are to be had. */
  preJoin?: boolean;
  video?: PreviewSize | undefined;
  /** The link that others join by. */
  inviteUrl?: string | undefined;
  /** Before the room's name. */
  brand?: ReactNode;
  /** More settings. */
  settings?: ReactNode;
  /** A new call: with each joining and rejoining. */
  onCall?: ((call: Call) => void) | undefined;
  /** To where there is no call. */
  onHome?: (() => void) | undefined;
}

/** A whole call, from the preview to the end and back in. Fills its container. */
export function VideoCall({ name: givenName = "", preJoin = true, video, inviteUrl, brand, settings, onCall, onHome, ...options }: VideoCallProps) {
  const { call, state, ended, join } = useCall();
  const [name, setName] = useState(givenName);
  const [problems, setProblems] = useState<string[]>([]);
  const [entered, setEntered] = useState(!preJoin);
  /** While the browser is asked for the devices again. */
  const [asking, setAsking] = useState(!preJoin);
  const wanted = useRef<DeviceSource[]>(["camera", "microphone"]);

  const enter = (entrance: Entrance) => {
    setName(entrance.name);
    setAsking(false);
    setEntered(true);
    wanted.current = (["camera", "microphone"] as const).filter((source) => entrance[source]);
    void join({ ...options, name: entrance.name }, (next) => {
      for (const source of ["camera", "microphone"] as const) {
        const track = entrance[source];
        // What fails here fails the call as well, or is told by the publication.
        if (track) next.local.publish(track, source).catch((error: unknown) => setProblems((before) => [...before, String(error)]));
      }
      onCall?.(next);
    });
  };
  const enterAnew = async (isCurrent: () => boolean) => {
    setAsking(true);
    const got = await openDevices(Object.fromEntries(wanted.current.map((source) => [source, source === "camera" ? { ...video } : {}])));
    if (!isCurrent()) {
      got.camera?.stop();
      got.microphone?.stop();
      return;
    }
    setProblems(told(got));
    const { problems: _, ...tracks } = got;
    enter({ name, ...tracks });
  };

  const started = useRef(false);
  useEffect(() => {
    if (preJoin || started.current) return undefined;
    started.current = true;
    void enterAnew(() => started.current);
    return () => {
      started.current = false;
    };
    // Once, as the component appears: what changes later is for the next call.
  }, []);

  return (
    <div className="hb" data-state={asking ? "idle" : state}>
      {asking ? (
        <main className="hb-page">
          <p className="hb-waiting" role="status">
            Asking for camera and microphone…
          </p>
        </main>
      ) : !entered ? (
        <main className="hb-page">
          {brand}
          <PreJoin title={`Join ${options.room}`} name={name} video={video} onJoin={enter} />
        </main>
      ) : ended ? (
        <main className="hb-page">
          {brand}
          <EndedView ended={ended} onRejoin={() => void enterAnew(() => true)} onHome={onHome} />
        </main>
      ) : call && (
        <CallView call={call} inviteUrl={inviteUrl} brand={brand} settings={settings} problems={problems} onDismiss={() => setProblems([])} />
      )}
    </div>
  );
}

function told({ problems }: OpenedDevices): string[] {
  return (["camera", "microphone"] as const).flatMap((source) => {
    const error = problems[source];
    return error ? [explainDevice(source, error)] : [];
  });
}
