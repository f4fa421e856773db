/** Hubbub's browser SDK: join a call, publish tracks and receive those of the others. Works without a framework. */

export { Call } from "./call.ts";
export { Captions, type CaptionLine, type CaptionsEvents } from "./captions.ts";
export type { CallEvents, CallOptions, Features } from "./callOptions.ts";
export { Calls } from "./calls.ts";
export type { HistoryQuery } from "./callsApi.ts";
export type { CallsEvents, CallsOptions, StartCall } from "./callsOptions.ts";
export {
  callsTransitions,
  liveCallTransitions,
  type CallsState,
  type CallsStateEvent,
  type LiveCall,
  type LiveCallEnd,
  type LiveCallEvent,
  type LiveCallState,
  type Row,
} from "./callsState.ts";
export { transitions, type CallState, type CallStateEvent, type EndReason, type ReconnectCause, type Transition } from "./callState.ts";
export { Connection, type Taken, type TokenSource } from "./connection.ts";
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
export { GroupCall, type GroupCallEvents } from "./groupCall.ts";
export { LocalParticipant } from "./localParticipant.ts";
export { Moderation, type ModerationEvents } from "./moderation.ts";
export { Participant, RemoteParticipant, type ParticipantEvents, type Quality, type Role } from "./participant.ts";
export type {
  CallInfo,
  CallList,
  CallParticipant,
  CallPushes,
  CallRequests,
  ComposeRecordingBody,
  Composition,
  ConsumerLayers,
  InboundStats,
  JoinedCall,
  LobbyPeer,
  Manifest,
  OutboundStats,
  PreferredLayers,
  RecordedTrack,
  RecordingInfo,
  RecordingPage,
  RoomParticipants,
  RunningRecording,
  Transcript,
  TranscriptLine,
  TransportStats,
  UserPresence,
} from "./generated/messages.ts";
export { Publication, type Kind, type PublicationEvents, type Source, type SubscribeMode } from "./publication.ts";
export { Recordings, type RecordingsEvents } from "./recordings.ts";
export { RecordingsApi, type RecordingsQuery } from "./recordingsApi.ts";
export type { CallStats, Report, ServerStats, StreamStats } from "./stats.ts";
