import { useEffect, useId, useState, type ReactNode } from "react";

import type { CallError, DeviceSource } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { DeviceSelector } from "./DeviceSelector.tsx";
import { Icon } from "./icons.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { usePreview, type PreviewSize } from "./usePreview.ts";
import { explainDevice } from "./words.ts";

export interface Entrance {
  name: string;
  /** What is on; the tracks are the receiver's to publish and to stop. */
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
}

export interface PreJoinProps {
  /** What is being joined. */
  title?: ReactNode;
  name?: string | undefined;
  video?: PreviewSize | undefined;
  onJoin(entrance: Entrance): void;
}

/** Before a call: how one looks and sounds, with which devices, and under which name. Works without any device. */
export function PreJoin({ title = "Ready to join?", name: initialName = "", video, onJoin }: PreJoinProps) {
  const id = useId();
  const [name, setName] = useState(initialName);
  const preview = usePreview(video);
  const [joining, setJoining] = useState(false);
  const problems = (["camera", "microphone"] as const).filter((source) => preview.problems[source]);
  // Who is quicker than the camera comes with it all the same.
  useEffect(() => {
    if (!joining || preview.busy) return;
    setJoining(false);
    onJoin({ name: name.trim(), ...preview.take() });
  }, [joining, preview.busy]);
  return (
    <form
      className="hb-prejoin"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) setJoining(true);
      }}
    >
      <div className="hb-prejoin-picture">
        {preview.camera ? <Preview track={preview.camera} /> : <Avatar name={name || "?"} />}
        {!preview.camera && <p className="hb-prejoin-off">{preview.busy ? "Starting the camera…" : "Camera off"}</p>}
        <div className="hb-prejoin-switches">
          <DeviceSwitch source="microphone" on={preview.microphone !== undefined} busy={preview.busy} onChange={preview.set} />
          <DeviceSwitch source="camera" on={preview.camera !== undefined} busy={preview.busy} onChange={preview.set} />
        </div>
      </div>
      <div className="hb-prejoin-choices">
        <h1>{title}</h1>
        {problems.length > 0 && (
          <div className="hb-notice" role="alert">
            <ul>
              {problems.map((source) => {
                const error = preview.problems[source];
                return error && <li key={source}>{explainDevice(source, error)}</li>;
              })}
              <li>You can join all the same.</li>
            </ul>
          </div>
        )}
        <div className="hb-field">
          <label htmlFor={id}>Your name</label>
          <input id={id} name="name" value={name} required maxLength={64} autoFocus onChange={(event) => setName(event.target.value)} />
        </div>
        <DeviceSelector
          kind="camera"
          {...empty(preview.problems.camera)}
          value={preview.camera?.getSettings().deviceId}
          onChange={(deviceId) => void preview.set("camera", true, deviceId)}
        />
        <DeviceSelector
          kind="microphone"
          {...empty(preview.problems.microphone)}
          value={preview.microphone?.getSettings().deviceId}
          onChange={(deviceId) => void preview.set("microphone", true, deviceId)}
        />
        <LevelMeter track={preview.microphone} />
        <button type="submit" className="hb-button hb-primary" data-action="join" disabled={!name.trim() || joining}>
          {joining ? "Joining…" : "Join now"}
        </button>
      </div>
    </form>
  );
}

/** A device that must not be used is not "not found". */
function empty(problem: CallError | undefined): { empty?: string } {
  return problem?.code.endsWith("_refused") ? { empty: "Not allowed" } : {};
}

interface DeviceSwitchProps {
  source: DeviceSource;
  on: boolean;
  busy: boolean;
  onChange(source: DeviceSource, on: boolean): void;
}

function DeviceSwitch({ source, on, busy, onChange }: DeviceSwitchProps) {
  const label = source === "camera" ? "Camera" : "Microphone";
  return (
    <button
      type="button"
      className="hb-round"
      data-look="device"
      data-action={source}
      aria-pressed={on}
      aria-label={label}
      aria-busy={busy}
      data-tip={`${label}: ${on ? "on" : "off"}`}
      onClick={() => !busy && onChange(source, !on)}
    >
      <Icon name={on ? source : `${source}Off`} />
    </button>
  );
}

/** As in a mirror. */
function Preview({ track }: { track: MediaStreamTrack }) {
  const show = (video: HTMLVideoElement | null) => {
    if (video && (video.srcObject as MediaStream | null)?.getVideoTracks()[0] !== track) video.srcObject = new MediaStream([track]);
  };
  return <video ref={show} autoPlay playsInline muted aria-label="Your camera" />;
}
