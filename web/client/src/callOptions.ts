/** The options and events of a {@link Call}. */

import type { Device } from "mediasoup-client";

import type { CallState, EndReason, ReconnectCause } from "./callState.ts";
import type { Connection, TokenSource } from "./connection.ts";
import type { CameraOptions } from "./devices.ts";
import type { VideoCodec } from "./encodings.ts";
import type { CallError } from "./errors.ts";
import type { Participant, RemoteParticipant } from "./participant.ts";
import type { Publication, SubscribeMode } from "./publication.ts";

export interface CallOptions {
  /** Origin of the Hubbub server, such as `https://calls.example`; the page's own origin when absent. */
  url?: string;
  /** Path of the Hubbub server on its origin, such as `/call`, if a proxy serves it below a path; the root when absent. */
  path?: string;
  /** Returns an access token of the user, for a server that needs one. Called whenever a new one is needed. */
  token?: TokenSource;
  /** A connection to share with {@link Calls}, in place of `url`, `path` and `token`; one of its own when absent. */
  connection?: Connection;
  /** Name of the room: everybody who joins the same room is in the same call. */
  room: string;
  /** Display name, visible to the others. */
  name: string;
  /** The application's id of the user; random when absent. */
  userId?: string;
  /** Data of the application, visible to the others. */
  appData?: object;
  /** Whether to send the camera in several resolutions; true when absent. */
  simulcast?: boolean;
  /** The tracks to receive; `all` when absent. */
  subscribe?: SubscribeMode;
  /** Video codec to send; the first that browser and server support when absent. */
  codec?: VideoCodec;
  /** `relay` sends and receives media only through a TURN server; `all` when absent. */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /**
   * Whether to prepare transports on a second media node, which takes over when the first one dies; true when absent. Nothing is sent over
   * them until then. Not over a TURN server, unless it is `relay`.
   */
  standby?: boolean | "relay";
  /** Default camera options. */
  camera?: CameraOptions;
  /** Whether to create the room if it does not exist; true when absent. */
  createRoom?: boolean;
  /** Where this client is, as the operator names its regions, such as `eu-west`; the server's own region when absent. */
  region?: string;
  /** Whether this client only watches: the others are told how many do, not who, and it cannot publish; false when absent. */
  audience?: boolean;
  /** A device of mediasoup-client, to override its detection of the browser. */
  device?: Device;
}

export interface CallEvents {
  state(state: CallState, previous: CallState): void;
  reconnecting(cause: ReconnectCause): void;
  reconnected(): void;
  ended(reason: EndReason, error?: CallError): void;
  participantJoined(participant: RemoteParticipant): void;
  /** `reason` is the server's, such as `left` or `disconnected`. */
  participantLeft(participant: RemoteParticipant, reason: string): void;
  published(participant: Participant, publication: Publication): void;
  unpublished(participant: Participant, publication: Publication): void;
  /** A property of the participant or of one of its publications changed. */
  changed(participant: Participant): void;
  activeSpeaker(participant?: Participant): void;
  /** The participants who speak, loudest first, and their levels: 0, silence, to 1. At most every 300 ms. */
  audioLevels(levels: ReadonlyMap<Participant, number>): void;
  /** The application's server tells everybody in the room something. */
  announcement(data: Readonly<Record<string, unknown>>): void;
  /** As many only watch now. */
  audience(count: number): void;
  /** A background operation failed, such as receiving a track. */
  error(error: CallError): void;
}

/** Features of the current version of the protocol. */
export interface Features {
  /** The application may limit the layers of a video: `publication.setPreferredLayers`. */
  layers: boolean;
  /** The server detects the active speaker. */
  activeSpeaker: boolean;
  /** Data channels. */
  data: boolean;
}
