//! Bounds the bytes that are sent for probing alone.

use crate::constants::probe::{PADDING_FLOOR, PADDING_RECOVERY, PADDING_SHARE};
use crate::time::{Micros, SECOND};

const SECONDS: usize = 60;
/// The floor, by the same rate, for the seconds of recovery.
const RECOVERY_FLOOR: u64 = PADDING_FLOOR * PADDING_RECOVERY / SECONDS as u64;

#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    media: u64,
    padding: u64,
}

/// The bytes of the last minute, by second.
#[derive(Debug, Clone)]
pub(crate) struct PaddingBudget {
    seconds: [Sent; SECONDS],
    total: Sent,
    now: u64,
}

impl Default for PaddingBudget {
    fn default() -> Self {
        Self {
            seconds: [Sent::default(); SECONDS],
            total: Sent::default(),
            now: 0,
        }
    }
}

impl PaddingBudget {
    /// Counts bytes that have left.
    pub(crate) fn sent(&mut self, now: Micros, media: u64, padding: u64) {
        self.advance(now);
        if let Some(second) = self.seconds.get_mut(self.now as usize % SECONDS) {
            second.media += media;
            second.padding += padding;
        }
        self.total.media += media;
        self.total.padding += padding;
    }

    /// Whether a probe may add `bytes` of padding.
    pub(crate) fn allows(&mut self, now: Micros, bytes: u64) -> bool {
        self.advance(now);
        let share = PADDING_SHARE * (self.total.media + self.total.padding + bytes) as f64;
        if self.total.padding + bytes <= PADDING_FLOOR.max(share as u64) {
            return true;
        }
        // Much media in this minute may have allowed far more than the floor. If it is paused now, probes must go on.
        let recent = self.recent();
        let is_silent = PADDING_SHARE * recent.media as f64 <= RECOVERY_FLOOR as f64;
        is_silent && recent.padding + bytes <= RECOVERY_FLOOR
    }

    /// The bytes of the last seconds.
    fn recent(&self) -> Sent {
        let first = self.now.saturating_sub(PADDING_RECOVERY - 1);
        let seconds =
            (first..=self.now).filter_map(|second| self.seconds.get(second as usize % SECONDS));
        seconds.fold(Sent::default(), |sum, second| Sent {
            media: sum.media + second.media,
            padding: sum.padding + second.padding,
        })
    }

    fn advance(&mut self, now: Micros) {
        let second = now.0 / SECOND;
        if second.saturating_sub(self.now) >= SECONDS as u64 {
            *self = Self {
                now: second,
                ..Self::default()
            };
        }
        while self.now < second {
            self.now += 1;
            if let Some(oldest) = self.seconds.get_mut(self.now as usize % SECONDS) {
                self.total.media -= oldest.media;
                self.total.padding -= oldest.padding;
                *oldest = Sent::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_at_most_a_twentieth_of_a_minute() {
        let mut budget = PaddingBudget::default();
        for second in 0..30 {
            budget.sent(Micros(second * SECOND), 100_000, 0);
        }
        let now = Micros(30 * SECOND);
        assert!(budget.allows(now, 157_000));
        assert!(!budget.allows(now, 158_000));
        budget.sent(now, 0, 100_000);
        assert!(!budget.allows(now, 60_000));
        budget.sent(Micros(88 * SECOND), 140_000, 0);
        assert!(!budget.allows(Micros(89 * SECOND), 1_000));
        assert!(budget.allows(Micros(91 * SECOND), PADDING_FLOOR));
    }

    #[test]
    fn a_sender_of_nothing_may_probe() {
        let mut budget = PaddingBudget::default();
        let mut bytes = 0;
        for second in 0..60 {
            while budget.allows(Micros(second * SECOND), 6_000) {
                budget.sent(Micros(second * SECOND), 0, 6_000);
                bytes += 6_000;
            }
        }
        assert_eq!(bytes, 78_000 + 11 * 6_000, "all at once, then one in 5 s");
    }

    #[test]
    fn padding_beside_much_media_does_not_end_probes_after_it() {
        let mut budget = PaddingBudget::default();
        let mut now = Micros(0);
        for second in 0..30 {
            now = Micros(second * SECOND);
            budget.sent(now, 200_000, 0);
        }
        while budget.allows(now, 6_000) {
            budget.sent(now, 0, 6_000);
        }
        let allowed = (30..60).filter(|second| {
            let now = Micros(second * SECOND);
            let allows = budget.allows(now, 6_000);
            if allows {
                budget.sent(now, 0, 6_000);
            }
            allows
        });
        assert_eq!(allowed.collect::<Vec<_>>(), [34, 39, 44, 49, 54, 59]);
    }
}
