//! Detection of lost packets, and the timing of NACKs.

use std::collections::VecDeque;

use crate::api::Micros;

/// With more missing packets at once, a key frame costs less than repairing each packet.
const MAX_MISSING: usize = 1_000;
/// Time after which a missing packet is requested; before that, it may only be reordered.
const REORDER_MICROS: u64 = 15_000;
/// Number of newer packets after which a missing packet is requested earlier.
const REORDER_PACKETS: u64 = 2;
/// Limits of the time between two requests for one packet; within them it is the round-trip time.
const MIN_REPEAT_MICROS: u64 = 20_000;
const MAX_REPEAT_MICROS: u64 = 1_000_000;
/// Requests for one packet before giving up.
const MAX_TRIES: u8 = 10;

/// The classification of an arriving packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A new packet, with or without a gap before it.
    New,
    /// A missing packet that was not requested yet.
    Reordered,
    /// A missing packet that was requested.
    Repaired,
    /// Neither new nor missing: a duplicate, or no longer requested.
    NotMissing,
    /// Too many packets are missing. The list was cleared, and a key frame is needed.
    KeyFrameNeeded,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    sequence: u64,
    /// When it was found missing or last requested.
    since: Micros,
    /// The number of new packets before the one that revealed the gap.
    found_at: u64,
    tries: u8,
}

/// The missing packets of a stream, and when to request them (RFC 4585 section 6.2.1).
#[derive(Debug, Clone, Default)]
pub(crate) struct NackGenerator {
    highest: Option<u64>,
    /// Ascending by sequence number.
    missing: VecDeque<Missing>,
    /// Number of new packets so far.
    arrivals: u64,
    /// The extended number of the first packet of the last key frame.
    key_frame: u64,
}

