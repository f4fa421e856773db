import { useEffect, useId } from "react";

import { useMediaDevices } from "./useMediaDevices.ts";

const KINDS = {
  camera: { list: "cameras", label: "Camera" },
  microphone: { list: "microphones", label: "Microphone" },
  speaker: { list: "speakers", label: "Speaker" },
} as const;

export interface DeviceSelectorProps {
  kind: keyof typeof KINDS;
  /** The device in use. */
  value?: string | undefined;
  onChange(deviceId: string): void;
  label?: string;
  disabled?: boolean;
  /** What is said when there is nothing to choose from. */
  empty?: string;
}

/** A choice among the cameras, microphones or speakers that are plugged in. */
export function DeviceSelector({ kind, value, onChange, label = KINDS[kind].label, disabled = false, empty = "None found" }: DeviceSelectorProps) {
  const id = useId();
  const { [KINDS[kind].list]: devices, refresh } = useMediaDevices();
  // One that has just been allowed has a name now.
  useEffect(refresh, [refresh, value]);
  return (
    <div className="hb-field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? devices[0]?.deviceId ?? ""} disabled={disabled || devices.length === 0} onChange={(event) => onChange(event.target.value)}>
        {devices.length === 0 && <option value="">{empty}</option>}
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </select>
    </div>
  );
}
