// Written by tools/generate-messages.mjs from the contracts' schema; `npm run check` fails when it is stale.

/**
 * Closes a consumer.
 */
export interface CloseConsumer {
  /**
   * The client's consumer to close.
   */
  consumerId: string;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
}
/**
 * Closes a producer. The other peers receive `producerClosed`.
 */
export interface CloseProducer {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The client's producer to close.
   */
  producerId: string;
}
/**
 * Closes a transport with its producers and consumers.
 */
export interface CloseTransport {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The transport to close.
   */
  transportId: string;
}
/**
 * Sets the client's DTLS parameters, once per transport. The acknowledgement precedes the DTLS handshake.
 */
export interface ConnectTransport {
  dtlsParameters: DtlsParameters;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The transport to connect.
   */
  transportId: string;
}
/**
 * The client's DTLS role and certificate fingerprints, from the transport's `connect` event.
 */
export interface DtlsParameters {
  /**
   * The fingerprints of its certificate, one for each hash function.
   *
   * @minItems 1
   * @maxItems 8
   */
  fingerprints: Fingerprint[];
  /**
   * The side's DTLS role. `auto` of the server means that the client chooses.
   */
  role?: "auto" | "client" | "server";
}
/**
 * The fingerprint of a DTLS certificate (RFC 8122).
 */
export interface Fingerprint {
  /**
   * The hash function, such as `sha-256`.
   */
  algorithm: string;
  /**
   * The digest as hex pairs separated by colons.
   */
  value: string;
}
/**
 * Creates a consumer: the client receives another peer's track. It starts paused.
 */
export interface Consume {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The producer to receive.
   */
  producerId: string;
  /**
   * `device.rtpCapabilities`, at most 64 KiB of JSON; those of `joinRoom` by default.
   */
  rtpCapabilities?: {
    [k: string]: unknown;
  };
  /**
   * The client's receive transport.
   */
  transportId: string;
}
/**
 * The created consumer, paused, with the options for `transport.consume()`.
 */
export interface Consumed {
  /**
   * The `appData` of the producer.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The consumer's id.
   */
  id: string;
  /**
   * The kind of the track.
   */
  kind: "audio" | "video";
  /**
   * The producer that it receives.
   */
  producerId: string;
  /**
   * Whether the producer is paused.
   */
  producerPaused: boolean;
  /**
   * What the server sends.
   */
  rtpParameters: {
    [k: string]: unknown;
  };
  /**
   * Whether the server forwards one stream, one of several simulcast streams, or layers of an SVC stream.
   */
  type: "simple" | "simulcast" | "svc";
}
/**
 * The server closed a consumer of this client.
 */
export interface ConsumerClosed {
  /**
   * The closed consumer.
   */
  consumerId: string;
  /**
   * The producer that it received.
   */
  producerId: string;
  /**
   * `producer_closed` when the producer ended, `transport_closed` when the transport failed. More reasons may follow.
   */
  reason: string;
}
/**
 * Creates a room, or returns the existing one.
 */
export interface CreateRoom {
  /**
   * The room's id, chosen by the application.
   */
  callId: string;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
}
/**
 * Creates a WebRTC transport that either sends or receives.
 */
export interface CreateTransport {
  /**
   * `send` carries the client's producers, `recv` its consumers.
   */
  direction: "send" | "recv";
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * `device.sctpCapabilities`. Accepted for compatibility; the acknowledgement does not depend on it.
   */
  sctpCapabilities?: {
    [k: string]: unknown;
  };
}
/**
 * An empty reply: the request succeeded.
 */
export interface Done {}
/**
 * The DTLS parameters of one side.
 */
export interface DtlsParameters1 {
  /**
   * The fingerprints of its certificate, one for each hash function.
   *
   * @minItems 1
   * @maxItems 8
   */
  fingerprints: Fingerprint[];
  /**
   * The side's DTLS role. `auto` of the server means that the client chooses.
   */
  role?: "auto" | "client" | "server";
}
/**
 * The value of `error` in an error reply.
 */
