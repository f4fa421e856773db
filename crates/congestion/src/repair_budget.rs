//! Bounds the retransmissions of a transport.

use crate::constants::repair::{BURST, SHARE};
use crate::time::{Micros, SECOND};

/// A share of the estimate for retransmissions. Beyond it, they would fill the queue in which the first copies were lost.
#[derive(Debug, Clone, Default)]
pub struct RepairBudget {
    /// Unspent bits, times [`SECOND`].
    unspent: u64,
    refilled: Option<Micros>,
}

impl RepairBudget {
    /// Whether `bytes` may be retransmitted with an estimate in bit/s. If so, counts them.
    pub fn allow(&mut self, now: Micros, estimate: u64, bytes: usize) -> bool {
        let rate = estimate * SHARE / 100;
        let full = rate.saturating_mul(BURST);
        self.unspent = match self.refilled {
            Some(last) => {
                let gained = now.since(last).saturating_mul(rate);
                self.unspent.saturating_add(gained).min(full)
            }
            None => full,
        };
        self.refilled = Some(now);
        let cost = 8 * SECOND * bytes as u64;
        match self.unspent.checked_sub(cost) {
            Some(rest) => {
                self.unspent = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MILLISECOND;

    fn allowed(budget: &mut RepairBudget, now: u64, estimate: u64) -> usize {
        let now = Micros(now * MILLISECOND);
        (0..1_000)
            .filter(|_| budget.allow(now, estimate, 1_000))
            .count()
    }

    #[test]
    fn retransmissions_are_a_share_of_the_estimate() {
        let mut budget = RepairBudget::default();
        assert_eq!(allowed(&mut budget, 0, 1_600_000), 25, "half a second");
        assert_eq!(allowed(&mut budget, 10, 1_600_000), 0);
        assert_eq!(allowed(&mut budget, 100, 1_600_000), 5);
        assert_eq!(allowed(&mut budget, 60_000, 1_600_000), 25, "no more");
        assert_eq!(
            allowed(&mut budget, 60_500, 160_000),
            2,
            "the estimate fell"
        );
    }
}
