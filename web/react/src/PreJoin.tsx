import { useEffect, useId, useState, type ReactNode } from "react";

import type { CallError, DeviceSource } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { DeviceSelector } from "./DeviceSelector.tsx";
import { Icon } from "./icons.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { usePreview, type PreviewSize } from "./usePreview.ts";
import { AUDIENCE, explainDevice } from "./strings.ts";

/** The user's choices. The receiver owns the tracks: it has to publish or stop them. */
export interface PreJoinResult {
  /** Without surrounding spaces. */
  name: string;
  /** Absent if the device is off. */
  camera?: MediaStreamTrack;
  /** Absent if the device is off. */
  microphone?: MediaStreamTrack;
}

export interface PreJoinProps {
  /** Heading of the form. */
  title?: ReactNode;
  /** Initial name. */
  name?: string | undefined;
  /** Ideal size of the camera picture. */
  video?: PreviewSize | undefined;
  onJoin(result: PreJoinResult): void;
  /** Called with the name of who chooses "Watch only"; without it there is no such button. */
  onWatch?: ((name: string) => void) | undefined;
}

/** The form before a call: camera preview, microphone level, devices and name. Works without devices. */
export function PreJoin({ title = "Ready to join?", name: initialName = "", video, onJoin, onWatch }: PreJoinProps) {
  const id = useId();
  const [name, setName] = useState(initialName);
  const preview = usePreview(video);
  const [joining, setJoining] = useState(false);
  const problems = (["camera", "microphone"] as const).filter((source) => preview.problems[source]);
  // If the user submits before the devices are open, joins when they are.
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
          {...emptyText(preview.problems.camera)}
          value={preview.camera?.getSettings().deviceId}
          onChange={(deviceId) => void preview.set("camera", true, deviceId)}
        />
        <DeviceSelector
          kind="microphone"
          {...emptyText(preview.problems.microphone)}
          value={preview.microphone?.getSettings().deviceId}
          onChange={(deviceId) => void preview.set("microphone", true, deviceId)}
        />
        <LevelMeter track={preview.microphone} />
        <button type="submit" className="hb-button hb-primary" data-action="join" disabled={!name.trim() || joining}>
          {joining ? "Joining…" : "Join now"}
        </button>
        {onWatch && (
          <button type="button" className="hb-button" data-action="watch" disabled={!name.trim() || joining} onClick={() => onWatch(name.trim())}>
            {AUDIENCE.watchOnly}
          </button>
        )}
      </div>
    </form>
  );
}

/** A device without permission is not listed; "None found" would be wrong. */
function emptyText(problem: CallError | undefined): { empty?: string } {
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

/** The mirrored picture of the local camera. */
function Preview({ track }: { track: MediaStreamTrack }) {
  const attach = (video: HTMLVideoElement | null) => {
    if (video && (video.srcObject as MediaStream | null)?.getVideoTracks()[0] !== track) video.srcObject = new MediaStream([track]);
  };
  return <video ref={attach} autoPlay playsInline muted aria-label="Your camera" />;
}
