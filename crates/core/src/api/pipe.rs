//! Pipes: a producer's streams on their way from its router to another one.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::spec::{CodecMapping, ExtensionMapping, IceCredentials, MediaKind};

/// What carries the datagrams of a pipe transport.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PipeLink {
    /// The rings to another worker of this process. No datagram leaves the process, so it needs no keys.
    Worker {
        /// The index of the other worker.
        worker: u32,
        /// Identifies the transport among those of both workers. The same on both sides.
        pair: u32,
    },
    /// SRTP over UDP between the ports of two workers, of different nodes. Waits for `SetSrtpKeys`.
    Node {
        /// Our credentials: those of the other side's checks.
        ice: IceCredentials,
        /// The other side's: those of our checks.
        remote_ice: IceCredentials,
        /// Where the other worker receives.
        remote: SocketAddr,
        /// The address to send from; without one, the system chooses.
        local: Option<IpAddr>,
    },
}

/// One end of a link between two other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayEnd {
    /// Of its ICE credentials.
    pub ufrag: String,
    /// Where its worker receives, and sends from.
    pub remote: SocketAddr,
}

/// The SSRCs of an encoding that a pipe carries, neither used before on this transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipedEncodingSpec {
    /// Of the media.
    pub ssrc: u32,
    /// Of its RTX. Without it, a retransmission repeats the original packet.
    pub rtx_ssrc: Option<u32>,
}

/// The parameters of a pipe consumer, with the payload types and ids of the other side's pipe producer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipeConsumerSpec {
    /// Must be the producer's.
    pub kind: MediaKind,
    /// 1 to 64; the first gives the clock rate.
    pub codecs: Vec<CodecMapping>,
    /// At most 64. With transport-cc, the other side reports on what arrives.
    pub extensions: Vec<ExtensionMapping>,
    /// As many as the producer has, in its order.
    pub encodings: Vec<PipedEncodingSpec>,
    /// The CNAME in SDES packets. At most 255 bytes.
    pub cname: String,
}
