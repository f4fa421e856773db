//! Arrival times by transport-wide sequence number.

use super::sequence_unwrapper::SequenceUnwrapper;
use crate::api::Micros;

/// Packets in the log.
const CAPACITY: u64 = 2_048;
/// How far behind the last feedback a late packet may be and still be reported.
const LATE_WINDOW: u64 = 512;
const INTERVAL_MICROS: u64 = 100_000;
/// Applies once [`BUSY_PACKETS`] packets wait to be reported.
const BUSY_INTERVAL_MICROS: u64 = 50_000;
const BUSY_PACKETS: u32 = 50;
/// Marks a slot without an arrival.
const MISSING: u64 = u64::MAX;

/// Arrival times since the last transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
#[derive(Debug, Clone)]
pub(crate) struct ArrivalLog {
    unwrapper: SequenceUnwrapper,
    /// Arrival time in microseconds of packet `n` in slot `n % CAPACITY`, valid for `next - CAPACITY..next`.
    arrivals: Vec<u64>,
    /// The first packet that the next feedback reports.
    base: u64,
    /// One above the highest received number; 0 before the first packet.
    next: u64,
    /// Packets received since the last feedback.
    unreported: u32,
    last_feedback: Micros,
    count: u8,
}

impl Default for ArrivalLog {
    fn default() -> Self {
        Self::new()
    }
}

