import { useEffect, useId } from "react";

import { useMediaDevices } from "./useMediaDevices.ts";

const KINDS = {
  camera: { list: "cameras", label: "Camera" },
  microphone: { list: "microphones", label: "Microphone" },
  speaker: { list: "speakers", label: "Speaker" },
} as const;

export interface DeviceSelectorProps {
  kind: keyof typeof KINDS;
  /** Device id of the device in use; the first device when absent. */
  value?: string | undefined;
  onChange(deviceId: string): void;
  label?: string;
  disabled?: boolean;
  /** Text when there is no device. */
  empty?: string;
}

/** A drop-down list of the cameras, microphones or loudspeakers. */
export function DeviceSelector({ kind, value, onChange, label = KINDS[kind].label, disabled = false, empty = "None found" }: DeviceSelectorProps) {
  const id = useId();
  const { [KINDS[kind].list]: devices, refresh } = useMediaDevices();
  // Labels are available only after the user has granted access.
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