export interface ErrorBody {
  /**
   * One of the codes in the table of errors.
   */
  code: string;
  /**
   * An explanation for the developer, in English. Its text may change.
   */
  message: string;
  /**
   * Whether the same request may succeed when it is sent again after a pause.
   */
  retryable?: boolean;
}
/**
 * An acknowledgement or reply that reports an error.
 */
export interface ErrorReply {
  error: ErrorBody1;
}
/**
 * The error.
 */
export interface ErrorBody1 {
  /**
   * One of the codes in the table of errors.
   */
  code: string;
  /**
   * An explanation for the developer, in English. Its text may change.
   */
  message: string;
  /**
   * Whether the same request may succeed when it is sent again after a pause.
   */
  retryable?: boolean;
}
/**
 * Lists the producers of the other peers.
 */
export interface GetProducers {}
/**
 * An address of the server.
 */
export interface IceCandidate {
  /**
   * The same IP address. Newer versions of mediasoup-client read this field.
   */
  address: string;
  /**
   * The candidate's foundation (RFC 8445, section 5.1.1.3).
   */
  foundation: string;
  /**
   * The IP address. Older versions of mediasoup-client read this field.
   */
  ip: string;
  /**
   * The port number, 1 to 65535.
   */
  port: number;
  /**
   * The candidate's priority, 1 to 2147483647 (RFC 8445, section 5.1.2).
   */
  priority: number;
  /**
   * The transport protocol.
   */
  protocol: "udp" | "tcp";
  /**
   * Of `tcp` only: the client opens the connection (RFC 6544, section 4.5).
   */
  tcpType?: "passive";
  /**
   * The candidate type.
   */
  type?: "host";
}
/**
 * The server's ICE credentials (RFC 8445, section 5.3).
 */
export interface IceParameters {
  /**
   * The server is an ICE lite agent: the client is controlling and sends the checks.
   */
  iceLite?: boolean;
  /**
   * The ICE password.
   */
  password: string;
  /**
   * The ICE username fragment.
   */
  usernameFragment: string;
}
/**
 * The arguments for `transport.updateIceServers()` and `transport.restartIce()`.
 */
export interface IceRestarted {
  iceParameters: IceParameters1;
  /**
   * STUN and TURN servers with new TURN credentials; may be empty.
   */
  iceServers: IceServer[];
}
/**
 * The server's new ICE credentials.
 */
export interface IceParameters1 {
  /**
   * The server is an ICE lite agent: the client is controlling and sends the checks.
   */
  iceLite?: boolean;
  /**
   * The ICE password.
   */
  password: string;
  /**
   * The ICE username fragment.
   */
  usernameFragment: string;
}
/**
 * A STUN or TURN server, in the form of RTCIceServer.
 */
export interface IceServer {
  /**
   * Of TURN only: the password for `username`. Generated credentials expire after `TURN_TTL` seconds.
   */
  credential?: string;
  /**
   * URIs such as `stun:host:3478` or `turn:host:3478?transport=tcp` (RFC 7064, RFC 7065).
   */
  urls: string[];
  /**
   * Of TURN only: the user name.
   */
  username?: string;
}
/**
 * Joins a room. The other peers receive `peerJoined`.
 */
export interface JoinRoom {
  /**
   * The application's data for the other peers, at most 8 KiB of JSON; `{}` by default.
   */
  appData?: {
    [k: string]: unknown;
  };
  /**
   * The room's id.
   */
  callId: string;
  /**
   * The name that the other peers show; `userId` by default.
   */
  displayName?: string;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * Whether the session outlives its socket for `RECONNECT_GRACE` (30 s by default), so that `resume` can take it over. Otherwise the peer leaves when the socket closes.
   */
  resumable?: boolean;
  /**
   * `device.rtpCapabilities`, at most 64 KiB of JSON.
   */
  rtpCapabilities: {
    [k: string]: unknown;
  };
  /**
   * `device.sctpCapabilities`. Accepted for compatibility; not used.
   */
  sctpCapabilities?: {
    [k: string]: unknown;
  };
  /**
   * The application's id of the user.
   */
  userId: string;
}
/**
 * Leaves the room and closes the peer's transports. The other peers receive `peerLeft`.
 */
export interface LeaveRoom {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
}
/**
 * Another peer's producer.
 */
