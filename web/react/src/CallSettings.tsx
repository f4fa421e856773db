import type { ReactNode } from "react";

import type { Call } from "@hubbub/client";
import { DeviceSelector } from "./DeviceSelector.tsx";
import type { Layout } from "./tiles.ts";
import type { LocalMedia } from "./useWebRTC.ts";

const LAYOUTS: [Layout, string][] = [
  ["auto", "Automatic"],
  ["grid", "Everybody alike"],
  ["speaker", "Speaker large"],
];

export interface CallSettingsProps {
  call: Call;
  media: LocalMedia;
  speaker: string | undefined;
  onSpeaker(deviceId: string): void;
  layout: Layout;
  onLayout(layout: Layout): void;
  onStats(): void;
  children?: ReactNode;
}

/** Device and layout settings during a call. */
export function CallSettings({ call, media, speaker, onSpeaker, layout, onLayout, onStats, children }: CallSettingsProps) {
  const device = (source: "camera" | "microphone") => call.local.publications.get(source)?.track?.getSettings().deviceId;
  const choose = (source: "camera" | "microphone") => (deviceId: string) => {
    if (media[source]) void media.switchDevice(source, deviceId);
    else void media[source === "camera" ? "setCamera" : "setMicrophone"](true, { deviceId });
  };
  return (
    <div className="hb-settings">
      <fieldset>
        <legend>Layout</legend>
        {LAYOUTS.map(([value, label]) => (
          <label key={value} className="hb-choice">
            <input type="radio" name="hb-layout" checked={layout === value} onChange={() => onLayout(value)} /> {label}
          </label>
        ))}
      </fieldset>
      {!call.local.watches && (
        <>
          <DeviceSelector kind="camera" value={device("camera")} onChange={choose("camera")} />
          <DeviceSelector kind="microphone" value={device("microphone")} onChange={choose("microphone")} />
        </>
      )}
      {/* Not every browser supports choosing the loudspeaker. */}
      {"setSinkId" in HTMLMediaElement.prototype && <DeviceSelector kind="speaker" value={speaker} onChange={onSpeaker} />}
      <button type="button" className="hb-button hb-narrow-only" onClick={onStats}>
        Statistics
      </button>
      {children}
    </div>
  );
}
