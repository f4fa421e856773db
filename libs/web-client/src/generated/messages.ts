// Written by tools/generate-messages.mjs from the contracts' schema; `npm run check` fails when it is stale.

/**
 * Receives the track no longer.
 */
export interface CloseConsumer {
  consumerId: string;
  operationId?: string;
}
/**
 * Ends a track; others get `producerClosed`.
 */
export interface CloseProducer {
  operationId?: string;
  producerId: string;
}
/**
 * Closes a transport with its producers and consumers.
 */
export interface CloseTransport {
  operationId?: string;
  transportId: string;
}
/**
 * Hands over the client's DTLS parameters; acknowledged before DTLS ends.
 */
export interface ConnectTransport {
  dtlsParameters: DtlsParameters;
  operationId?: string;
  transportId: string;
}
/**
 * One side's DTLS role and certificates.
 */
export interface DtlsParameters {
  /**
   * @minItems 1
   * @maxItems 8
   */
  fingerprints: Fingerprint[];
  role?: "auto" | "client" | "server";
}
/**
 * The digest of a certificate (RFC 8122): `value` is hex pairs with colons.
 */
export interface Fingerprint {
  algorithm: string;
  value: string;
}
/**
 * Receives a track, paused at first.
 */
export interface Consume {
  operationId?: string;
  producerId: string;
  rtpCapabilities?: {
    [k: string]: unknown;
  };
  transportId: string;
}
/**
 * What `transport.consume()` takes, and more. The consumer is paused.
 */
export interface Consumed {
  appData: {
    [k: string]: unknown;
  };
  id: string;
  kind: "audio" | "video";
  producerId: string;
  producerPaused: boolean;
  rtpParameters: {
    [k: string]: unknown;
  };
  type: "simple" | "simulcast" | "svc";
}
/**
 * A consumer of this client is gone, without its having asked.
 */
export interface ConsumerClosed {
  consumerId: string;
  producerId: string;
  reason: string;
}
/**
 * Makes the room, or returns the one there is.
 */
export interface CreateRoom {
  callId: string;
  operationId?: string;
}
/**
 * Makes a transport for sending or for receiving.
 */
export interface CreateTransport {
  direction: "send" | "recv";
  operationId?: string;
  sctpCapabilities?: {
    [k: string]: unknown;
  };
}
/**
 * A reply that says no more than that it was done.
 */
export interface Done {}
/**
 * What stands under `error` in an answer.
 */
export interface ErrorBody {
  code: string;
  message: string;
  retryable?: boolean;
}
/**
 * An answer that is an error.
 */
export interface ErrorReply {
  error: ErrorBody;
}
/**
 * Asks for them.
 */
export interface GetProducers {}
/**
 * One address of ours. `ip` and `address` are the same: older clients read the one, newer ones the other.
 */
export interface IceCandidate {
  address: string;
  foundation: string;
  ip: string;
  port: number;
  priority: number;
  protocol: "udp" | "tcp";
  tcpType?: "passive";
  type?: "host";
}
/**
 * Our ICE credentials (RFC 8445 section 5.3).
 */
export interface IceParameters {
  iceLite?: boolean;
  password: string;
  usernameFragment: string;
}
/**
 * What `transport.restartIce()` takes.
 */
export interface IceRestarted {
  iceParameters: IceParameters;
  iceServers: IceServer[];
}
/**
 * A STUN or TURN server, as RTCPeerConnection takes it.
 */
export interface IceServer {
  credential?: string;
  urls: string[];
  username?: string;
}
/**
 * Enters the room; others get `peerJoined`. With `resumable` a lost socket may be resumed for a while.
 */
export interface JoinRoom {
  appData?: {
    [k: string]: unknown;
  };
  callId: string;
  displayName?: string;
  operationId?: string;
  resumable?: boolean;
  rtpCapabilities: {
    [k: string]: unknown;
  };
  sctpCapabilities?: {
    [k: string]: unknown;
  };
  userId: string;
}
/**
 * Closes everything of the peer; others get `peerLeft`.
 */
export interface LeaveRoom {
  operationId?: string;
}
/**
 * Another peer's producer.
 */
export interface ListedProducer {
  appData: {
    [k: string]: unknown;
  };
  kind: "audio" | "video";
  paused: boolean;
  peerId: string;
  producerId: string;
  userId: string;
}
/**
 * Somebody sends a track.
 */
export interface NewProducer {
  appData: {
    [k: string]: unknown;
  };
  kind: "audio" | "video";
  paused: boolean;
  peerId: string;
  producerId: string;
  revision: number;
  userId: string;
}
/**
 * Media stops.
 */
export interface PauseConsumer {
  consumerId: string;
  operationId?: string;
}
/**
 * Mutes a track; others get `producerPaused`.
 */
export interface PauseProducer {
  operationId?: string;
  producerId: string;
}
/**
 * Another peer in the room.
 */
export interface PeerInfo {
  appData: {
    [k: string]: unknown;
  };
  displayName: string;
  peerId: string;
  producers: ProducerInfo[];
  userId: string;
}
/**
 * A producer in a peer's list.
 */
export interface ProducerInfo {
  appData: {
    [k: string]: unknown;
  };
  kind: "audio" | "video";
  paused: boolean;
  producerId: string;
}
/**
 * Somebody came.
 */
export interface PeerJoined {
  appData: {
    [k: string]: unknown;
  };
  displayName: string;
  peerId: string;
  revision: number;
  userId: string;
}
/**
 * Somebody went.
 */
