//! What a worker counts of the media itself: repair, and how well streams arrive. Nothing here is per packet: loss,
//! jitter and round trips are noted when reports are, once a second for each stream.

use serde::Serialize;

/// Bounds of each histogram, and one bucket more for what is above them.
const BOUNDS: usize = 9;

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
/// Points, of ten.
const SCORE: Bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/// Bit/s.
const BITRATE: Bounds = [
    50_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000,
];

/// How often a value lay within each of some bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Upper bounds of the buckets but the last, ascending.
    pub bounds: &'static Bounds,
    /// Values within each bucket and above the one before it.
    pub counts: [u64; BOUNDS + 1],
    /// Sum of all values.
    pub sum: u64,
}

impl Histogram {
    const fn new(bounds: &'static Bounds) -> Self {
        Self {
            bounds,
            counts: [0; BOUNDS + 1],
            sum: 0,
        }
    }

    /// Takes note of a value.
    pub fn note(&mut self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(value);
    }
}

/// Totals since the worker was made. `received` is from clients, `sent` to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MediaCounters {
    /// Packets that we asked clients for again.
    pub nacked_received: u64,
    /// Packets that clients asked us for again.
    pub nacked_sent: u64,
    /// Of these, the ones that were no longer there.
    pub nack_misses: u64,
    /// Packets that came by RTX, in time.
    pub repaired_received: u64,
    /// Packets sent again.
    pub repaired_sent: u64,
    /// Key frames that we asked clients for (PLI and FIR).
    pub key_frame_requests_received: u64,
    /// Key frames that clients asked us for.
    pub key_frame_requests_sent: u64,
    /// Packets sent that transport-wide feedback told of.
    pub feedback_packets: u64,
    /// Of these, the ones that did not arrive.
    pub feedback_lost: u64,
    /// Lost of a received stream between two reports and not repaired, per mille.
    pub loss_received: Histogram,
    /// Lost of a sent stream, as the client reports, per mille.
    pub loss_sent: Histogram,
    /// Interarrival jitter of a received stream, microseconds.
    pub jitter_received: Histogram,
    /// Interarrival jitter at the client, microseconds.
    pub jitter_sent: Histogram,
    /// To a client and back, microseconds.
    pub round_trip: Histogram,
    /// Of a received stream, 0 to 10: see [`score`].
    pub score: Histogram,
    /// What we told a client to stay below (REMB), bit/s.
    pub estimate_received: Histogram,
    /// What a client said that it can receive (REMB), bit/s.
    pub estimate_sent: Histogram,
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
        }
    }
}

/// A report block's fraction (1/256) in per mille, rounded up: some loss is never none.
pub(crate) fn per_mille(fraction_lost: u8) -> u64 {
    (u64::from(fraction_lost) * 1_000).div_ceil(256)
}

/// RTP timestamp units in microseconds.
pub(crate) fn jitter_us(jitter: u32, clock_rate: u32) -> u64 {
    (u64::from(jitter) * 1_000_000)
        .checked_div(u64::from(clock_rate))
        .unwrap_or(0)
}

/// How good a stream is to its receiver, 0 to 10: ten times the fourth power of what arrives, as mediasoup has it. A
/// twentieth lost is 8, a fifth lost is 4.
pub(crate) fn score(fraction_lost: u8) -> u64 {
    let arrived = 256 - u64::from(fraction_lost);
    (arrived.pow(4) * 10 + (1 << 31)) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_noted_in_the_first_bucket_that_reaches_it() {
        let mut histogram = Histogram::new(&SCORE);
        for value in [0, 1, 2, 9, 10, 10] {
            histogram.note(value);
        }
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(histogram.sum, 32);
    }

    #[test]
    fn a_score_falls_faster_than_the_loss_grows() {
        let scores: Vec<u64> = [0, 13, 26, 51, 128, 255].map(score).into();
        assert_eq!(scores, [10, 8, 7, 4, 1, 0]);
    }

    #[test]
    fn fractions_and_timestamps_become_units() {
        assert_eq!([0, 1, 128, 255].map(per_mille), [0, 4, 500, 997]);
        assert_eq!(jitter_us(90, 90_000), 1_000);
        assert_eq!(jitter_us(u32::MAX, 0), 0);
        assert_eq!(jitter_us(u32::MAX, 1), 4_294_967_295_000_000);
    }
}
