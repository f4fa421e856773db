//! The counters of a worker.

use serde::Serialize;

use super::media_counters::MediaCounters;

/// Totals since the worker was created; `routers` to `consumers` are current numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct WorkerCounters {
    /// Datagrams received, of any kind.
    pub packets_received: u64,
    /// Bytes received, without UDP or TCP and IP headers.
    pub bytes_received: u64,
    /// Datagrams put into the outbox.
    pub packets_sent: u64,
    /// Bytes put into the outbox.
    pub bytes_sent: u64,
    /// Dropped: neither STUN, DTLS, RTP nor RTCP, or malformed.
    pub dropped_malformed: u64,
    /// Dropped: DTLS, RTP or RTCP over a pair without a valid STUN request, or not from the other side of a plain transport.
    pub dropped_unknown_address: u64,
    /// Dropped: STUN with an unknown ufrag, without valid integrity and fingerprint, or over a pair that another
    /// transport uses.
    pub dropped_stun: u64,
    /// Dropped: DTLS beyond the rate limit or the queue of a transport.
    pub dropped_dtls: u64,
    /// Dropped: SRTP or SRTCP that failed authentication, was replayed, or arrived before the keys.
    pub dropped_srtp: u64,
    /// Dropped: authentic RTP or RTCP above the bitrate limit of a transport.
    pub dropped_ingress: u64,
    /// Dropped: RTP with an SSRC of no producer.
    pub dropped_unknown_ssrc: u64,
    /// Dropped: the outbox was full.
    pub dropped_outbox_full: u64,
    /// Not sent: RTP that exceeds a datagram with the header extensions of a consumer.
    pub send_oversized: u64,
    /// Bugs that the worker survived: panics, and keys that refer to no entity.
    pub faults: u64,
    /// Routers now.
    pub routers: u64,
    /// Transports now.
    pub transports: u64,
    /// Producers now.
    pub producers: u64,
    /// Consumers now.
    pub consumers: u64,
    /// The highest estimate of the bitrate to a client, bit/s.
    pub max_outgoing_bitrate: u64,
    /// Of `packets_sent`: RTP and RTCP to other nodes. The binding adds them to those to other workers.
    #[serde(skip)]
    pub linked_sent: u64,
    /// Counters of media repair and quality.
    pub media: MediaCounters,
}
