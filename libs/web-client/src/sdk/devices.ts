/** Cameras, microphones, loudspeakers and screens. */

import { CallError, deviceError } from "./errors.js";

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

export interface CameraOptions {
  deviceId?: string;
  width?: number;
  height?: number;
  frameRate?: number;
}

export interface MicrophoneOptions {
  deviceId?: string;
}

/** What there is; names are empty until a device has been allowed. */
export async function listDevices(): Promise<Devices> {
  const all = (await mediaDevices().enumerateDevices()).filter((device) => device.deviceId !== "");
  const of = (kind: MediaDeviceKind) => all.filter((device) => device.kind === kind);
  return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** Calls `listener` when a device comes or goes; the result ends that. */
export function onDevicesChange(listener: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", listener);
  return () => devices?.removeEventListener("devicechange", listener);
}

/** Throws CallError: `camera_refused`, `no_device`, `device_in_use`, `unsupported_browser`. */
export async function openCamera(options: CameraOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, width = 1280, height = 720, frameRate = 30 } = options;
  const video = { ...chosen(deviceId), width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } };
  return open("camera", () => mediaDevices().getUserMedia({ video }));
}

/** Throws CallError: `microphone_refused`, `no_device`, `device_in_use`, `unsupported_browser`. */
export async function openMicrophone({ deviceId }: MicrophoneOptions = {}): Promise<MediaStreamTrack> {
  const audio = { ...chosen(deviceId), echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return open("microphone", () => mediaDevices().getUserMedia({ audio }));
}

/** The screen, a window or a tab, its sound too where the browser gives it. Throws CallError: `screen_refused`. */
export async function openScreen(): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | undefined }> {
  try {
    const stream = await mediaDevices().getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
    const [video] = stream.getVideoTracks();
    if (!video) throw new CallError("screen_refused", "There is no picture.");
    video.contentHint = "detail";
    return { video, audio: stream.getAudioTracks()[0] };
  } catch (error) {
    throw error instanceof CallError ? error : deviceError("screen", error);
  }
}

async function open(what: "camera" | "microphone", get: () => Promise<MediaStream>): Promise<MediaStreamTrack> {
  try {
    const [track] = (await get()).getTracks();
    if (!track) throw new CallError("no_device", `There is no ${what}.`);
    return track;
  } catch (error) {
    throw error instanceof CallError ? error : deviceError(what, error);
  }
}

function chosen(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

/** Pages without HTTPS have none. */
function mediaDevices(): MediaDevices {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new CallError("unsupported_browser", "Cameras and microphones need HTTPS, or localhost.");
  return devices;
}
