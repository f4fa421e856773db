//! Commands from the control plane.

use std::fmt;
use std::net::SocketAddr;

use hubbub_srtp::SrtpProfile;
use serde::Deserialize;

use super::ids::{ConsumerId, ProducerId, RouterId, TransportId};
use super::network::Network;
use super::pipe::{PipeConsumerSpec, PipeLink, RelayEnd};
use super::plain::{PlainPorts, PlainRemote};
use super::spec::{ConsumerSpec, IceCredentials, ProducerSpec};

/// A command. The reply is an error if an entity that it refers to does not exist, or one that it creates does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the types describe the fields")]
pub enum Command {
    /// Creates a router.
    CreateRouter { router: RouterId },
    /// Closes a router and all its transports.
    CloseRouter { router: RouterId },
    /// Creates a transport, which answers STUN requests for `ice.ufrag`.
    CreateTransport {
        transport: TransportId,
        router: RouterId,
        ice: IceCredentials,
    },
    /// Creates a transport with UDP ports of its own, for RTP without ICE. Replies with [`super::ReplyBody::Plain`].
    CreatePlainTransport {
        transport: TransportId,
        router: RouterId,
        /// RTP and RTCP share a port (RFC 5761).
        rtcp_mux: bool,
        /// The address of the other side is that of its first packet (RFC 4145 section 4, "comedia").
        comedia: bool,
        /// Media is protected: it waits for `SetSrtpKeys`.
        srtp: bool,
        /// Where the other side may be with `comedia`; anywhere if empty.
        sources: Vec<Network>,
        /// Bound by the I/O layer before the worker gets the command; `None`: no port is free.
        #[serde(skip)]
        ports: Option<PlainPorts>,
    },
    /// Sets where the other side of a plain transport without `comedia` receives. It must send from there.
    ConnectPlainTransport {
        transport: TransportId,
        remote: PlainRemote,
    },
    /// Creates a transport that carries producers from one router to another. To another node, it also waits for
    /// `SetSrtpKeys`; credentials and keys must be new.
    CreatePipeTransport {
        transport: TransportId,
        router: RouterId,
        link: PipeLink,
    },
    /// Sets the node by which a link to another node goes as well: media takes that way while the direct one is not connected.
    SetLinkRelay {
        transport: TransportId,
        /// The address of a worker that relays the link; `None`: no node does.
        relay: Option<SocketAddr>,
    },
    /// Relays a link of two other nodes, which do not reach each other, for 10 s; repeated, for longer.
    RelayLink { ends: [RelayEnd; 2] },
    /// Starts the handshake timeout: the client has sent its DTLS parameters.
    ConnectTransport { transport: TransportId },
    /// Replaces the ICE credentials (RFC 8445 section 9). The former stay valid until the client uses the new ones.
    RestartIce {
        transport: TransportId,
        ice: IceCredentials,
    },
    /// Sets the SRTP keys, of the DTLS handshake (RFC 5764 section 4.2) or of a plain or pipe transport: `key` then `salt`,
    /// per direction. Starts media.
    SetSrtpKeys {
        transport: TransportId,
        #[serde(with = "super::spec::profile_name")]
        profile: SrtpProfile,
        #[serde(with = "serde_bytes")]
        outbound: Vec<u8>,
        #[serde(with = "serde_bytes")]
        inbound: Vec<u8>,
    },
    /// Sends a DTLS datagram over the selected pair. Up to 16 wait until a pair is selected.
    SendDtls {
        transport: TransportId,
        #[serde(with = "serde_bytes")]
        datagram: Vec<u8>,
    },
    /// Closes a transport, its producers and consumers, and the consumers of those producers on other transports.
    CloseTransport { transport: TransportId },
    /// Creates a producer on a transport. On a pipe transport, it is what a pipe consumer of another router sends.
    CreateProducer {
        producer: ProducerId,
        transport: TransportId,
        spec: ProducerSpec,
    },
    /// Stops forwarding the producer's packets.
    PauseProducer { producer: ProducerId },
    /// Resumes forwarding; video consumers start with a key frame.
    ResumeProducer { producer: ProducerId },
    /// Closes a producer and its consumers, or moves them to its successor (`ReplaceProducer`).
    CloseProducer { producer: ProducerId },
    /// Moves the consumers of a producer, but not its pipe consumers, to another one of the same router that carries the same
    /// track. Each goes on with the old one until it can start with the successor; [`super::Event::ProducerReplaced`] follows
    /// when all have moved. A successor that is replaced itself stands for the one that replaces it. Both must have the same
    /// kind and the same number of encodings.
    ReplaceProducer {
        producer: ProducerId,
        successor: ProducerId,
    },
    /// Creates a paused consumer on a transport of the producer's router.
    CreateConsumer {
        consumer: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: ConsumerSpec,
    },
    /// Creates a pipe consumer on a pipe transport of the producer's router: it sends the producer's encodings as they are.
    /// Sends nothing before `SetPipedEncodings`.
    CreatePipeConsumer {
        consumer: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: PipeConsumerSpec,
    },
    /// Sets which encodings a pipe consumer sends. One that it did not send before starts with a key frame.
    SetPipedEncodings {
        consumer: ConsumerId,
        encodings: Vec<bool>,
    },
    /// Stops sending to the consumer.
    PauseConsumer { consumer: ConsumerId },
    /// Resumes sending; video starts with a key frame.
    ResumeConsumer { consumer: ConsumerId },
    /// Closes a consumer.
    CloseConsumer { consumer: ConsumerId },
    /// Requests a key frame from the consumer's producer, at most 12 times in 10 seconds per encoding.
    RequestKeyFrame { consumer: ConsumerId },
    /// Limits the layers of a video consumer: `spatial` is the index of an encoding, or a spatial layer of a producer with
    /// one encoding; without `temporal`, all temporal layers. Takes effect as soon as the client can decode them.
    SetPreferredLayers {
        consumer: ConsumerId,
        spatial: u8,
        temporal: Option<u8>,
    },
    /// Sets which consumers of a transport are served first when bandwidth is scarce: those with a higher priority, 1 to
    /// 255. Initially 1.
    SetConsumerPriority { consumer: ConsumerId, priority: u8 },
    /// Asks the client not to send more than this over the transport, bit/s, by REMB. Replaces the worker's limit.
    SetMaxIncomingBitrate {
        transport: TransportId,
        bitrate: u64,
    },
    /// Replies with [`super::ReplyBody::Transport`].
    TransportStats { transport: TransportId },
    /// Replies with [`super::ReplyBody::Producer`].
    ProducerStats { producer: ProducerId },
    /// Replies with [`super::ReplyBody::Consumer`].
    ConsumerStats { consumer: ConsumerId },
}

/// Why a command failed. It changed nothing, except with [`CommandError::Internal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    /// An entity that the command refers to does not exist.
    NotFound,
    /// The id or ufrag is in use.
    AlreadyExists,
    /// The entity's state or kind does not allow it: keys are set, or producer and transport are in different routers.
    InvalidState,
    /// A parameter is invalid, or an SSRC, RID or MID is in use on this transport.
    InvalidSpec,
    /// A limit of the worker is reached.
    LimitReached,
    /// A bug. The command may be done in part; after a panic, the entities that it was changing are closed.
    Internal,
}

impl CommandError {
    /// The stable name in logs and bindings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::InvalidState => "invalid_state",
            Self::InvalidSpec => "invalid_spec",
            Self::LimitReached => "limit_reached",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for CommandError {}
