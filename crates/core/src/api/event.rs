//! Events for the control plane.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::command::CommandError;
use super::ids::{ConsumerId, ProducerId, RequestId, RouterId, TransportId};
use super::path::Protocol;
use super::plain::PlainPorts;
use super::stats::{ConsumerStats, ProducerStats, TransportStats};

/// Why an entity was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// A command closed it.
    Requested,
    /// Its transport closed.
    TransportClosed,
    /// The consumed producer closed.
    ProducerClosed,
    /// Its router closed.
    RouterClosed,
    /// ICE and DTLS did not complete within the handshake timeout.
    HandshakeTimeout,
    /// The client sent no STUN request within the consent timeout (RFC 7675).
    IceTimeout,
    /// A bug may have left it inconsistent.
    Internal,
}

/// The state of ICE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IceState {
    /// No pair is valid.
    New,
    /// A valid pair is selected.
    Connected,
    /// A pair is selected, but the client has sent nothing authentic for 8 s. The next authentic packet makes the state
    /// `Connected` again. Of a link to another node: the other side has sent no check for 3 s, or has answered none.
    Disconnected,
}

/// The result of a successful command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReplyBody {
    /// A command without a result.
    Done {},
    /// The ports of a plain transport.
    Plain(PlainPorts),
    /// The counters of a transport.
    Transport(Box<TransportStats>),
    /// The counters of a producer.
    Producer(Box<ProducerStats>),
    /// The counters of a consumer.
    Consumer(Box<ConsumerStats>),
}

/// The loudness of an audio producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AudioVolume {
    /// The producer.
    pub producer: ProducerId,
    /// The loudest of the last 800 ms, dBov: -127 to 0.
    pub volume: i8,
}

/// How well a stream of a producer arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncodingScore {
    /// The index of its encoding.
    pub encoding: u8,
    /// The SSRC.
    pub ssrc: u32,
    /// The RID, for simulcast by RID.
    pub rid: Option<String>,
    /// 0, nothing arrives, to 10.
    pub score: u8,
}

/// An event. `IceSelected`, `LayersChanged`, `LayersWanted`, `BandwidthPause`, `ActiveSpeaker`, `AudioLevels`,
/// `ProducerScore`, `ConsumerScore` and `Fault` may be delivered up to 10 ms late; the others are urgent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the types describe the fields")]
pub enum Event {
    /// The reply to a command.
    Reply {
        request: RequestId,
        #[serde(skip)]
        result: Result<ReplyBody, CommandError>,
    },
    /// The state of ICE or the selected pair changed. The local port is the worker's.
    IceSelected {
        transport: TransportId,
        state: IceState,
        local: IpAddr,
        remote: SocketAddr,
        protocol: Protocol,
    },
    /// A DTLS datagram (first byte 20..=63) arrived over a valid pair of this transport.
    DtlsReceived {
        transport: TransportId,
        #[serde(with = "serde_bytes")]
        datagram: Vec<u8>,
    },
    /// A transport was closed.
    TransportClosed {
        transport: TransportId,
        reason: CloseReason,
    },
    /// A producer was closed.
    ProducerClosed {
        producer: ProducerId,
        reason: CloseReason,
    },
    /// A consumer was closed.
    ConsumerClosed {
        consumer: ConsumerId,
        reason: CloseReason,
    },
    /// No consumer of a producer is left: all have moved to its successor, or were closed. Once for each `ReplaceProducer`,
    /// unless the successor was closed before. Until one of both is closed, who is to consume the producer consumes the
    /// successor.
    ProducerReplaced {
        producer: ProducerId,
        successor: ProducerId,
    },
    /// A video consumer receives other layers than before: spatial as in `SetPreferredLayers`, and temporal. Not for a
    /// producer with one encoding and no layers.
    LayersChanged {
        consumer: ConsumerId,
        spatial: u8,
        temporal: u8,
    },
    /// The client of a simulcast producer is to send these of its encodings, and no others: somebody receives them, or may
    /// at any time. All of them before the first such event. For a pipe producer: its consumers want these. None of them
    /// before the first such event.
    LayersWanted {
        producer: ProducerId,
        encodings: Vec<bool>,
    },
    /// Another microphone of a router is the dominant speaker. It stays so until this event names another one, or it is
    /// closed.
    ActiveSpeaker {
        router: RouterId,
        speaker: AudioVolume,
    },
    /// The microphones of a router that carry speech, loudest first, at most 10. Sent when they change, at most every
    /// 300 ms, and every 1.2 s while they do not.
    AudioLevels {
        router: RouterId,
        levels: Vec<AudioVolume>,
    },
    /// A video consumer receives nothing for lack of bandwidth, or receives something again.
    BandwidthPause { consumer: ConsumerId, paused: bool },
    /// Streams of a producer arrive better or worse than before: all that arrived and are wanted. At most one a second.
    /// A score is 10 before the first such event.
    ProducerScore {
        producer: ProducerId,
        scores: Vec<EncodingScore>,
    },
    /// The client gets a consumer's stream, or the worker gets its source, the `encoding` of the producer, better or worse
    /// than before. `producer_scores`: of each encoding, 0 for one that does not arrive. At most one a second. All are 10
    /// before the first such event.
    ConsumerScore {
        consumer: ConsumerId,
        score: u8,
        encoding: u8,
        producer_scores: Vec<u8>,
    },
    /// The worker recovered from a panic. `message` is for the log.
    Fault { message: String },
}
