//! Bandwidth estimation for senders that use REMB.

use super::receive_stats::Loss;
use crate::api::Micros;

/// Minimum estimate, bit/s: audio and the lowest layer need it.
const MIN_BITRATE: u64 = 100_000;
const INTERVAL_MICROS: u64 = 1_000_000;
/// With fewer packets, their loss says nothing about the network. As in libwebrtc.
const MIN_PACKETS: u64 = 20;
/// Fractions lost in 1/256, as in report blocks: 10 % and 2 %.
const HIGH_LOSS: u8 = 26;
const LOW_LOSS: u8 = 5;

/// A receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03) based on loss alone, after the loss-based
/// controller of draft-ietf-rmcat-gcc-02 section 6. Once a second, loss above 10 % lowers it and loss below 2 % raises
/// it by 8 %.
#[derive(Debug, Clone)]
pub(crate) struct RembEstimate {
    bitrate: u64,
    max: u64,
    updated: Option<Micros>,
    /// Loss since the last decision.
    loss: Loss,
}

impl RembEstimate {
    /// Starts with the maximum `max`, bit/s (at least 100 kbit/s). Loss soon lowers it if that is too much.
    #[must_use]
    pub(crate) fn new(max: u64) -> Self {
        let max = max.max(MIN_BITRATE);
        Self {
            bitrate: max,
            max,
            updated: None,
            loss: Loss::default(),
        }
    }

    /// Replaces the maximum, bit/s. A higher one is reached by growth, unless nothing limited the estimate but the former.
    pub(crate) fn set_max(&mut self, max: u64) {
        let was_max = self.bitrate == self.max;
        self.max = max.max(MIN_BITRATE);
        self.bitrate = if was_max {
            self.max
        } else {
            self.bitrate.min(self.max)
        };
    }

    /// Updates the estimate with the loss of all streams since the last call, before repair, and the received bitrate,
    /// bit/s. Returns the estimate, bit/s.
    ///
    /// Changes nothing within a second of the last change, or until 20 packets were expected.
    pub(crate) fn update(&mut self, now: Micros, loss: Loss, received: u64) -> u64 {
        self.loss.add(loss);
        let is_early = self
            .updated
            .is_some_and(|updated| now.since(updated) < INTERVAL_MICROS);
        if is_early || self.loss.expected < MIN_PACKETS {
            return self.bitrate;
        }
        self.updated = Some(now);
        let fraction_lost = std::mem::take(&mut self.loss).fraction();
        let lost = u64::from(fraction_lost);
        if fraction_lost > HIGH_LOSS {
            // The loss results from what was sent, not from an estimate far above it.
            let sent = received.saturating_mul(256) / (256 - lost);
            self.bitrate = self.bitrate.min(sent).saturating_mul(512 - lost) / 512;
        } else if fraction_lost < LOW_LOSS {
            self.bitrate = self.bitrate.saturating_mul(108) / 100;
        }
        self.bitrate = self.bitrate.clamp(MIN_BITRATE, self.max);
        self.bitrate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// This many of 256 packets.
    const fn lost(lost: u64) -> Loss {
        Loss {
            expected: 256,
            lost,
        }
    }

    #[test]
    fn starts_with_the_maximum_and_stays_there_without_loss() {
        let mut estimate = RembEstimate::new(3_000_000);
        assert_eq!(estimate.update(Micros(0), lost(0), 2_000_000), 3_000_000);
    }

    #[test]
    fn high_loss_lowers_the_estimate_below_what_was_sent() {
        let mut estimate = RembEstimate::new(10_000_000);
        // A quarter of 2 Mbit/s is lost: the estimate is an eighth lower.
        assert_eq!(estimate.update(Micros(0), lost(64), 1_500_000), 1_750_000);
    }

    #[test]
    fn moderate_loss_changes_nothing() {
        let mut estimate = RembEstimate::new(1_000_000);
        estimate.update(Micros(0), lost(128), 500_000);
        let before = estimate.bitrate;
        for (second, moderate) in [(1, LOW_LOSS), (2, 13), (3, HIGH_LOSS)] {
            let at = Micros(second * SECOND);
            assert_eq!(estimate.update(at, lost(moderate.into()), 500_000), before);
        }
    }

    #[test]
    fn low_loss_raises_by_eight_percent_a_second() {
        let mut estimate = RembEstimate::new(1_000_000);
        assert_eq!(estimate.update(Micros(0), lost(128), 400_000), 600_000);
        assert_eq!(
            estimate.update(Micros(SECOND / 2), lost(0), 400_000),
            600_000
        );
        assert_eq!(estimate.update(Micros(SECOND), lost(0), 400_000), 648_000);
    }

    #[test]
    fn never_falls_below_the_minimum() {
        let mut estimate = RembEstimate::new(1_000_000);
        assert_eq!(estimate.update(Micros(0), lost(255), 0), MIN_BITRATE);
        assert_eq!(RembEstimate::new(1).bitrate, MIN_BITRATE);
    }

    #[test]
    fn few_packets_change_nothing_until_twenty_were_expected() {
        let mut estimate = RembEstimate::new(1_000_000);
        let half = |expected| Loss {
            expected,
            lost: expected / 2,
        };
        assert_eq!(estimate.update(Micros(0), half(8), 500_000), 1_000_000);
        assert_eq!(estimate.update(Micros(SECOND), half(8), 500_000), 1_000_000);
        assert_eq!(
            estimate.update(Micros(2 * SECOND), half(4), 500_000),
            750_000
        );
    }
}
