//! Commands: what the control plane asks of a worker.

use std::fmt;

use hubbub_srtp::SrtpProfile;
use serde::Deserialize;

use super::{
    ConsumerId, ConsumerSpec, IceCredentials, ProducerId, ProducerSpec, RouterId, TransportId,
};

/// Names a command, so that its reply can be told from others. Unique among the commands that are under way.
pub type Request = u64;

/// A command. What it names must exist (and what it makes must not), else the reply is an error.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are what their types say")]
pub enum Command {
    /// Makes a router.
    CreateRouter { router: RouterId },
    /// Closes a router and every transport in it.
    CloseRouter { router: RouterId },
    /// Makes a transport that answers STUN for `ice.ufrag`.
    CreateTransport {
        transport: TransportId,
        router: RouterId,
        ice: IceCredentials,
    },
    /// The client has sent its DTLS parameters: from now on the handshake deadline runs.
    ConnectTransport { transport: TransportId },
    /// New ICE credentials; the former stay valid until the client has used the new ones (RFC 8445 section 9).
    RestartIce {
        transport: TransportId,
        ice: IceCredentials,
    },
    /// The keys that the DTLS handshake gave (RFC 5764 section 4.2): `key` then `salt`, each direction. Starts media.
    SetSrtpKeys {
        transport: TransportId,
        #[serde(with = "super::spec::profile_name")]
        profile: SrtpProfile,
        #[serde(with = "serde_bytes")]
        outbound: Vec<u8>,
        #[serde(with = "serde_bytes")]
        inbound: Vec<u8>,
    },
    /// A DTLS record to be sent to the transport's selected pair; a few wait while there is none.
    SendDtls {
        transport: TransportId,
        #[serde(with = "serde_bytes")]
        datagram: Vec<u8>,
    },
    /// Closes a transport with its producers and consumers, and the consumers of those producers elsewhere.
    CloseTransport { transport: TransportId },
    /// Makes a producer on a transport.
    CreateProducer {
        producer: ProducerId,
        transport: TransportId,
        spec: ProducerSpec,
    },
    /// Stops forwarding what the producer sends.
    PauseProducer { producer: ProducerId },
    /// Forwards again; each consumer of video begins with a key frame.
    ResumeProducer { producer: ProducerId },
    /// Closes a producer and its consumers.
    CloseProducer { producer: ProducerId },
    /// Makes a consumer, paused, on a transport of the same router as the producer's.
    CreateConsumer {
        consumer: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: ConsumerSpec,
    },
    /// Stops sending to this consumer.
    PauseConsumer { consumer: ConsumerId },
    /// Sends again, beginning with a key frame.
    ResumeConsumer { consumer: ConsumerId },
    /// Closes a consumer.
    CloseConsumer { consumer: ConsumerId },
    /// Asks the producer behind this consumer for a key frame (throttled).
    RequestKeyFrame { consumer: ConsumerId },
    /// Replies with [`super::Event::Reply`] carrying the transport's counters.
    TransportStats { transport: TransportId },
    /// Replies with the producer's counters.
    ProducerStats { producer: ProducerId },
    /// Replies with the consumer's counters.
    ConsumerStats { consumer: ConsumerId },
}

/// Why a command was refused; but for [`CommandError::Internal`], nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    /// What the command names does not exist (any more).
    NotFound,
    /// The id is taken already.
    AlreadyExists,
    /// Not in this state: keys set twice, a consumer of a producer in another router.
    InvalidState,
    /// The spec contradicts itself, or an SSRC, RID or MID is taken on this transport.
    InvalidSpec,
    /// A bound of the worker is reached.
    LimitReached,
    /// A bug: the command was interrupted, and what it worked on has been closed.
    Internal,
}

impl CommandError {
    /// A stable name for logs and bindings.
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
