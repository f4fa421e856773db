//! Counters of transports, producers and consumers, as they are reported.

use serde::Serialize;

/// What a transport has carried.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TransportStats {
    /// Datagrams of any kind that came over valid pairs.
    pub packets_received: u64,
    /// Their bytes, without UDP and IP.
    pub bytes_received: u64,
    /// Datagrams of any kind that were sent.
    pub packets_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// SRTP and SRTCP that failed authentication or were replayed.
    pub srtp_errors: u64,
    /// RTP of an SSRC that belongs to no producer.
    pub unknown_ssrc: u64,
    /// Round trip to the client, microseconds; absent until a receiver report told it.
    pub rtt_us: Option<u64>,
    /// What the client says it can receive, bit/s (REMB).
    pub available_outgoing_bitrate: Option<u64>,
    /// Packets sent that the client's transport-wide feedback has told of.
    pub feedback_packets: u64,
    /// Of these, the ones that did not arrive.
    pub feedback_lost: u64,
}

/// What one stream (layer) of a producer has brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StreamStats {
    /// The stream's SSRC.
    pub ssrc: u32,
    /// The RID, for RID simulcast.
    pub rid: Option<String>,
    /// Media packets, duplicates not counted, repaired ones counted.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Packets expected but never seen, cumulative (RFC 3550 section 6.4.1).
    pub lost: i64,
    /// Interarrival jitter in RTP timestamp units.
    pub jitter: u32,
    /// Bits per second over the last second.
    pub bitrate: u64,
    /// Key frames begun.
    pub key_frames: u64,
    /// Packets asked for by NACK.
    pub nacked: u64,
    /// Packets that RTX brought in time.
    pub repaired: u64,
    /// Duplicates, probes and padding dropped.
    pub dropped: u64,
}

/// What a producer has brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProducerStats {
    /// In the order of the encodings; only those that have been seen.
    pub streams: Vec<StreamStats>,
    /// PLIs and FIRs sent to the client.
    pub key_frame_requests: u64,
}

/// What a consumer has been sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ConsumerStats {
    /// The SSRC it receives.
    pub ssrc: u32,
    /// Media packets sent, retransmissions not counted.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Bits per second over the last second.
    pub bitrate: u64,
    /// Packets sent again.
    pub retransmitted: u64,
    /// Packets asked for that were no longer there.
    pub nack_misses: u64,
    /// PLIs and FIRs received.
    pub key_frame_requests: u64,
    /// Lost at the client, cumulative, as its last receiver report says.
    pub lost: i64,
    /// Fraction lost since the report before, 0..=255.
    pub fraction_lost: u8,
    /// Interarrival jitter at the client in RTP timestamp units.
    pub jitter: u32,
}