export interface ListedProducer {
  /**
   * The `appData` of its `produce`.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The kind of its track.
   */
  kind: "audio" | "video";
  /**
   * Whether it is paused.
   */
  paused: boolean;
  /**
   * The peer that sends it.
   */
  peerId: string;
  /**
   * The producer's id, which `consume` takes.
   */
  producerId: string;
  /**
   * That peer's `userId`.
   */
  userId: string;
}
/**
 * Another peer sends a new track.
 */
export interface NewProducer {
  /**
   * The `appData` of its `produce`.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The kind of its track.
   */
  kind: "audio" | "video";
  /**
   * Whether it starts paused.
   */
  paused: boolean;
  /**
   * The peer that sends it.
   */
  peerId: string;
  /**
   * The producer's id, which `consume` takes.
   */
  producerId: string;
  /**
   * The room's revision that includes this change.
   */
  revision: number;
  /**
   * That peer's `userId`.
   */
  userId: string;
}
/**
 * Pauses a consumer: the server stops sending.
 */
export interface PauseConsumer {
  /**
   * The client's consumer to pause.
   */
  consumerId: string;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
}
/**
 * Pauses a producer: the server forwards nothing of it. The other peers receive `producerPaused`.
 */
export interface PauseProducer {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The client's producer to pause.
   */
  producerId: string;
}
/**
 * Another peer in the room.
 */
export interface PeerInfo {
  /**
   * The `appData` of its `joinRoom`.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The name to show.
   */
  displayName: string;
  /**
   * The peer's id, unique in the room.
   */
  peerId: string;
  /**
   * What the peer sends.
   */
  producers: ProducerInfo[];
  /**
   * The `userId` of its `joinRoom`. Several peers may have the same one.
   */
  userId: string;
}
/**
 * A producer of a peer.
 */
export interface ProducerInfo {
  /**
   * The `appData` of its `produce`.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The kind of its track.
   */
  kind: "audio" | "video";
  /**
   * Whether it is paused.
   */
  paused: boolean;
  /**
   * The producer's id, which `consume` takes.
   */
  producerId: string;
}
/**
 * Another peer joined.
 */
export interface PeerJoined {
  /**
   * The `appData` of its `joinRoom`.
   */
  appData: {
    [k: string]: unknown;
  };
  /**
   * The name to show.
   */
  displayName: string;
  /**
   * The peer's id.
   */
  peerId: string;
  /**
   * The room's revision that includes this change.
   */
  revision: number;
  /**
   * The `userId` of its `joinRoom`.
   */
  userId: string;
}
/**
 * Another peer left.
 */
export interface PeerLeft {
  /**
   * The peer's id.
   */
  peerId: string;
  /**
   * `left`: it sent `leaveRoom`. `disconnected`: its socket closed and was not resumed in time. `signaling_lost`: its signaling instance failed and the session was not resumed in time. `room_closed`: the room was closed. `removed`: the registry removed it, for example because the room was full.
   */
  reason: "left" | "disconnected" | "signaling_lost" | "room_closed" | "removed";
  /**
   * The room's revision that includes this change.
   */
  revision: number;
  /**
   * The `userId` of its `joinRoom`.
   */
  userId: string;
}
/**
 * The room's media moved to another node. The client creates new transports, produces and consumes again.
 */
export interface PeerMoved {
  /**
   * Until when the old transports carry media, in Unix milliseconds; not in the future when they are gone already.
   */
  deadline: number;
  /**
   * Whether the old transports still carry media until `deadline`. Always false at present.
   */
  makeBeforeBreak: boolean;
  /**
   * The name of the new media node.
   */
  nodeId: string;
}
/**
 * Creates a producer: the client sends a track. The other peers receive `newProducer`.
 */
export interface Produce {
  /**
   * The application's data for the other peers, at most 8 KiB of JSON; `{}` by default.
   */
  appData?: {
    [k: string]: unknown;
  };
  /**
   * The kind of the track.
   */
  kind: "audio" | "video";
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * Whether the producer starts paused.
   */
  paused?: boolean;
  /**
   * What the client sends, from the transport's `produce` event; at most 64 KiB of JSON.
   */
  rtpParameters: {
    [k: string]: unknown;
  };
  /**
   * The client's send transport.
   */
  transportId: string;
}
/**
 * The created producer.
 */
