//! Counters of media repair and of how well streams arrive.
//!
//! Nothing here is recorded per packet: loss, jitter and round trips are recorded with each report, once a second per
//! stream.

use serde::Serialize;

use super::histogram::{BOUNDS, Histogram};

type Bounds = [u64; BOUNDS];

/// Per mille.
const LOSS: Bounds = [0, 5, 10, 20, 50, 100, 200, 300, 500];
/// Microseconds.
const JITTER: Bounds = [
    1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000, 200_000,
];
/// Microseconds.
const ROUND_TRIP: Bounds = [
    5_000, 10_000, 25_000, 50_000, 100_000, 150_000, 250_000, 500_000, 1_000_000,
];
/// Points, 0 to 10.
const SCORE: Bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/// Bit/s.
const BITRATE: Bounds = [
    50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000,
];

/// Totals since the worker was created. `received` concerns streams from clients, `sent` streams to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MediaCounters {
    /// Packets that the worker requested from clients by NACK.
    pub nacked_received: u64,
    /// Packets that clients requested by NACK.
    pub nacked_sent: u64,
    /// Of `nacked_sent`: packets that were no longer in the packet store.
    pub nack_misses: u64,
    /// Packets that arrived by RTX in time.
    pub repaired_received: u64,
    /// Packets retransmitted.
    pub repaired_sent: u64,
    /// Key frames that the worker requested from clients (PLI and FIR).
    pub key_frame_requests_received: u64,
    /// Key frames that clients requested.
    pub key_frame_requests_sent: u64,
    /// Sent packets that transport-wide feedback reported on.
    pub feedback_packets: u64,
    /// Of `feedback_packets`: packets that did not arrive.
    pub feedback_lost: u64,
    /// Loss of a received stream since the last report, after repair, per mille.
    pub loss_received: Histogram,
    /// Loss of a sent stream as the client reports it, per mille.
    pub loss_sent: Histogram,
    /// Interarrival jitter of a received stream, microseconds.
    pub jitter_received: Histogram,
    /// Interarrival jitter at the client, microseconds.
    pub jitter_sent: Histogram,
    /// Round-trip time to a client, microseconds.
    pub round_trip: Histogram,
    /// Samples of the score of a received stream, 0 to 10, one for each report.
    pub score: Histogram,
    /// Bitrate limit sent to a client by REMB, bit/s.
    pub estimate_received: Histogram,
    /// Bitrate that a client can receive, bit/s, by the estimate once a second.
    pub estimate_sent: Histogram,
    /// With each of these samples: what the estimate is allocated to, bit/s.
    pub allocated_sent: Histogram,
    /// With each of these samples: what the client's video consumers could use, bit/s.
    pub wanted_sent: Histogram,
}

impl Default for MediaCounters {
    fn default() -> Self {
        Self {
            nacked_received: 0,
            nacked_sent: 0,
            nack_misses: 0,
            repaired_received: 0,
            repaired_sent: 0,
            key_frame_requests_received: 0,
            key_frame_requests_sent: 0,
            feedback_packets: 0,
            feedback_lost: 0,
            loss_received: Histogram::new(&LOSS),
            loss_sent: Histogram::new(&LOSS),
            jitter_received: Histogram::new(&JITTER),
            jitter_sent: Histogram::new(&JITTER),
            round_trip: Histogram::new(&ROUND_TRIP),
            score: Histogram::new(&SCORE),
            estimate_received: Histogram::new(&BITRATE),
            estimate_sent: Histogram::new(&BITRATE),
            allocated_sent: Histogram::new(&BITRATE),
            wanted_sent: Histogram::new(&BITRATE),
        }
    }
}
