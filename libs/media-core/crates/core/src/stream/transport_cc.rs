//! When packets arrived, by transport-wide sequence number.

use super::SequenceUnwrapper;
use crate::api::Micros;

/// Packets that are remembered.
const CAPACITY: u64 = 2_048;
/// How far behind the last feedback a packet may come and still be told of.
const LATE_WINDOW: u64 = 512;
const INTERVAL_MICROS: u64 = 100_000;
/// With [`BUSY_PACKETS`] waiting.
const BUSY_INTERVAL_MICROS: u64 = 50_000;
const BUSY_PACKETS: u32 = 50;
/// Marks a slot whose packet has not come.
const MISSING: u64 = u64::MAX;

/// What a transport-wide congestion control feedback is made from
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01): arrival times since the last one.
#[derive(Debug, Clone)]
pub struct ArrivalLog {
    unwrapper: SequenceUnwrapper,
    /// Arrival in microseconds of packet `n` in slot `n % CAPACITY`, valid for `next - CAPACITY..next`.
    arrivals: Vec<u64>,
    /// The first that the next feedback tells of.
    base: u64,
    /// One above the highest that came; 0 before the first.
    next: u64,
    /// Came since the last feedback.
    fresh: u32,
    last_feedback: Micros,
    count: u8,
}

impl Default for ArrivalLog {
    fn default() -> Self {
        Self::new()
    }
}

impl ArrivalLog {
    /// Has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            unwrapper: SequenceUnwrapper::new(),
            arrivals: vec![MISSING; CAPACITY as usize],
            base: 0,
            next: 0,
            fresh: 0,
            last_feedback: Micros(0),
            count: 0,
        }
    }

    /// A packet with this transport-wide sequence number came at `now`. Copies and what is too late are ignored.
    pub fn record(&mut self, sequence: u16, now: Micros) {
        let ext = self.unwrapper.extend(sequence);
        if self.next == 0 {
            self.base = ext;
            self.next = ext;
            self.last_feedback = now;
        }
        if ext >= self.next {
            self.advance(ext);
        } else if ext < self.base {
            if self.base - ext > LATE_WINDOW || self.next - ext > CAPACITY {
                return;
            }
            // A feedback covers a run of numbers: what follows the late one is told again, which does no harm.
            self.base = ext;
        }
        if let Some(slot) = self.arrivals.get_mut(slot_of(ext)) {
            if *slot == MISSING {
                *slot = now.0.min(MISSING - 1);
                self.fresh = self.fresh.saturating_add(1);
            }
        }
    }

    /// Whether feedback should be sent: after 100 ms, 50 ms at high rates, or before the log is full.
    #[must_use]
    pub fn is_due(&self, now: Micros) -> bool {
        let interval = if self.fresh >= BUSY_PACKETS { BUSY_INTERVAL_MICROS } else { INTERVAL_MICROS };
        self.fresh > 0 && (now.since(self.last_feedback) >= interval || self.next - self.base >= CAPACITY / 2)
    }

    /// Replaces `out` by what the feedback sent at `now` tells: consecutive sequence numbers (wire), each with its
    /// arrival or `None` when it has not come; the last has come. At most 2,048; empty when nothing new came.
    pub fn take(&mut self, now: Micros, out: &mut Vec<(u16, Option<Micros>)>) {
        out.clear();
        if self.fresh == 0 {
            return;
        }
        out.extend((self.base..self.next).map(|ext| {
            let arrival = self.arrivals.get(slot_of(ext)).copied().filter(|arrival| *arrival != MISSING);
            (ext as u16, arrival.map(Micros))
        }));
        self.base = self.next;
        self.fresh = 0;
        self.last_feedback = now;
    }

    /// The feedback packet count field of the next message; wraps around. One for each message, when a feedback is
    /// split.
    pub const fn take_count(&mut self) -> u8 {
        let count = self.count;
        self.count = count.wrapping_add(1);
        count
    }

    /// Makes `ext` the newest; what lies between has not come.
    fn advance(&mut self, ext: u64) {
        if ext - self.next >= CAPACITY {
            // A restart: a run of so many lost packets is of use to nobody.
            self.arrivals.fill(MISSING);
            self.base = ext;
            self.fresh = 0;
        } else {
            for skipped in self.next..=ext {
                if let Some(slot) = self.arrivals.get_mut(slot_of(skipped)) {
                    *slot = MISSING;
                }
            }
        }
        self.next = ext + 1;
        self.base = self.base.max(self.next.saturating_sub(CAPACITY));
    }
}

const fn slot_of(ext: u64) -> usize {
    (ext % CAPACITY) as usize
}
