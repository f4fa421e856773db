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
        let Some(group) = self.current.as_mut() else {
            self.current = Some(Group::new(now, sent, arrival));
            return None;
        };
        if sent < group.first_sent {
            // A reordered packet says nothing about the queue's growth.
            return None;
        }
        if belongs_to(group, sent, arrival) {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrival = arrival;
            group.reported = now;
            return None;
        }
        self.start(Group::new(now, sent, arrival))
    }

    /// Starts a group. Returns the distance of the two before it.
    fn start(&mut self, start: Group) -> Option<GroupDelta> {
        let delta = match (self.previous, self.current) {
            (Some(previous), Some(group)) => Some(self.delta(&previous, &group)?),
            _ => None,
        };
        self.previous = self.current.replace(start);
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

/// Whether a packet was sent with the group, or piled up behind it on the way.
fn belongs_to(group: &Group, sent: Micros, arrival: i64) -> bool {
    let arrival_delta = arrival.saturating_sub(group.last_arrival);
    let departure_delta = signed(sent) - signed(group.last_sent);
    if departure_delta == 0 {
        return true;
    }
    let piled_up = arrival_delta < departure_delta
        && arrival_delta <= BURST_DELTA
        && arrival.saturating_sub(group.first_arrival) < MAX_BURST;
    piled_up || sent.since(group.first_sent) <= GROUP_LENGTH
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