export interface Produced {
  /**
   * The producer's id.
   */
  id: string;
}
/**
 * A producer of another peer ended, or the server closed one of the client's own.
 */
export interface ProducerClosed {
  /**
   * The peer that sent it; the client's own `peerId` when the server closed the client's producer.
   */
  peerId: string;
  /**
   * The closed producer.
   */
  producerId: string;
  /**
   * Why the server closed the client's own producer, such as `transport_closed`; absent for others' producers.
   */
  reason?: string;
  /**
   * The room's revision that includes this change.
   */
  revision: number;
}
/**
 * Another peer paused a producer.
 */
export interface ProducerPaused {
  /**
   * The peer that sends it.
   */
  peerId: string;
  /**
   * The paused producer.
   */
  producerId: string;
  /**
   * The room's revision that includes this change.
   */
  revision: number;
}
/**
 * Another peer resumed a producer.
 */
export interface ProducerResumed {
  /**
   * The peer that sends it.
   */
  peerId: string;
  /**
   * The resumed producer.
   */
  producerId: string;
  /**
   * The room's revision that includes this change.
   */
  revision: number;
}
/**
 * The producers of the other peers.
 */
export interface Producers {
  /**
   * All producers of the room except the client's own.
   */
  producers: ListedProducer[];
}
/**
 * Replaces the ICE credentials of a transport, for example after the client's network changed.
 */
export interface RestartIce {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The transport to restart.
   */
  transportId: string;
}
/**
 * Takes over a session on a new socket, on any signaling instance.
 */
export interface Resume {
  /**
   * The last revision that the client saw. Accepted for compatibility; the answer is always complete.
   */
  lastRevision?: number;
  /**
   * The token from `joinRoom` or the last `resume`.
   */
  resumeToken: string;
  /**
   * `device.rtpCapabilities`, at most 64 KiB of JSON; used when no server still has those of `joinRoom`.
   */
  rtpCapabilities?: {
    [k: string]: unknown;
  };
}
/**
 * Resumes a consumer: the server starts to send. Video starts with a key frame.
 */
export interface ResumeConsumer {
  /**
   * The client's consumer to resume.
   */
  consumerId: string;
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
}
/**
 * Resumes a paused producer. The other peers receive `producerResumed`.
 */
export interface ResumeProducer {
  /**
   * Makes the event idempotent: a repetition with the same id on the same session returns the first result.
   */
  operationId?: string;
  /**
   * The client's producer to resume.
   */
  producerId: string;
}
/**
 * A consumer of the peer that still exists.
 */
export interface ResumedConsumer {
  /**
   * The consumer's id.
   */
  consumerId: string;
  /**
   * Whether it is paused.
   */
  paused: boolean;
  /**
   * The producer that it receives.
   */
  producerId: string;
}
/**
 * A transport of the peer that still exists.
 */
export interface ResumedTransport {
  /**
   * Whether it sends or receives, from the client's point of view.
   */
  direction: "send" | "recv";
  /**
   * The transport's id.
   */
  transportId: string;
}
/**
 * The room no longer exists, and the client is no longer in it.
 */
export interface RoomClosed {
  /**
   * `closed`: the room was closed. `lost`: the registry no longer has the room or this peer.
   */
  reason: "closed" | "lost";
}
/**
 * The room as it was when the peer joined.
 */
export interface RoomJoined {
  /**
   * STUN and TURN servers for the client's ICE agent; may be empty.
   */
  iceServers: IceServer[];
  /**
   * The client's own peer id.
   */
  peerId: string;
  /**
   * The other peers.
   */
  peers: PeerInfo[];
  /**
   * The secret for `resume`; present when the client joined with `resumable`.
   */
  resumeToken?: string;
  /**
   * The room's revision that this list shows. Later events have a higher one.
   */
  revision: number;
}
/**
 * The room exists.
 */
