//! A probe that is being sent.

use crate::constants::pacer::PROBE_BURST;
use crate::probe::Probe;
use crate::time::{Micros, SECOND};

/// A probe that is being sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Burst {
    pub(super) probe: Probe,
    pub(super) started: Option<Micros>,
    pub(super) packets: u32,
    pub(super) bytes: u64,
}

impl Burst {
    /// When the bytes sent so far have left at the probe's rate.
    fn paid(&self, now: Micros) -> Micros {
        let sent = duration(self.bytes as f64, self.probe.rate);
        self.started.unwrap_or(now).plus(sent)
    }

    /// A probe's packets leave in small groups, so that timers need not be precise.
    pub(super) fn is_due(&self, now: Micros) -> bool {
        self.paid(now) <= now.plus(PROBE_BURST)
    }

    pub(super) fn next_release(&self, now: Micros) -> Micros {
        if self.is_due(now) {
            now
        } else {
            self.paid(now)
        }
    }
}

/// Microseconds that bytes take at a rate in bit/s.
pub(super) fn duration(bytes: f64, rate: f64) -> u64 {
    (8.0 * bytes * SECOND as f64 / rate.max(1.0)).ceil() as u64
}
