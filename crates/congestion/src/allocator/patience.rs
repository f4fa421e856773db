//! What is remembered against flapping: which total the link did not carry.
//!
//! It is remembered for the transport and not for a stream. Otherwise, of several equal streams, one after the other would
//! try what failed with the first.

use crate::constants::allocator::{LASTING, MAX_WAIT, MIN_WAIT, NEAR, RESUME_WAIT};
use crate::time::Micros;

/// More was forwarded, and soon did not fit any more.
#[derive(Debug, Clone, Copy)]
struct Failure {
    /// bit/s.
    total: u64,
    /// Such a total waits until the budget would have kept it for this long.
    wait: u64,
    /// When the budget would not have kept it.
    short: Micros,
}

/// Decides when a higher total may be tried.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Patience {
    raised: Option<Micros>,
    lowered: Option<Micros>,
    failure: Option<Failure>,
}

impl Patience {
    /// Takes note of the budget, and of the total in force.
    pub(super) fn observe(&mut self, now: Micros, budget: u64, total: u64) {
        let Some(failure) = &mut self.failure else {
            return;
        };
        if budget < failure.total {
            failure.short = now;
        }
        let changed = self.raised.max(self.lowered);
        if is_near(total, failure) && changed.is_none_or(|at| now.since(at) >= LASTING) {
            self.failure = None;
        }
    }

    /// More is forwarded.
    pub(super) const fn raised(&mut self, now: Micros) {
        self.raised = Some(now);
    }

    /// This total does not fit any more.
    pub(super) fn lowered(&mut self, now: Micros, total: u64) {
        self.lowered = Some(now);
        // Of several that follow a rise, the first says what was too much.
        let raised = self.raised.take();
        if raised.is_some_and(|at| now.since(at) < LASTING) {
            let last = self.failure.map_or(MIN_WAIT, |failure| failure.wait);
            self.failure = Some(Failure {
                total,
                wait: (2 * last).min(MAX_WAIT),
                short: now,
            });
        }
    }

    /// Whether a higher total may be tried.
    pub(super) fn may_rise(&self, now: Micros, total: u64) -> bool {
        let has_settled = self.lowered.is_none_or(|at| now.since(at) >= MIN_WAIT);
        let failure = self.failure.filter(|failure| is_near(total, failure));
        has_settled && failure.is_none_or(|failure| now.since(failure.short) >= failure.wait)
    }

    /// Whether a stream that is paused may get its lowest step. A picture is worth more than a steady one, so it does not wait
    /// long.
    pub(super) fn may_resume(&self, now: Micros) -> bool {
        let wait = self.failure.map_or(MIN_WAIT, |failure| failure.wait);
        let wait = wait.min(RESUME_WAIT);
        self.lowered.is_none_or(|at| now.since(at) >= wait)
    }
}

/// Whether a total is about what failed, or more.
const fn is_near(total: u64, failure: &Failure) -> bool {
    total >= failure.total * NEAR / 100
}
