//! Bitrate measurement.

use crate::api::Micros;

const BUCKETS: usize = 20;
const BUCKET_MICROS: u64 = 50_000;

/// Measures bits per second over the last second, in buckets of 50 ms.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateMeter {
    /// Bytes per bucket; index is the bucket number modulo `BUCKETS`.
    buckets: [u32; BUCKETS],
    /// Bucket number (time / 50 ms) of the newest bucket.
    newest: u64,
    newest_ends: Micros,
    /// Sum of `buckets`.
    total: u64,
}

impl RateMeter {
    /// A meter without data.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            buckets: [0; BUCKETS],
            newest: 0,
            newest_ends: Micros(0),
            total: 0,
        }
    }

    /// Counts `bytes` at `now`.
    pub(crate) fn add(&mut self, now: Micros, bytes: usize) {
        self.expire(now);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Some(bucket) = self
            .buckets
            .get_mut((self.newest % BUCKETS as u64) as usize)
        {
            let room = u32::MAX - *bucket;
            *bucket += bytes.min(room);
            self.total += u64::from(bytes.min(room));
        }
    }

    /// Bits per second over the second that ends at `now`.
    pub(crate) fn bits_per_second(&mut self, now: Micros) -> u64 {
        self.expire(now);
        self.total * 8
    }

    /// Clears the buckets between the newest and that of `now`. If the clock goes back, the newest stays.
    fn expire(&mut self, now: Micros) {
        // Nearly always; a comparison is faster than a division.
        if now < self.newest_ends {
            return;
        }
        let current = now.0 / BUCKET_MICROS;
        let steps = current.saturating_sub(self.newest).min(BUCKETS as u64);
        for step in 1..=steps {
            if let Some(bucket) = self
                .buckets
                .get_mut((self.newest.wrapping_add(step) % BUCKETS as u64) as usize)
            {
                self.total -= u64::from(*bucket);
                *bucket = 0;
            }
        }
        self.newest = self.newest.max(current);
        self.newest_ends = Micros((self.newest + 1).saturating_mul(BUCKET_MICROS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_last_second() {
        let mut meter = RateMeter::new();
        for step in 0..100 {
            meter.add(Micros(step * 10_000), 125);
        }
        assert_eq!(meter.bits_per_second(Micros(990_000)), 100_000);
    }

    #[test]
    fn excludes_bytes_older_than_a_second() {
        let mut meter = RateMeter::new();
        meter.add(Micros(5_000_000), 1_000);
        assert_eq!(meter.bits_per_second(Micros(5_900_000)), 8_000);
        assert_eq!(meter.bits_per_second(Micros(6_000_000)), 0);
    }

    #[test]
    fn a_long_silence_clears_all_buckets() {
        let mut meter = RateMeter::new();
        meter.add(Micros(0), 1_000);
        meter.add(Micros(u64::MAX), 10);
        assert_eq!(meter.bits_per_second(Micros(u64::MAX)), 80);
    }

    #[test]
    fn counts_bytes_when_the_clock_goes_back() {
        let mut meter = RateMeter::new();
        meter.add(Micros(2_000_000), 100);
        meter.add(Micros(1_000_000), 100);
        assert_eq!(meter.bits_per_second(Micros(2_000_000)), 1_600);
    }
}
