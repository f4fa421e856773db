//! Events: what a worker tells the control plane.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::{CommandError, ConsumerId, ProducerId, Protocol, Request, TransportId};
use crate::stats::{ConsumerStats, ProducerStats, TransportStats};

/// Why something ceased to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// A command asked for it.
    Requested,
    /// The transport that it was made on closed.
    TransportClosed,
    /// The producer that it consumed closed.
    ProducerClosed,
    /// The router closed.
    RouterClosed,
    /// ICE and DTLS were not done before the handshake deadline.
    HandshakeTimeout,
    /// The client has not been heard for the consent time (RFC 7675).
    IceTimeout,
    /// A bug: its tables may be inconsistent, so it was taken out of service.
    Internal,
}

/// Where ICE stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IceState {
    /// No pair is valid yet.
    New,
    /// A valid pair is selected.
    Connected,
}

/// What the reply to a command carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReplyBody {
    /// Done.
    Done {},
    /// A transport's counters.
    Transport(Box<TransportStats>),
    /// A producer's counters.
    Producer(Box<ProducerStats>),
    /// A consumer's counters.
    Consumer(Box<ConsumerStats>),
}

/// An event. `IceSelected` and `Fault` may be delivered up to 10 ms later; the others are urgent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are what their types say")]
pub enum Event {
    /// The answer to a command.
    Reply {
        request: Request,
        #[serde(skip)]
        result: Result<ReplyBody, CommandError>,
    },
    /// ICE changed its state or selected another pair; our port is the worker's.
    IceSelected {
        transport: TransportId,
        state: IceState,
        local: IpAddr,
        remote: SocketAddr,
        protocol: Protocol,
    },
    /// A datagram of DTLS (first byte 20..=63) came over a valid pair of this transport.
    DtlsReceived {
        transport: TransportId,
        #[serde(with = "serde_bytes")]
        datagram: Vec<u8>,
    },
    /// A transport is gone.
    TransportClosed {
        transport: TransportId,
        reason: CloseReason,
    },
    /// A producer is gone.
    ProducerClosed {
        producer: ProducerId,
        reason: CloseReason,
    },
    /// A consumer is gone.
    ConsumerClosed {
        consumer: ConsumerId,
        reason: CloseReason,
    },
    /// Something in the worker panicked and was contained; `message` is for the log.
    Fault { message: String },
}