export interface PeerLeft {
  peerId: string;
  reason: "left" | "disconnected" | "signaling_lost" | "room_closed" | "removed";
  revision: number;
  userId: string;
}
/**
 * This client's media has another home: it makes new transports now, and produces and consumes again.
 */
export interface PeerMoved {
  deadline: number;
  makeBeforeBreak: boolean;
  nodeId: string;
}
/**
 * Sends a track; others get `newProducer`.
 */
export interface Produce {
  appData?: {
    [k: string]: unknown;
  };
  kind: "audio" | "video";
  operationId?: string;
  paused?: boolean;
  rtpParameters: {
    [k: string]: unknown;
  };
  transportId: string;
}
/**
 * The producer's id.
 */
export interface Produced {
  id: string;
}
/**
 * A track ended; this client's own, too, when its end was not asked for.
 */
export interface ProducerClosed {
  peerId: string;
  producerId: string;
  reason?: string;
  revision: number;
}
/**
 * Somebody muted a track.
 */
export interface ProducerPaused {
  peerId: string;
  producerId: string;
  revision: number;
}
/**
 * Somebody unmuted a track.
 */
export interface ProducerResumed {
  peerId: string;
  producerId: string;
  revision: number;
}
/**
 * All producers of the room but one's own.
 */
export interface Producers {
  producers: ListedProducer[];
}
/**
 * New ICE credentials after a change of network.
 */
export interface RestartIce {
  operationId?: string;
  transportId: string;
}
/**
 * Takes a session over on a new socket, on any instance.
 */
export interface Resume {
  lastRevision?: number;
  resumeToken: string;
  rtpCapabilities?: {
    [k: string]: unknown;
  };
}
/**
 * Media flows, video beginning with a key frame.
 */
export interface ResumeConsumer {
  consumerId: string;
  operationId?: string;
}
/**
 * Unmutes a track; others get `producerResumed`.
 */
export interface ResumeProducer {
  operationId?: string;
  producerId: string;
}
/**
 * One of the peer's consumers that lives on.
 */
export interface ResumedConsumer {
  consumerId: string;
  paused: boolean;
  producerId: string;
}
/**
 * One of the peer's transports that lives on.
 */
export interface ResumedTransport {
  direction: "send" | "recv";
  transportId: string;
}
/**
 * The room is gone.
 */
export interface RoomClosed {
  reason: "closed" | "lost";
}
/**
 * Who is in the room; later events have a higher revision.
 */
export interface RoomJoined {
  iceServers: IceServer[];
  peerId: string;
  peers: PeerInfo[];
  resumeToken?: string;
  revision: number;
}
/**
 * There is a room; `rtpCapabilities` is what `Device.load({routerRtpCapabilities})` takes.
 */
export interface RoomReady {
  callId: string;
  rtpCapabilities: {
    [k: string]: unknown;
  };
}
/**
 * What the SCTP association can carry; the several names of one figure are for several versions of clients.
 */
export interface SctpParameters {
  MIS: number;
  OS: number;
  maxMessageSize: number;
  maxReceiveMessageSize: number;
  maxSendMessageSize: number;
  port: number;
}
/**
 * What is true now. What the client holds and is not listed here is gone.
 */
export interface SessionResumed {
  consumers: ResumedConsumer[];
  iceServers: IceServer[];
  peerId: string;
  peers: PeerInfo[];
  producers: ProducerInfo[];
  resumeToken: string;
  revision: number;
  transports: ResumedTransport[];
}
/**
 * A transport of this client is gone.
 */
export interface TransportClosed {
  reason: string;
  transportId: string;
}
/**
 * What `device.createSendTransport()` and `device.createRecvTransport()` take.
 */
export interface TransportReady {
  dtlsParameters: DtlsParameters;
  iceCandidates: IceCandidate[];
  iceParameters: IceParameters;
  iceServers: IceServer[];
  iceTransportPolicy?: "all" | "relay";
  id: string;
  sctpParameters: SctpParameters;
}

/** What each event is asked with, and what it is answered. */
export interface Calls {
  closeConsumer: [CloseConsumer, Done];
  closeProducer: [CloseProducer, Done];
  closeTransport: [CloseTransport, Done];
  connectTransport: [ConnectTransport, Done];
  consume: [Consume, Consumed];
  createRoom: [CreateRoom, RoomReady];
  createTransport: [CreateTransport, TransportReady];
  getProducers: [GetProducers, Producers];
  joinRoom: [JoinRoom, RoomJoined];
  leaveRoom: [LeaveRoom, Done];
  pauseConsumer: [PauseConsumer, Done];
  pauseProducer: [PauseProducer, Done];
  produce: [Produce, Produced];
  restartIce: [RestartIce, IceRestarted];
  resume: [Resume, SessionResumed];
  resumeConsumer: [ResumeConsumer, Done];
  resumeProducer: [ResumeProducer, Done];
}

/** What the server sends unasked. */
export interface Pushes {
  consumerClosed: ConsumerClosed;
  newProducer: NewProducer;
  peerJoined: PeerJoined;
  peerLeft: PeerLeft;
  peerMoved: PeerMoved;
  producerClosed: ProducerClosed;
  producerPaused: ProducerPaused;
  producerResumed: ProducerResumed;
  roomClosed: RoomClosed;
  transportClosed: TransportClosed;
}
