//! One way of a link to another node: the checks that were sent, answered and received over it.

use crate::api::{Micros, Path};

/// Until the next check, after one was sent and after one was answered, microseconds.
const REPEAT_US: u64 = 200_000;
const INTERVAL_US: u64 = 1_000_000;
/// Checks that may still be answered: more than are sent until the way is no longer open.
const KEPT: usize = 16;
/// Without a check of the other side, or without its answer, the way is not open after this time, microseconds.
pub(super) const SILENCE_US: u64 = 3_000_000;

/// A numbered check, and when it was received or answered.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    number: u64,
    at: Option<Micros>,
}

impl Newest {
    /// Notes a check unless it, or a newer one, was noted before. Returns whether it did.
    fn advance(&mut self, now: Micros, number: u64) -> bool {
        let is_new = number > self.number;
        if is_new {
            *self = Self {
                number,
                at: Some(now),
            };
        }
        is_new
    }

    fn is_recent(&self, now: Micros) -> bool {
        self.at.is_some_and(|at| now.since(at) <= SILENCE_US)
    }
}

/// One way of a link.
#[derive(Debug)]
pub(super) struct CheckedWay {
    /// Where our checks go.
    pub(super) target: Path,
    /// Where the other side's newest check came from.
    source: Option<Path>,
    received: Newest,
    answered: Newest,
    /// The number of our last check, and when it and those before were sent.
    sent: u64,
    sent_at: [Micros; KEPT],
    next_check: Micros,
}

impl CheckedWay {
    pub(super) fn new(target: Path) -> Self {
        Self {
            target,
            source: None,
            received: Newest::default(),
            answered: Newest::default(),
            sent: 0,
            sent_at: [Micros(0); KEPT],
            next_check: Micros(0),
        }
    }

    pub(super) fn is_check_due(&self, now: Micros) -> bool {
        self.next_check <= now
    }

    /// Notes that a check is sent. Returns its number.
    pub(super) fn next_number(&mut self, now: Micros) -> u64 {
        self.sent += 1;
        if let Some(sent_at) = self.sent_at.get_mut(slot(self.sent)) {
            *sent_at = now;
        }
        self.next_check = now.plus(REPEAT_US);
        self.sent
    }

    /// Notes an authentic check of the other side, which arrived over `path`. Returns false if it is not newer than those
    /// before.
    pub(super) fn on_check(&mut self, now: Micros, path: Path, number: u64) -> bool {
        if self.source.is_none() {
            // The other side is there, so it answers now.
            self.next_check = now;
        }
        let is_new = self.received.advance(now, number);
        if is_new {
            self.source = Some(path);
        }
        is_new
    }

    /// Notes an authentic answer to a check of ours. Returns the time that it took, microseconds; `None` if that check is not
    /// one of the last, or it or a newer one was answered before.
    pub(super) fn on_answer(&mut self, now: Micros, number: u64) -> Option<u64> {
        let age = self.sent.checked_sub(number)?;
        if age >= KEPT as u64 || !self.answered.advance(now, number) {
            return None;
        }
        let sent_at = self.sent_at.get(slot(number))?;
        self.next_check = sent_at.plus(INTERVAL_US);
        Some(now.since(*sent_at))
    }

    /// Where media is sent; `None` while the way is not open.
    pub(super) fn path(&self, now: Micros) -> Option<Path> {
        let is_open = self.received.is_recent(now) && self.answered.is_recent(now);
        self.source.filter(|_| is_open)
    }
}

/// Where it is kept when a check was sent.
const fn slot(number: u64) -> usize {
    (number % KEPT as u64) as usize
}