impl NackGenerator {
    /// A generator without received packets.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            highest: None,
            missing: VecDeque::new(),
            arrivals: 0,
            key_frame: 0,
        }
    }

    /// Records packet `ext` (extended), received directly or by RTX.
    pub(crate) fn received(&mut self, ext: u64, now: Micros) -> Arrival {
        let Some(highest) = self.highest else {
            self.highest = Some(ext);
            return Arrival::New;
        };
        if ext <= highest {
            return self.fill(ext);
        }
        self.highest = Some(ext);
        let gap = ext - highest - 1;
        if !self.make_room(gap as usize) {
            self.missing.clear();
            return Arrival::KeyFrameNeeded;
        }
        for sequence in highest + 1..ext {
            self.missing.push_back(Missing {
                sequence,
                since: now,
                found_at: self.arrivals,
                tries: 0,
            });
        }
        self.arrivals += 1;
        Arrival::New
    }

    /// Gives up all missing packets.
    pub(crate) fn clear(&mut self) {
        self.missing.clear();
    }

    /// Records that a key frame starts with packet `ext`. Packets before it are given up first.
    pub(crate) fn key_frame(&mut self, ext: u64) {
        self.key_frame = self.key_frame.max(ext);
    }

    /// Appends to `out` the sequence numbers (as on the wire) to request at `now`, ascending, and counts them as
    /// requested.
    ///
    /// A packet is first requested when it is 15 ms late or two newer ones have arrived, then once per round trip, at
    /// most ten times. `rtt` is in microseconds and limited to 20 ms to 1 s.
    pub(crate) fn due(&mut self, now: Micros, rtt: u64, out: &mut Vec<u16>) {
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

    /// Number of missing packets.
    #[must_use]
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    fn fill(&mut self, ext: u64) -> Arrival {
        let Ok(index) = self
            .missing
            .binary_search_by_key(&ext, |missing| missing.sequence)
        else {
            return Arrival::NotMissing;
        };
        match self.missing.remove(index) {
            Some(missing) if missing.tries > 0 => Arrival::Repaired,
            _ => Arrival::Reordered,
        }
    }

    /// Whether the list has room for `gap` more packets, if necessary after giving up those before the last key frame.
    fn make_room(&mut self, gap: usize) -> bool {
        if self.missing.len() + gap > MAX_MISSING {
            let old = self
                .missing
                .partition_point(|missing| missing.sequence < self.key_frame);
            self.missing.drain(..old);
        }
        self.missing.len() + gap <= MAX_MISSING
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const RTT: u64 = 50_000;

    fn due(nacks: &mut NackGenerator, now: u64) -> Vec<u16> {
        let mut out = Vec::new();
        nacks.due(Micros(now), RTT, &mut out);
        out
    }

    /// A generator that received these packets at time 0.
    fn after(sequences: &[u64]) -> NackGenerator {
        let mut nacks = NackGenerator::new();
        for sequence in sequences {
            nacks.received(*sequence, Micros(0));
        }
        nacks
    }

    #[test]
    fn a_young_gap_is_not_requested() {
        let mut nacks = after(&[10, 12]);
        assert_eq!(due(&mut nacks, 14_999), []);
        assert_eq!(nacks.received(11, Micros(14_999)), Arrival::Reordered);
        assert_eq!(due(&mut nacks, 30_000), []);
    }

    #[test]
    fn a_packet_is_requested_after_the_reorder_time() {
        assert_eq!(due(&mut after(&[10, 12]), 15_000), [11]);
    }

    #[test]
    fn a_packet_is_requested_after_two_newer_ones() {
        assert_eq!(due(&mut after(&[10, 13, 14]), 0), [11, 12]);
    }

    #[test]
    fn a_request_is_repeated_each_round_trip() {
        let mut nacks = after(&[10, 12, 13]);
        assert_eq!(due(&mut nacks, 0), [11]);
        assert_eq!(due(&mut nacks, RTT - 1), []);
        assert_eq!(due(&mut nacks, RTT), [11]);
    }

    #[test]
    fn requests_are_at_least_20_ms_apart() {
        let mut nacks = after(&[10, 12, 13]);
        let mut out = Vec::new();
        for millisecond in 0..=20 {
            nacks.due(Micros(millisecond * 1_000), 0, &mut out);
        }
        assert_eq!(out, [11, 11]);
    }

    #[test]
    fn a_repaired_packet_is_not_requested_again() {
        let mut nacks = after(&[10, 12, 13]);
        due(&mut nacks, 0);
        assert_eq!(nacks.received(11, Micros(1)), Arrival::Repaired);
        assert_eq!(nacks.received(11, Micros(2)), Arrival::NotMissing);
        assert_eq!(due(&mut nacks, RTT), []);
    }

    #[test]
    fn gives_up_after_ten_tries() {
        let mut nacks = after(&[10, 12, 13]);
        let asked: usize = (0..20).map(|n| due(&mut nacks, n * RTT).len()).sum();
        assert_eq!(asked, 10);
        assert_eq!(nacks.missing(), 0);
    }

    #[test]
    fn a_gap_beyond_repair_needs_a_key_frame() {
        let mut nacks = after(&[10, 12]);
        assert_eq!(
            nacks.received(12 + 1_002, Micros(0)),
            Arrival::KeyFrameNeeded
        );
        assert_eq!(nacks.missing(), 0);
        assert_eq!(nacks.received(1_015, Micros(0)), Arrival::New);
    }

    #[test]
    fn a_gap_of_1000_packets_is_requested() {
        let mut nacks = after(&[10]);
        assert_eq!(nacks.received(1_011, Micros(0)), Arrival::New);
        assert_eq!(nacks.missing(), 1_000);
        let mut nacks = after(&[10]);
        assert_eq!(nacks.received(1_012, Micros(0)), Arrival::KeyFrameNeeded);
    }

    #[test]
    fn packets_before_the_gap_do_not_hasten_the_request() {
        assert_eq!(due(&mut after(&[10, 11, 12, 13, 15]), 0), []);
    }

    #[test]
    fn nothing_is_given_up_while_the_list_has_room() {
        let mut nacks = after(&[10, 511]);
        nacks.key_frame(511);
        assert_eq!(nacks.received(1_012, Micros(0)), Arrival::New);
        assert_eq!(nacks.missing(), 1_000);
    }

    #[test]
    fn a_full_list_gives_up_packets_before_the_key_frame() {
        let mut nacks = after(&[10, 611]);
        nacks.key_frame(611);
        assert_eq!(nacks.received(1_212, Micros(0)), Arrival::New);
        assert_eq!(nacks.missing(), 600);
        assert_eq!(nacks.received(11, Micros(0)), Arrival::NotMissing);
    }

    #[test]
    fn a_full_list_without_a_key_frame_needs_one() {
        let mut nacks = after(&[10, 611]);
        assert_eq!(nacks.received(1_212, Micros(0)), Arrival::KeyFrameNeeded);
    }

    #[test]
    fn packets_before_the_first_are_not_missing() {
        assert_eq!(after(&[10]).received(9, Micros(0)), Arrival::NotMissing);
    }

    proptest! {
        #[test]
        fn missing_packets_are_requested_at_most_ten_times(
            start in 1u64 << 16..1 << 18,
            lost in prop::collection::vec(prop::bool::weighted(0.1), 1..300),
            repaired_after in prop::option::of(1u64..60),
        ) {
            let mut nacks = NackGenerator::new();
            nacks.received(start - 1, Micros(0));
            let mut tries: HashMap<u16, (u64, u64)> = HashMap::new();
            let mut out = Vec::new();
            for (n, is_lost) in (0u64..).zip(&lost) {
                let now = n * 5_000;
                if !is_lost {
                    prop_assert_eq!(nacks.received(start + n, Micros(now)), Arrival::New);
                }
                let back = tries.iter().find(|(_, (_, at))| repaired_after.is_some_and(|after| n - at == after));
                if let Some(sequence) = back.map(|(sequence, _)| *sequence) {
                    let ext = start + u64::from(sequence.wrapping_sub(start as u16));
                    nacks.received(ext, Micros(now));
                    tries.remove(&sequence);
                }
                out.clear();
                nacks.due(Micros(now), 0, &mut out);
                prop_assert!(out.len() <= nacks.missing());
                for sequence in &out {
                    let index = usize::from(sequence.wrapping_sub(start as u16));
                    prop_assert!(lost[index], "{} has come", sequence);
                    let entry = tries.entry(*sequence).or_insert((0, n));
                    entry.0 += 1;
                    prop_assert!(entry.0 <= 10);
                }
            }
        }

        #[test]
        fn the_list_stays_bounded(steps in prop::collection::vec(-1_200i64..1_200, 1..200)) {
            let mut nacks = NackGenerator::new();
            let mut highest = 1u64 << 20;
            let mut out = Vec::new();
            for step in steps {
                let ext = highest.wrapping_add_signed(step);
                highest = highest.max(ext);
                let arrival = nacks.received(ext, Micros(0));
                prop_assert!(nacks.missing() <= MAX_MISSING);
                prop_assert!(arrival != Arrival::KeyFrameNeeded || nacks.missing() == 0);
                out.clear();
                nacks.due(Micros(1_000_000), RTT, &mut out);
                prop_assert!(!out.contains(&(ext as u16)));
            }
        }
    }
}
