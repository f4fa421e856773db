/** Calls in a browser, without a framework. */

export { Call, type CallEvents, type CallOptions, type Features } from "./call.js";
export { listDevices, onDevicesChange, openCamera, openMicrophone, type CameraOptions, type Devices, type MicrophoneOptions } from "./devices.js";
export type { VideoCodec } from "./encodings.js";
export { CallError, type LocalCode } from "./errors.js";
export { LocalParticipant } from "./local.js";
export { Participant, RemoteParticipant, type ParticipantEvents, type Quality } from "./participant.js";
export { Publication, type Kind, type Source, type Subscribing } from "./publication.js";
export { transitions, type CallState, type EndReason, type ReconnectCause, type Step, type Transition } from "./state.js";
export type { CallStats, Report, StreamStats } from "./stats.js";
