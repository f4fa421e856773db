/** Calls in a browser, without a framework. */

export { Call, type CallEvents, type CallOptions, type Features } from "./call.ts";
export {
  listDevices,
  onDevicesChange,
  openCamera,
  openDevices,
  openMicrophone,
  type CameraOptions,
  type DeviceRequest,
  type Devices,
  type DeviceSource,
  type MicrophoneOptions,
  type OpenedDevices,
} from "./devices.ts";
export type { VideoCodec } from "./encodings.ts";
export { CallError, type LocalCode } from "./errors.ts";
export { LocalParticipant } from "./local.ts";
export { Participant, RemoteParticipant, type ParticipantEvents, type Quality } from "./participant.ts";
export { Publication, type Kind, type Source, type Subscribing } from "./publication.ts";
export { transitions, type CallState, type EndReason, type ReconnectCause, type Step, type Transition } from "./state.ts";
export type { CallStats, Report, StreamStats } from "./stats.ts";
