//! Which packets of a stream are missing, and when to ask for them.

use std::collections::VecDeque;

use crate::api::Micros;

/// More missing than this at once is not worth repairing packet by packet.
const MAX_MISSING: usize = 1_000;
/// A gap younger than this may be reordering.
const REORDER_MICROS: u64 = 15_000;
/// As may one that fewer packets than this have come after.
const REORDER_PACKETS: u64 = 2;
/// Bounds of the time between two requests for one packet; between them it is the round trip.
const MIN_REPEAT_MICROS: u64 = 20_000;
const MAX_REPEAT_MICROS: u64 = 1_000_000;
/// Requests for one packet before it is given up.
const MAX_TRIES: u8 = 10;

/// What a packet's arrival meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// New, with or without a gap before it.
    New,
    /// Was missing but had not been asked for yet.
    Reordered,
    /// Was missing and had been asked for.
    Repaired,
    /// Neither new nor missing: a copy, or given up already.
    NotMissing,
    /// So much is missing that the list was emptied: ask for a key frame.
    KeyFrameNeeded,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    sequence: u64,
    /// Found missing at this time, or asked for last.
    since: Micros,
    /// The count of new packets when it was found missing, that one not included.
    found_at: u64,
    tries: u8,
}

/// The missing packets of a stream and the timing of negative acknowledgements (RFC 4585 section 6.2.1).
#[derive(Debug, Clone, Default)]
pub struct NackGenerator {
    highest: Option<u64>,
    /// Ascending by sequence.
    missing: VecDeque<Missing>,
    /// New packets so far.
    arrivals: u64,
    /// The extended number of the last key frame's first packet.
    key_frame: u64,
}

impl NackGenerator {
    /// Has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { highest: None, missing: VecDeque::new(), arrivals: 0, key_frame: 0 }
    }

    /// Packet `ext` (extended) came, by itself or by RTX.
    pub fn received(&mut self, ext: u64, now: Micros) -> Arrival {
        let Some(highest) = self.highest else {
            self.highest = Some(ext);
            return Arrival::New;
        };
        if ext <= highest {
            return self.fill(ext);
        }
        self.highest = Some(ext);
        let gap = ext - highest - 1;
        if gap > MAX_MISSING as u64 || !self.make_room(gap as usize) {
            self.missing.clear();
            return Arrival::KeyFrameNeeded;
        }
        for sequence in highest + 1..ext {
            self.missing.push_back(Missing { sequence, since: now, found_at: self.arrivals, tries: 0 });
        }
        self.arrivals += 1;
        Arrival::New
    }

    /// A key frame begins with packet `ext`: what was before it is the first to be given up.
    pub fn key_frame(&mut self, ext: u64) {
        self.key_frame = self.key_frame.max(ext);
    }

    /// Appends to `out` the wire numbers to ask for at `now`, ascending, and counts them as asked for.
    ///
    /// A packet is asked for first when it is 15 ms late or two newer ones have come, then each round trip (`rtt` in
    /// microseconds; at least 20 ms, at most a second), ten times at most.
    pub fn due(&mut self, now: Micros, rtt: u64, out: &mut Vec<u16>) {
        let repeat = rtt.clamp(MIN_REPEAT_MICROS, MAX_REPEAT_MICROS);
        let arrivals = self.arrivals;
        self.missing.retain_mut(|missing| {
            let age = now.since(missing.since);
            let due = match missing.tries {
                0 => age >= REORDER_MICROS || arrivals - missing.found_at >= REORDER_PACKETS,
                _ => age >= repeat,
            };
            if !due {
                return true;
            }
            if missing.tries == MAX_TRIES {
                return false;
            }
            missing.tries += 1;
            missing.since = now;
            out.push(missing.sequence as u16);
            true
        });
    }

    /// Packets missing now.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    fn fill(&mut self, ext: u64) -> Arrival {
        let Ok(index) = self.missing.binary_search_by_key(&ext, |missing| missing.sequence) else {
            return Arrival::NotMissing;
        };
        match self.missing.remove(index) {
            Some(missing) if missing.tries > 0 => Arrival::Repaired,
            _ => Arrival::Reordered,
        }
    }

    /// Whether `gap` more fit the list, if need be without what is older than the last key frame.
    fn make_room(&mut self, gap: usize) -> bool {
        if self.missing.len() + gap > MAX_MISSING {
            let old = self.missing.partition_point(|missing| missing.sequence < self.key_frame);
            self.missing.drain(..old);
        }
        self.missing.len() + gap <= MAX_MISSING
    }
}
