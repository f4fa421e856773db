/** Cameras, microphones, loudspeakers and screens: lists them and opens them. */

import { CallError, deviceError } from "./errors.ts";

/** The devices of this browser, by kind. */
export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

export interface CameraOptions {
  /** A `deviceId` from {@link listDevices}; the browser's default camera when absent. */
  deviceId?: string | undefined;
  /** Ideal width in pixels; 1280 when absent. */
  width?: number | undefined;
  /** Ideal height in pixels; 720 when absent. */
  height?: number | undefined;
  /** Ideal frames per second; 30 when absent. */
  frameRate?: number | undefined;
}

export interface MicrophoneOptions {
  /** A `deviceId` from {@link listDevices}; the browser's default microphone when absent. */
  deviceId?: string | undefined;
}

export type DeviceSource = "camera" | "microphone";

/** The devices to open. A device that is absent is not opened. */
export interface DeviceRequest {
  camera?: CameraOptions;
  microphone?: MicrophoneOptions;
}

/** The result of {@link openDevices}: for each requested device either its track or the reason why there is none. */
export interface OpenedDevices {
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
  problems: Partial<Record<DeviceSource, CallError>>;
}

/**
 * Lists the devices. Labels and ids are empty until the user has granted access to a device; devices without an id are left out.
 *
 * @throws CallError `unsupported_browser` on pages without HTTPS.
 */
export async function listDevices(): Promise<Devices> {
  const all = (await mediaDevices().enumerateDevices()).filter((device) => device.deviceId !== "");
  const ofKind = (kind: MediaDeviceKind) => all.filter((device) => device.kind === kind);
  return { cameras: ofKind("videoinput"), microphones: ofKind("audioinput"), speakers: ofKind("audiooutput") };
}

/** Calls `listener` when a device is plugged in or removed. Returns a function that removes the listener. */
export function onDevicesChange(listener: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", listener);
  return () => devices?.removeEventListener("devicechange", listener);
}

/**
 * Opens camera and microphone with a single permission prompt. If that fails, opens each device on its own, so that a
 * missing camera does not cost the microphone. Never rejects: see `problems` of the result for devices that did not open.
 */
export async function openDevices(request: DeviceRequest): Promise<OpenedDevices> {
  const sources = (["camera", "microphone"] as const).filter((source) => request[source]);
  const [source] = sources;
  if (!source) return { problems: {} };
  try {
    return { ...(await open(request)), problems: {} };
  } catch (error) {
    if (sources.length === 1) return { problems: { [source]: error instanceof CallError ? error : deviceError(source, error) } };
  }
  const { microphone, camera } = request;
  const video = await openDevices(camera ? { camera } : {});
  const audio = await openDevices(microphone ? { microphone } : {});
  return { ...video, ...audio, problems: { ...video.problems, ...audio.problems } };
}

/**
 * Opens a camera.
 *
 * @throws CallError `camera_refused`, `no_device`, `device_in_use`, `unsupported_browser`.
 */
export async function openCamera(options: CameraOptions = {}): Promise<MediaStreamTrack> {
  return openOne("camera", { camera: options });
}

/**
 * Opens a microphone with echo cancellation, noise suppression and automatic gain control.
 *
 * @throws CallError `microphone_refused`, `no_device`, `device_in_use`, `unsupported_browser`.
 */
export async function openMicrophone(options: MicrophoneOptions = {}): Promise<MediaStreamTrack> {
  return openOne("microphone", { microphone: options });
}

/**
 * Asks the user for a screen, a window or a tab. `audio` is its sound, in browsers that capture it.
 *
 * @throws CallError `screen_refused`, `unsupported_browser`.
 */
export async function openScreen(): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | undefined }> {
  try {
    const stream = await mediaDevices().getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
    const [video] = stream.getVideoTracks();
    if (!video) throw new CallError("screen_refused", "The screen capture has no video track.");
    video.contentHint = "detail";
    return { video, audio: stream.getAudioTracks()[0] };
  } catch (error) {
    throw error instanceof CallError ? error : deviceError("screen", error);
  }
}

async function openOne(source: DeviceSource, request: DeviceRequest): Promise<MediaStreamTrack> {
  const { [source]: track, problems } = await openDevices(request);
  if (track) return track;
  throw problems[source] ?? new CallError("no_device", `The browser returned no ${source} track.`);
}

async function open({ camera, microphone }: DeviceRequest): Promise<Pick<OpenedDevices, DeviceSource>> {
  const stream = await mediaDevices().getUserMedia({
    ...(camera ? { video: videoConstraints(camera) } : {}),
    ...(microphone ? { audio: audioConstraints(microphone) } : {}),
  });
  const [video] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  return { ...(video ? { camera: video } : {}), ...(audio ? { microphone: audio } : {}) };
}

function videoConstraints({ deviceId, width = 1280, height = 720, frameRate = 30 }: CameraOptions): MediaTrackConstraints {
  return { ...exactly(deviceId), width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate } };
}

function audioConstraints({ deviceId }: MicrophoneOptions): MediaTrackConstraints {
  return { ...exactly(deviceId), echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

function exactly(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

/** `navigator.mediaDevices` is undefined on pages without HTTPS. */
function mediaDevices(): MediaDevices {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new CallError("unsupported_browser", "Cameras and microphones need HTTPS or localhost.");
  return devices;
}
