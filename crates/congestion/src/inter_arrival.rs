//! Groups packets that were sent together and measures the groups' distances at departure and at arrival.

use crate::constants::inter_arrival::{
    BURST_DELTA, CLOCK_JUMP, GROUP_LENGTH, MAX_BURST, REORDERED_GROUPS_BEFORE_RESET,
};
use crate::time::Micros;

/// The distance between two consecutive groups of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupDelta {
    /// Between the last departures, microseconds.
    pub(crate) departure: i64,
    /// Between the last arrivals, microseconds.
    pub(crate) arrival: i64,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: Micros,
    last_sent: Micros,
    first_arrival: i64,
    last_arrival: i64,
    /// When the feedback on its last packet came.
    reported: Micros,
}

impl Group {
    const fn new(now: Micros, sent: Micros, arrival: i64) -> Self {
        Self {
            first_sent: sent,
            last_sent: sent,
            first_arrival: arrival,
            last_arrival: arrival,
            reported: now,
        }
    }

    /// Whether a packet left with the first of the group. Not if it left before: then the difference wraps around.
    const fn leaves_with(&self, sent: Micros) -> bool {
        sent.0.wrapping_sub(self.first_sent.0) <= GROUP_LENGTH
    }

    /// Whether a packet that left later piled up behind the group on the way.
    fn piles_up(&self, sent: Micros, arrival: i64) -> bool {
        let arrival_delta = arrival.saturating_sub(self.last_arrival);
        let departure_delta = signed(sent) - signed(self.last_sent);
        departure_delta == 0
            || (arrival_delta < departure_delta
                && arrival_delta <= BURST_DELTA
                && arrival.saturating_sub(self.first_arrival) < MAX_BURST)
    }

    fn extend(&mut self, now: Micros, sent: Micros, arrival: i64) {
        self.last_sent = self.last_sent.max(sent);
        self.last_arrival = arrival;
        self.reported = now;
    }
}

/// Measures groups; arrival times are microseconds of the receiver's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct InterArrival {
    current: Option<Group>,
    previous: Option<Group>,
    reordered: u32,
}

impl InterArrival {
    /// Adds a received packet. Returns the distance of the two groups before it when it starts a new one.
    #[inline]
    pub(crate) fn add(&mut self, now: Micros, sent: Micros, arrival: i64) -> Option<GroupDelta> {
        match &mut self.current {
            Some(group) if group.leaves_with(sent) => {
                group.extend(now, sent, arrival);
                None
            }
            _ => self.add_later(now, sent, arrival),
        }
    }

    /// Adds a packet that did not leave with the current group.
    #[inline(never)]
    fn add_later(&mut self, now: Micros, sent: Micros, arrival: i64) -> Option<GroupDelta> {
        let mut delta = None;
        if let Some(group) = &mut self.current {
            if sent < group.first_sent {
                // A reordered packet says nothing about the queue's growth.
                return None;
            }
            if group.piles_up(sent, arrival) {
                group.extend(now, sent, arrival);
                return None;
            }
            let group = *group;
            if let Some(previous) = self.previous {
                delta = Some(self.delta(&previous, &group)?);
            }
            self.previous = Some(group);
        }
        self.current = Some(Group::new(now, sent, arrival));
        delta
    }

    /// `None` if the arrival clock jumped or the groups arrived in another order.
    fn delta(&mut self, previous: &Group, group: &Group) -> Option<GroupDelta> {
        let arrival = group.last_arrival.saturating_sub(previous.last_arrival);
        let reported = i64::try_from(group.reported.since(previous.reported)).unwrap_or(i64::MAX);
        if arrival.saturating_sub(reported) >= CLOCK_JUMP {
            *self = Self::default();
            return None;
        }
        if arrival < 0 {
            self.reordered += 1;
            if self.reordered >= REORDERED_GROUPS_BEFORE_RESET {
                *self = Self::default();
            }
            return None;
        }
        self.reordered = 0;
        Some(GroupDelta {
            departure: signed(group.last_sent) - signed(previous.last_sent),
            arrival,
        })
    }
}

const fn signed(at: Micros) -> i64 {
    at.0 as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(groups: &mut InterArrival, sent: u64, arrival: i64) -> Option<(i64, i64)> {
        groups
            .add(Micros(sent), Micros(sent), arrival)
            .map(|delta| (delta.departure, delta.arrival))
    }

    #[test]
    fn packets_within_5_ms_are_one_group() {
        let mut groups = InterArrival::default();
        for (sent, arrival) in [(0, 0), (4_000, 10_000), (20_000, 40_000)] {
            assert_eq!(add(&mut groups, sent, arrival), None);
        }
        assert_eq!(add(&mut groups, 40_000, 70_000), Some((16_000, 30_000)));
    }

    #[test]
    fn packets_that_piled_up_join_the_group_before_them() {
        let mut groups = InterArrival::default();
        for (sent, arrival) in [
            (0, 0),
            (20_000, 50_000),
            // Sent 10 ms later, arrived 2 ms later.
            (30_000, 52_000),
        ] {
            assert_eq!(add(&mut groups, sent, arrival), None);
        }
        assert_eq!(add(&mut groups, 60_000, 90_000), Some((30_000, 52_000)));
    }

    #[test]
    fn reordered_packets_are_ignored() {
        let mut groups = InterArrival::default();
        add(&mut groups, 20_000, 0);
        assert_eq!(add(&mut groups, 10_000, 5_000), None);
    }

    #[test]
    fn a_jump_of_the_arrival_clock_starts_anew() {
        let mut groups = InterArrival::default();
        add(&mut groups, 0, 0);
        add(&mut groups, 20_000, 20_000);
        add(&mut groups, 40_000, 9_000_000);
        assert_eq!(add(&mut groups, 60_000, 9_020_000), None);
        assert_eq!(add(&mut groups, 80_000, 9_040_000), None);
        assert_eq!(add(&mut groups, 100_000, 9_060_000), None);
        assert_eq!(add(&mut groups, 120_000, 9_080_000), Some((20_000, 20_000)));
    }
}
