/** Camera and microphone before there is a call: what was got, and why the rest was not. */

import { CallError } from "../sdk/index.js";
import { deviceError } from "../sdk/errors.js";

export type DeviceSource = "camera" | "microphone";

export interface Captured {
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
  problems: Partial<Record<DeviceSource, CallError>>;
}

export interface PreviewSize {
  width?: number | undefined;
  height?: number | undefined;
}

/** What is asked of a device: the one that is chosen, a picture of this size. */
export function constraints(source: DeviceSource, { width = 1280, height = 720 }: PreviewSize = {}, deviceId?: string): MediaTrackConstraints {
  return {
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    ...(source === "camera" ? { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } } : {}),
  };
}

export type Wanted = Partial<Record<DeviceSource, MediaTrackConstraints>>;

/**
 * Asks for everything at once, so that the browser asks once; then for each alone: a call with only a microphone, or
 * with neither, is still a call. Never rejects.
 */
export async function capture(wanted: Wanted): Promise<Captured> {
  const sources = (["camera", "microphone"] as const).filter((source) => wanted[source]);
  if (sources.length === 0) return { problems: {} };
  // Browsers hide the devices from pages that came over plain HTTP.
  if (!navigator.mediaDevices) {
    const error = new CallError("unsupported_browser", "Cameras and microphones need HTTPS, or localhost.");
    return { problems: Object.fromEntries(sources.map((source) => [source, error])) };
  }
  try {
    return { ...(await open(wanted)), problems: {} };
  } catch (error) {
    const [only] = sources;
    if (sources.length === 1 && only) return { problems: { [only]: deviceError(only, error) } };
  }
  const alone: Captured[] = [];
  for (const source of sources) alone.push(await capture({ [source]: wanted[source] }));
  return alone.reduce((all, one) => ({ ...all, ...one, problems: { ...all.problems, ...one.problems } }));
}

async function open(wanted: Wanted): Promise<Pick<Captured, DeviceSource>> {
  const stream = await navigator.mediaDevices.getUserMedia({
    ...(wanted.camera ? { video: wanted.camera } : {}),
    ...(wanted.microphone ? { audio: wanted.microphone } : {}),
  });
  const [camera] = stream.getVideoTracks();
  const [microphone] = stream.getAudioTracks();
  return { ...(camera ? { camera } : {}), ...(microphone ? { microphone } : {}) };
}
