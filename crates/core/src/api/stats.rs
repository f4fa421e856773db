//! Statistics of transports, producers and consumers.

use serde::Serialize;

/// Counters of a transport.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TransportStats {
    /// Datagrams of any kind received over valid pairs.
    pub packets_received: u64,
    /// Bytes received, without UDP or TCP and IP headers.
    pub bytes_received: u64,
    /// Datagrams of any kind sent.
    pub packets_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// SRTP and SRTCP packets that failed authentication, were replayed, or arrived before the keys.
    pub srtp_errors: u64,
    /// RTP packets with an SSRC of no producer.
    pub unknown_ssrc: u64,
    /// Round-trip time to the client, microseconds; absent before it was measured.
    pub rtt_us: Option<u64>,
    /// Bitrate that the client can receive, bit/s: the estimate from its transport-wide feedback, else from its REMB and
    /// receiver reports.
    pub available_outgoing_bitrate: Option<u64>,
    /// What the client is asked not to exceed, bit/s.
    pub max_incoming_bitrate: Option<u64>,
    /// The estimate is never higher, bit/s. Absent without an estimate, like the next two.
    pub max_outgoing_bitrate: Option<u64>,
    /// What the estimate is allocated to: the layers that the client's video consumers receive, bit/s.
    pub allocated_outgoing_bitrate: Option<u64>,
    /// What these consumers could use, bit/s.
    pub wanted_outgoing_bitrate: Option<u64>,
    /// Bytes sent only to probe, within `bytes_sent`.
    pub probation_bytes_sent: u64,
    /// Sent packets that the client's transport-wide feedback reported on.
    pub feedback_packets: u64,
    /// Of `feedback_packets`: packets that did not arrive.
    pub feedback_lost: u64,
}

impl TransportStats {
    pub(crate) fn count_received(&mut self, bytes: usize) {
        self.packets_received += 1;
        self.bytes_received += bytes as u64;
    }

    pub(crate) fn count_sent(&mut self, bytes: usize) {
        self.packets_sent += 1;
        self.bytes_sent += bytes as u64;
    }
}

/// Counters of one stream (layer) of a producer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StreamStats {
    /// The SSRC.
    pub ssrc: u32,
    /// The SSRC of its RTX stream, once it is known.
    pub rtx_ssrc: Option<u32>,
    /// The RID, for simulcast by RID.
    pub rid: Option<String>,
    /// Media packets, without duplicates, with repaired ones.
    pub packets: u64,
    /// Payload bytes of these packets.
    pub bytes: u64,
    /// Packets expected but received neither directly nor by RTX, in total.
    pub lost: i64,
    /// Interarrival jitter, RTP timestamp units.
    pub jitter: u32,
    /// Payload bits per second over the last second.
    pub bitrate: u64,
    /// Key frames started.
    pub key_frames: u64,
    /// NACKs sent.
    pub nacks: u64,
    /// Packets requested by NACK.
    pub nacked: u64,
    /// Packets that arrived by RTX in time.
    pub repaired: u64,
    /// Dropped duplicates, probes and padding packets.
    pub dropped: u64,
    /// How well it arrives: 0, the worst or nothing, to 10.
    pub score: u8,
}

/// Counters of a producer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProducerStats {
    /// Streams that have received packets, in the order of the encodings.
    pub streams: Vec<StreamStats>,
    /// PLIs sent to the client.
    pub plis: u64,
    /// FIR entries sent to the client.
    pub firs: u64,
    /// Round-trip time to the client, microseconds; absent before it was measured.
    pub rtt_us: Option<u64>,
}

/// Counters of a consumer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ConsumerStats {
    /// The SSRC of the sent stream.
    pub ssrc: u32,
    /// The SSRC of its RTX stream.
    pub rtx_ssrc: Option<u32>,
    /// Media packets sent, without retransmissions.
    pub packets: u64,
    /// Payload bytes of these packets.
    pub bytes: u64,
    /// Payload bits per second over the last second, without retransmissions.
    pub bitrate: u64,
    /// Packets retransmitted.
    pub retransmitted: u64,
    /// NACKs received.
    pub nacks: u64,
    /// Packets requested by NACK.
    pub nacked: u64,
    /// Of `nacked`: packets that were no longer in the packet store.
    pub nack_misses: u64,
    /// PLIs received.
    pub plis: u64,
    /// FIR entries received.
    pub firs: u64,
    /// Packets lost in total according to the client's last receiver report.
    pub lost: i64,
    /// Fraction lost between the client's last two receiver reports, 1/256.
    pub fraction_lost: u8,
    /// Interarrival jitter at the client, RTP timestamp units.
    pub jitter: u32,
    /// Round-trip time by the client's last receiver report, microseconds; absent before it was measured.
    pub rtt_us: Option<u64>,
    /// How well it arrives: 0, the worst, to 10.
    pub score: u8,
}
