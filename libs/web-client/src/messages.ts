/** The messages that this page uses, as docs/protocol describes them. */

import type { types } from "mediasoup-client";

export type Kind = types.MediaKind;

export interface ProducerInfo {
  producerId: string;
  kind: Kind;
  paused: boolean;
}

export interface PeerInfo {
  peerId: string;
  userId: string;
  displayName: string;
  producers: ProducerInfo[];
}

export type NewProducer = ProducerInfo & { peerId: string };
export type TransportInfo = types.TransportOptions;

interface Snapshot {
  peerId: string;
  peers: PeerInfo[];
}

/** What each call is asked and what it answers. */
export interface Calls {
  createRoom: [{ callId: string }, { callId: string; rtpCapabilities: types.RtpCapabilities }];
  joinRoom: [
    { callId: string; userId: string; displayName: string; rtpCapabilities: types.RtpCapabilities },
    Snapshot,
  ];
  leaveRoom: [Record<string, never>, Record<string, never>];
  createTransport: [{ direction: "send" | "recv" }, TransportInfo];
  connectTransport: [{ transportId: string; dtlsParameters: types.DtlsParameters }, Record<string, never>];
  restartIce: [{ transportId: string }, { iceParameters: types.IceParameters }];
  closeTransport: [{ transportId: string }, Record<string, never>];
  produce: [{ transportId: string; kind: Kind; rtpParameters: types.RtpParameters; paused: boolean }, { id: string }];
  pauseProducer: [{ producerId: string }, Record<string, never>];
  resumeProducer: [{ producerId: string }, Record<string, never>];
  consume: [
    { transportId: string; producerId: string },
    { id: string; producerId: string; kind: Kind; rtpParameters: types.RtpParameters },
  ];
  resumeConsumer: [{ consumerId: string }, Record<string, never>];
}

/** What the server may send unasked. */
export interface Pushes {
  peerJoined: (peer: Omit<PeerInfo, "producers"> ) => void;
  peerLeft: (gone: { peerId: string }) => void;
  newProducer: (producer: NewProducer ) => void;
  producerClosed: (closed: { producerId: string; peerId: string }) => void;
  producerPaused: (paused: { producerId: string; peerId: string }) => void;
  producerResumed: (resumed: { producerId: string; peerId: string }) => void;
  consumerClosed: (closed: { consumerId: string; producerId: string }) => void;
  transportClosed: (closed: { transportId: string; reason: string }) => void;
  peerMoved: (moved: { nodeId: string }) => void;
  roomClosed: (closed: { reason: string }) => void;
}
