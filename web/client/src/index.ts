/** Hubbub's browser SDK: join a call, publish tracks and receive those of the others. Works without a framework. */

export { Call } from "./call.ts";
export type { CallEvents, CallOptions, Features } from "./callOptions.ts";
export { transitions, type CallState, type CallStateEvent, type EndReason, type ReconnectCause, type Transition } from "./callState.ts";
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
export { LocalParticipant } from "./localParticipant.ts";
export { Participant, RemoteParticipant, type ParticipantEvents, type Quality } from "./participant.ts";
export type { ConsumerLayers, InboundStats, OutboundStats, PreferredLayers, TransportStats } from "./generated/messages.ts";
export { Publication, type Kind, type PublicationEvents, type Source, type SubscribeMode } from "./publication.ts";
export type { CallStats, Report, ServerStats, StreamStats } from "./stats.ts";