export interface RoomReady {
  /**
   * The room's id, as requested.
   */
  callId: string;
  /**
   * The router's capabilities, for `device.load({routerRtpCapabilities})`.
   */
  rtpCapabilities: {
    [k: string]: unknown;
  };
}
/**
 * The limits of the SCTP association (RFC 8831). Client versions read the message size under different names.
 */
export interface SctpParameters {
  /**
   * The maximum number of incoming SCTP streams, 1 to 65535.
   */
  MIS: number;
  /**
   * The number of outgoing SCTP streams, 1 to 65535.
   */
  OS: number;
  /**
   * The maximum size of a message in bytes.
   */
  maxMessageSize: number;
  /**
   * The maximum size of a message in bytes, from the client to the server.
   */
  maxReceiveMessageSize: number;
  /**
   * The maximum size of a message in bytes, from the server to the client.
   */
  maxSendMessageSize: number;
  /**
   * The SCTP port number, 1 to 65535.
   */
  port: number;
}
/**
 * The present state. Whatever the client has and this does not list no longer exists.
 */
export interface SessionResumed {
  /**
   * The client's consumers that still exist.
   */
  consumers: ResumedConsumer[];
  /**
   * STUN and TURN servers with new TURN credentials; may be empty.
   */
  iceServers: IceServer[];
  /**
   * The client's own peer id.
   */
  peerId: string;
  /**
   * The other peers.
   */
  peers: PeerInfo[];
  /**
   * The client's producers that still exist.
   */
  producers: ProducerInfo[];
  /**
   * The secret for the next `resume`.
   */
  resumeToken: string;
  /**
   * The room's revision that this list shows. Later events have a higher one.
   */
  revision: number;
  /**
   * The client's transports that still exist.
   */
  transports: ResumedTransport[];
}
/**
 * The server closed a transport of this client. The client creates a new one if it still needs it.
 */
export interface TransportClosed {
  /**
   * `ice_timeout`, `handshake_timeout`, `dtls_failed`, `peer_closed`, `unconfirmed`, `node_lost`, `node_draining` or `internal`. More reasons may follow.
   */
  reason: string;
  /**
   * The closed transport.
   */
  transportId: string;
}
/**
 * The options for `device.createSendTransport()` or `device.createRecvTransport()`.
 */
export interface TransportReady {
  dtlsParameters: DtlsParameters2;
  /**
   * The server's addresses. They do not change while the transport exists.
   */
  iceCandidates: IceCandidate[];
  iceParameters: IceParameters2;
  /**
   * STUN and TURN servers for the client's ICE agent; may be empty.
   */
  iceServers: IceServer[];
  /**
   * Which candidates the client may use: `relay` means TURN only. Browsers default to `all`.
   */
  iceTransportPolicy?: "all" | "relay";
  /**
   * The transport's id.
   */
  id: string;
  sctpParameters: SctpParameters1;
}
/**
 * The server's DTLS role and certificate fingerprints.
 */
export interface DtlsParameters2 {
  /**
   * The fingerprints of its certificate, one for each hash function.
   *
   * @minItems 1
   * @maxItems 8
   */
  fingerprints: Fingerprint[];
  /**
   * The side's DTLS role. `auto` of the server means that the client chooses.
   */
  role?: "auto" | "client" | "server";
}
/**
 * The server's ICE credentials.
 */
export interface IceParameters2 {
  /**
   * The server is an ICE lite agent: the client is controlling and sends the checks.
   */
  iceLite?: boolean;
  /**
   * The ICE password.
   */
  password: string;
  /**
   * The ICE username fragment.
   */
  usernameFragment: string;
}
/**
 * The limits of the SCTP association for data channels.
 */
export interface SctpParameters1 {
  /**
   * The maximum number of incoming SCTP streams, 1 to 65535.
   */
  MIS: number;
  /**
   * The number of outgoing SCTP streams, 1 to 65535.
   */
  OS: number;
  /**
   * The maximum size of a message in bytes.
   */
  maxMessageSize: number;
  /**
   * The maximum size of a message in bytes, from the client to the server.
   */
  maxReceiveMessageSize: number;
  /**
   * The maximum size of a message in bytes, from the server to the client.
   */
  maxSendMessageSize: number;
  /**
   * The SCTP port number, 1 to 65535.
   */
  port: number;
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