impl ArrivalLog {
    /// An empty log.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            unwrapper: SequenceUnwrapper::new(),
            arrivals: vec![MISSING; CAPACITY as usize],
            base: 0,
            next: 0,
            unreported: 0,
            last_feedback: Micros(0),
            count: 0,
        }
    }

    /// Records that a packet with this transport-wide sequence number arrived at `now`. Ignores duplicates and packets
    /// that are too late.
    pub(crate) fn record(&mut self, sequence: u16, now: Micros) {
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
            // Feedback covers consecutive numbers, so it repeats the packets after the late one. Senders accept that.
            self.base = ext;
        }
        if let Some(slot) = self.arrivals.get_mut(slot_of(ext))
            && *slot == MISSING
        {
            *slot = now.0.min(MISSING - 1);
            self.unreported = self.unreported.saturating_add(1);
        }
    }

    /// Whether feedback is due: after 100 ms, after 50 ms at high rates, or before the log is full.
    #[must_use]
    pub(crate) fn is_due(&self, now: Micros) -> bool {
        let interval = if self.unreported >= BUSY_PACKETS {
            BUSY_INTERVAL_MICROS
        } else {
            INTERVAL_MICROS
        };
        self.unreported > 0
            && (now.since(self.last_feedback) >= interval || self.next - self.base >= CAPACITY / 2)
    }

    /// Replaces `out` by the statuses to report at `now`: consecutive sequence numbers (as on the wire), each with its
    /// arrival time or `None` if it has not arrived. The last has arrived. At most 2,048; empty if nothing arrived
    /// since the last call.
    pub(crate) fn take_statuses(&mut self, now: Micros, out: &mut Vec<(u16, Option<Micros>)>) {
        out.clear();
        if self.unreported == 0 {
            return;
        }
        out.extend((self.base..self.next).map(|ext| {
            let arrival = self
                .arrivals
                .get(slot_of(ext))
                .copied()
                .filter(|arrival| *arrival != MISSING);
            (ext as u16, arrival.map(Micros))
        }));
        self.base = self.next;
        self.unreported = 0;
        self.last_feedback = now;
    }

    /// The feedback packet count field of the next feedback message; wraps around.
    pub(crate) const fn next_feedback_count(&mut self) -> u8 {
        let count = self.count;
        self.count = count.wrapping_add(1);
        count
    }

    /// Makes `ext` the highest number; those between are missing so far.
    fn advance(&mut self, ext: u64) {
        if ext - self.next >= CAPACITY {
            // The sender has restarted: reporting that many losses would be useless.
            self.arrivals.fill(MISSING);
            self.base = ext;
            self.unreported = 0;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn take(log: &mut ArrivalLog, now: u64) -> Vec<(u16, Option<u64>)> {
        let mut out = Vec::new();
        log.take_statuses(Micros(now), &mut out);
        out.into_iter()
            .map(|(sequence, arrival)| (sequence, arrival.map(|arrival| arrival.0)))
            .collect()
    }

    /// A log with one packet per microsecond.
    fn log_of(sequences: &[u16]) -> ArrivalLog {
        let mut log = ArrivalLog::new();
        for (sequence, now) in sequences.iter().zip(0..) {
            log.record(*sequence, Micros(now));
        }
        log
    }

    #[test]
    fn reports_arrivals_and_missing_packets() {
        let mut log = log_of(&[65_534, 65_535, 1]);
        assert_eq!(
            take(&mut log, 100_000),
            [
                (65_534, Some(0)),
                (65_535, Some(1)),
                (0, None),
                (1, Some(2))
            ]
        );
    }

    #[test]
    fn loss_between_two_feedbacks_is_reported_by_the_second() {
        let mut log = log_of(&[10]);
        take(&mut log, 100_000);
        log.record(12, Micros(110_000));
        assert_eq!(take(&mut log, 200_000), [(11, None), (12, Some(110_000))]);
    }

    #[test]
    fn a_late_packet_is_reported_with_those_after_it() {
        let mut log = log_of(&[10, 12, 13]);
        take(&mut log, 100_000);
        log.record(11, Micros(110_000));
        assert_eq!(
            take(&mut log, 200_000),
            [(11, Some(110_000)), (12, Some(1)), (13, Some(2))]
        );
    }

    #[test]
    fn a_packet_that_is_too_late_is_not_reported() {
        let mut log = log_of(&[10_000]);
        take(&mut log, 100_000);
        log.record(10_001 - LATE_WINDOW as u16 - 1, Micros(110_000));
        assert!(!log.is_due(Micros(10_000_000)));
    }

    #[test]
    fn the_latest_packet_that_is_reported() {
        let mut log = log_of(&[10_000]);
        take(&mut log, 100_000);
        log.record(10_001 - LATE_WINDOW as u16, Micros(110_000));
        assert_eq!(take(&mut log, 200_000).len(), LATE_WINDOW as usize);
    }

    #[test]
    fn a_late_packet_that_the_log_has_no_place_for_is_not_reported() {
        let mut log = log_of(&[600, 2_200, 152, 153]);
        let statuses = take(&mut log, 100_000);
        assert_eq!(statuses.len(), CAPACITY as usize);
        assert_eq!(statuses[0], (153, Some(3)));
    }

    #[test]
    fn the_first_of_two_duplicates_counts() {
        let mut log = log_of(&[10, 10]);
        assert_eq!(take(&mut log, 100_000), [(10, Some(0))]);
    }

    #[test]
    fn feedback_is_due_every_100_ms() {
        let mut log = log_of(&[10]);
        assert!(!log.is_due(Micros(99_999)));
        assert!(log.is_due(Micros(100_000)));
        take(&mut log, 100_000);
        log.record(11, Micros(150_000));
        assert!(!log.is_due(Micros(199_999)));
        assert!(log.is_due(Micros(200_000)));
    }

    #[test]
    fn feedback_is_due_twice_as_often_at_high_rates() {
        let log = log_of(&(0..50).collect::<Vec<_>>());
        assert!(!log.is_due(Micros(49_999)));
        assert!(log.is_due(Micros(50_000)));
    }

    #[test]
    fn feedback_is_due_before_the_log_is_full() {
        let log = log_of(&(0..CAPACITY as u16 / 2).collect::<Vec<_>>());
        assert!(log.is_due(Micros(2_000)));
    }

    #[test]
    fn no_feedback_is_due_without_new_packets() {
        let mut log = log_of(&[10]);
        take(&mut log, 100_000);
        assert!(!log.is_due(Micros(500_000)));
        assert_eq!(take(&mut log, 500_000), []);
    }

    #[test]
    fn a_jump_restarts_the_log() {
        let mut log = log_of(&[10, 20_000]);
        assert_eq!(take(&mut log, 100_000), [(20_000, Some(1))]);
    }

    #[test]
    fn feedback_messages_are_counted() {
        let mut log = ArrivalLog::new();
        assert_eq!(
            (log.next_feedback_count(), log.next_feedback_count()),
            (0, 1)
        );
        assert_eq!((2..=256).map(|_| log.next_feedback_count()).last(), Some(0));
    }

    proptest! {
        #[test]
        fn every_arrival_within_the_window_is_reported(
            steps in prop::collection::vec((-100i64..110, prop::bool::weighted(0.05)), 1..600),
        ) {
            let mut log = ArrivalLog::new();
            let mut highest = 1u64 << 16;
            let mut expected = BTreeMap::new();
            let mut reported = BTreeMap::new();
            for ((step, feedback), now) in steps.into_iter().zip(0..) {
                let ext = highest.wrapping_add_signed(step);
                // Everything is reported within the window, so that the numbers are unambiguous.
                if highest - (1 << 16) < 30_000 && ext > (1 << 16) {
                    highest = highest.max(ext);
                    log.record(ext as u16, Micros(now));
                    expected.entry(ext as u16).or_insert(now);
                }
                if feedback || log.is_due(Micros(now)) {
                    let run = take(&mut log, now);
                    prop_assert!(run.windows(2).all(|pair| pair[1].0 == pair[0].0.wrapping_add(1)));
                    prop_assert!(run.last().is_none_or(|(_, arrival)| arrival.is_some()));
                    prop_assert!(run.len() <= CAPACITY as usize);
                    reported.extend(run.into_iter().filter_map(|(sequence, arrival)| Some((sequence, arrival?))));
                }
            }
            reported.extend(take(&mut log, 0).into_iter().filter_map(|(sequence, arrival)| Some((sequence, arrival?))));
            prop_assert_eq!(reported, expected);
        }

        #[test]
        fn handles_any_numbers(sequences in prop::collection::vec(any::<u16>(), 1..200)) {
            let mut log = ArrivalLog::new();
            for (sequence, now) in sequences.into_iter().zip(0..) {
                log.record(sequence, Micros(now));
                if now % 7 == 0 {
                    prop_assert!(take(&mut log, now).len() <= CAPACITY as usize);
                }
            }
        }
    }
}
