import { useEffect, type ReactNode } from "react";

import type { Call } from "@hubbub/client";
import { Icon, type IconName } from "./icons.tsx";
import type { CaptionsView } from "./useCaptions.ts";
import { useWebRTC, type LocalMedia } from "./useWebRTC.ts";

export interface VideoControlsProps {
  call: Call;
  /** Result of `useWebRTC`, for an application that shows its problems; its own when absent. */
  media?: LocalMedia;
  /** Result of `useCaptions`; without it there is no button for captions. */
  captions?: CaptionsView;
  /** Called after the call was left. */
  onLeave?: () => void;
  /** Additional buttons before "Leave". */
  children?: ReactNode;
}

/**
 * Buttons for microphone (Alt+M), camera (Alt+V), screen sharing (Alt+S), captions (Alt+C) and leaving. Who only watches has none for
 * what is sent.
 */
export function VideoControls({ call, media, captions, onLeave, children }: VideoControlsProps) {
  const own = useWebRTC(call);
  const { camera, microphone, screen, busy, setCamera, setMicrophone, setScreen } = media ?? own;
  const sends = !call.local.watches;
  const canShare = sends && typeof navigator.mediaDevices?.getDisplayMedia === "function";

  useShortcuts({
    ...(sends ? { KeyM: () => void setMicrophone(!microphone), KeyV: () => void setCamera(!camera) } : {}),
    ...(captions ? { KeyC: () => void captions.setShown(!captions.shown) } : {}),
    ...(canShare ? { KeyS: () => void setScreen(!screen) } : {}),
  });

  return (
    <div className="hb-controls" role="toolbar" aria-label="Call controls">
      {sends && (
        <>
          <Switch action="microphone" label="Microphone" on={microphone} busy={busy === "microphone"} shortcut="Alt+M" icons={["microphone", "microphoneOff"]} onChange={setMicrophone} />
          <Switch action="camera" label="Camera" on={camera} busy={busy === "camera"} shortcut="Alt+V" icons={["camera", "cameraOff"]} onChange={setCamera} />
        </>
      )}
      {canShare && <Switch action="screen" label="Share screen" on={screen} busy={busy === "screen"} shortcut="Alt+S" icons={["screen", "screen"]} active onChange={setScreen} />}
      {captions && <Switch action="captions" label="Captions" on={captions.shown} busy={false} shortcut="Alt+C" icons={["captions", "captions"]} active onChange={(on) => void captions.setShown(on)} />}
      {children}
      <button
        type="button"
        className="hb-round hb-leave"
        data-action="leave"
        aria-label="Leave"
        data-tip="Leave"
        onClick={() => {
          void call.leave().then(onLeave);
        }}
      >
        <Icon name="leave" />
      </button>
    </div>
  );
}

interface SwitchProps {
  action: string;
  label: string;
  on: boolean;
  busy: boolean;
  shortcut: string;
  /** Icons for on and off. */
  icons: [IconName, IconName];
  /** Highlight the button while it is on instead of while it is off. */
  active?: boolean;
  onChange(on: boolean): void;
}

function Switch({ action, label, on, busy, shortcut, icons, active = false, onChange }: SwitchProps) {
  return (
    <button
      type="button"
      className="hb-round"
      data-action={action}
      data-look={active ? "active" : "device"}
      aria-pressed={on}
      aria-label={label}
      aria-busy={busy}
      aria-keyshortcuts={shortcut}
      data-tip={`${label}: ${on ? "on" : "off"} (${shortcut})`}
      onClick={() => !busy && onChange(!on)}
    >
      <Icon name={icons[on ? 0 : 1]} />
    </button>
  );
}

/** Calls an action for Alt and a physical key (`KeyboardEvent.code`): on some keyboards Alt changes the character. */
function useShortcuts(actions: Record<string, () => void>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
      const act = actions[event.code];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
}
