//! A bandwidth figure for senders that go by REMB.

use crate::api::Micros;

/// Never told less: audio and the lowest layer need it.
const MIN_BITRATE: u64 = 100_000;
const INTERVAL_MICROS: u64 = 1_000_000;
/// In 1/256, as in report blocks: 10 % and 2 %.
const HIGH_LOSS: u8 = 26;
const LOW_LOSS: u8 = 5;

/// The receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03) by loss alone, after the loss-based part of
/// draft-ietf-rmcat-gcc-02 section 6: over 10 % loss lowers it, under 2 % raises it by 8 %, once a second.
#[derive(Debug, Clone)]
pub struct RembEstimate {
    bitrate: u64,
    max: u64,
    updated: Option<Micros>,
}

impl RembEstimate {
    /// Begins with `max`, bit/s (at least 100 kb/s): the loss tells soon when that is too much.
    #[must_use]
    pub fn new(max: u64) -> Self {
        let max = max.max(MIN_BITRATE);
        Self {
            bitrate: max,
            max,
            updated: None,
        }
    }

    /// Takes note of the loss since the last update (1/256) and of the bit/s that come in; the figure to tell.
    ///
    /// Within a second of the last update the figure stays as it is, and nothing is taken note of.
    pub fn update(&mut self, now: Micros, fraction_lost: u8, received: u64) -> u64 {
        if self
            .updated
            .is_some_and(|updated| now.since(updated) < INTERVAL_MICROS)
        {
            return self.bitrate;
        }
        self.updated = Some(now);
        let lost = u64::from(fraction_lost);
        if fraction_lost > HIGH_LOSS {
            // What was sent, not a figure far above it, is what was too much.
            let sent = received.saturating_mul(256) / (256 - lost);
            self.bitrate = self.bitrate.min(sent).saturating_mul(512 - lost) / 512;
        } else if fraction_lost < LOW_LOSS {
            self.bitrate = self.bitrate.saturating_mul(108) / 100;
        }
        self.bitrate = self.bitrate.clamp(MIN_BITRATE, self.max);
        self.bitrate
    }

    /// The figure to tell, bit/s.
    #[must_use]
    pub const fn bitrate(&self) -> u64 {
        self.bitrate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn begins_with_the_maximum_and_stays_there_without_loss() {
        let mut estimate = RembEstimate::new(3_000_000);
        assert_eq!(estimate.update(Micros(0), 0, 2_000_000), 3_000_000);
    }

    #[test]
    fn high_loss_lowers_below_what_was_sent() {
        let mut estimate = RembEstimate::new(10_000_000);
        // A quarter of 2 Mb/s lost: less an eighth.
        assert_eq!(estimate.update(Micros(0), 64, 1_500_000), 1_750_000);
    }

    #[test]
    fn moderate_loss_holds() {
        let mut estimate = RembEstimate::new(1_000_000);
        estimate.update(Micros(0), 128, 500_000);
        let before = estimate.bitrate();
        assert_eq!(estimate.update(Micros(SECOND), 13, 500_000), before);
    }

    #[test]
    fn low_loss_raises_by_eight_percent_a_second() {
        let mut estimate = RembEstimate::new(1_000_000);
        assert_eq!(estimate.update(Micros(0), 128, 400_000), 600_000);
        assert_eq!(estimate.update(Micros(SECOND / 2), 0, 400_000), 600_000);
        assert_eq!(estimate.update(Micros(SECOND), 0, 400_000), 648_000);
    }

    #[test]
    fn never_falls_below_the_least() {
        let mut estimate = RembEstimate::new(1_000_000);
        assert_eq!(estimate.update(Micros(0), 255, 0), MIN_BITRATE);
        assert_eq!(RembEstimate::new(1).bitrate(), MIN_BITRATE);
    }
}
