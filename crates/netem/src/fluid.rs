//! A source that sends exactly what the estimate allows.

use hubbub_congestion::{Micros, SECOND};

/// Bytes of each packet.
pub(crate) const PACKET: usize = 1_200;

/// The source.
#[derive(Debug, Clone)]
pub(crate) struct Fluid {
    /// What it wants at most, bit/s.
    wanted: u64,
    /// When it sends nothing.
    pause: Option<(Micros, Micros)>,
    next: Micros,
}

impl Fluid {
    /// A source of up to `wanted` bit/s, which pauses once.
    pub(crate) const fn new(now: Micros, wanted: u64, pause: Option<(Micros, Micros)>) -> Self {
        Self {
            wanted,
            pause,
            next: now,
        }
    }

    /// What it could use now, bit/s.
    pub(crate) fn wanted(&self, now: Micros) -> u64 {
        match self.pause {
            Some((from, until)) if from <= now && now < until => 0,
            _ => self.wanted,
        }
    }

    /// When it sends next.
    pub(crate) const fn timer(&self) -> Micros {
        self.next
    }

    /// The number of packets to send now.
    pub(crate) fn tick(&mut self, now: Micros, estimate: u64) -> usize {
        if now < self.next {
            return 0;
        }
        if let Some((from, until)) = self.pause
            && from <= now
            && now < until
        {
            self.next = until;
            return 0;
        }
        let rate = estimate.min(self.wanted).max(1);
        self.next = now.plus(8 * PACKET as u64 * SECOND / rate);
        1
    }
}
