//! Detects application-limited phases: the sender has less to send than the link carries.

use crate::constants::alr::{START_LEVEL, STOP_LEVEL, USAGE, WINDOW};
use crate::time::{Micros, SECOND};

/// A budget that fills at a share of the estimate and that sent bytes empty.
#[derive(Debug, Clone)]
pub(crate) struct ApplicationLimit {
    /// bit/s.
    rate: f64,
    /// Bytes left: positive when less was sent than the share.
    left: f64,
    updated: Micros,
    since: Option<Micros>,
}

impl ApplicationLimit {
    pub(crate) fn new(now: Micros, estimate: f64) -> Self {
        Self {
            rate: USAGE * estimate,
            left: 0.0,
            updated: now,
            since: None,
        }
    }

    /// When the phase began; `None` outside of one.
    pub(crate) const fn since(&self) -> Option<Micros> {
        self.since
    }

    /// Adopts an estimate. What was sent until now is to be counted before.
    pub(crate) const fn set_estimate(&mut self, estimate: f64) {
        self.rate = USAGE * estimate;
    }

    /// Counts sent bytes. With zero bytes it only lets time pass, so that a sender of nothing is limited, too.
    pub(crate) fn sent(&mut self, now: Micros, size: u64) {
        let bytes_per_second = self.rate / 8.0;
        let capacity = bytes_per_second * WINDOW as f64 / SECOND as f64;
        let elapsed = now.since(self.updated).min(WINDOW) as f64 / SECOND as f64;
        self.updated = self.updated.max(now);
        self.left =
            (self.left + bytes_per_second * elapsed - size as f64).clamp(-capacity, capacity);
        if self.left > START_LEVEL * capacity {
            self.since.get_or_insert(now);
        } else if self.left < STOP_LEVEL * capacity {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(limit: &mut ApplicationLimit, from: u64, milliseconds: u64, bytes: u64) -> bool {
        for n in from..from + milliseconds {
            limit.sent(Micros(1_000 * n), bytes);
        }
        limit.since().is_some()
    }

    #[test]
    fn a_sender_below_65_percent_is_limited() {
        // 1 Mbit/s are 125 bytes per millisecond.
        let mut limit = ApplicationLimit::new(Micros(0), 1_000_000.0);
        assert!(!send(&mut limit, 0, 2_000, 90));
        assert!(send(&mut limit, 2_000, 2_000, 40));
        assert!(!send(&mut limit, 4_000, 1_000, 125));
    }

    #[test]
    fn a_sender_of_nothing_is_limited() {
        let mut limit = ApplicationLimit::new(Micros(0), 1_000_000.0);
        limit.sent(Micros(450_000), 0);
        assert!(limit.since().is_some());
    }
}
