//! A limit on retransmissions.

use crate::api::Micros;

/// Packets whose last retransmission is remembered.
const REMEMBERED: usize = 1_024;
/// Minimum budget, bit/s.
const MIN_BITRATE: u64 = 300_000;
/// Unspent budget accumulates for this long.
const BURST_MICROS: u64 = 500_000;
/// Minimum time between two retransmissions of one packet: NACKs repeat faster than a short round trip.
const MIN_REPEAT_MICROS: u64 = 10_000;
const MAX_REPEAT_MICROS: u64 = 1_000_000;

/// Limits a consumer's retransmissions: each packet once per round trip, and in total no more than the larger of 300
/// kbit/s and the consumer's bitrate. So a receiver that requests everything at most doubles its traffic.
#[derive(Debug, Clone, Default)]
pub(crate) struct RetransmissionBudget {
    /// Sequence number and time of the last retransmission, in slot `n % REMEMBERED`; empty before the first.
    last: Vec<Option<(u16, Micros)>>,
    /// Unspent budget, millionths of a bit.
    budget: u64,
    refilled: Option<Micros>,
    /// Packets that were allowed, each counted once, and retransmissions of them.
    packets: u64,
    retransmissions: u64,
}

impl RetransmissionBudget {
    /// A budget that is full at the first NACK.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            last: Vec::new(),
            budget: 0,
            refilled: None,
            packets: 0,
            retransmissions: 0,
        }
    }

    /// How many packets were allowed to be retransmitted, and how many retransmissions of them.
    pub(crate) const fn allowed(&self) -> (u64, u64) {
        (self.packets, self.retransmissions)
    }

    /// Whether the packet that was sent as `sequence`, with `bytes` bytes, may be retransmitted at `now`. If so, counts
    /// it.
    ///
    /// `rtt` in microseconds. `bitrate` is the consumer's bitrate without retransmissions, bit/s.
    pub(crate) fn allow(
        &mut self,
        sequence: u16,
        bytes: usize,
        rtt: u64,
        bitrate: u64,
        now: Micros,
    ) -> bool {
        self.refill(bitrate.max(MIN_BITRATE), now);
        if self.last.is_empty() {
            self.last.resize(REMEMBERED, None);
        }
        let Some(slot) = self.last.get_mut(usize::from(sequence) % REMEMBERED) else {
            return false;
        };
        let repeat = rtt.clamp(MIN_REPEAT_MICROS, MAX_REPEAT_MICROS);
        if slot.is_some_and(|(last, at)| last == sequence && now.since(at) < repeat) {
            return false;
        }
        let cost = (bytes as u64).saturating_mul(8_000_000);
        let Some(rest) = self.budget.checked_sub(cost) else {
            return false;
        };
        self.budget = rest;
        self.packets += u64::from(slot.is_none_or(|(last, _)| last != sequence));
        self.retransmissions += 1;
        *slot = Some((sequence, now));
        true
    }

    fn refill(&mut self, bitrate: u64, now: Micros) {
        // The budget is full at the first NACK.
        let elapsed = self
            .refilled
            .map_or(BURST_MICROS, |refilled| now.since(refilled));
        self.refilled = Some(now);
        let gained = bitrate.saturating_mul(elapsed);
        self.budget = self
            .budget
            .saturating_add(gained)
            .min(bitrate.saturating_mul(BURST_MICROS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: u64 = 50_000;

    #[test]
    fn each_packet_is_allowed_once_per_round_trip() {
        let mut budget = RetransmissionBudget::new();
        assert!(budget.allow(7, 100, RTT, 0, Micros(0)));
        assert!(!budget.allow(7, 100, RTT, 0, Micros(RTT - 1)));
        assert!(budget.allow(8, 100, RTT, 0, Micros(RTT - 1)));
        assert!(budget.allow(7, 100, RTT, 0, Micros(RTT)));
        assert_eq!(budget.allowed(), (2, 3));
    }

    #[test]
    fn packets_that_share_a_slot_do_not_block_each_other() {
        let mut budget = RetransmissionBudget::new();
        assert!(budget.allow(7, 100, RTT, 0, Micros(0)));
        assert!(budget.allow(7 + REMEMBERED as u16, 100, RTT, 0, Micros(0)));
    }

    #[test]
    fn each_of_many_packets_is_remembered() {
        let mut budget = RetransmissionBudget::new();
        let mut allowed = |now| {
            (0..REMEMBERED as u16)
                .filter(|sequence| budget.allow(*sequence, 1, RTT, 0, Micros(now)))
                .count()
        };
        assert_eq!(allowed(0), REMEMBERED);
        assert_eq!(allowed(RTT - 1), 0);
    }

    #[test]
    fn the_time_between_two_retransmissions_is_10_ms_to_a_second() {
        for (rtt, repeat) in [(0, 10_000), (10_000_000, 1_000_000)] {
            let mut budget = RetransmissionBudget::new();
            assert!(budget.allow(7, 100, rtt, 0, Micros(0)));
            assert!(!budget.allow(7, 100, rtt, 0, Micros(repeat - 1)));
            assert!(budget.allow(7, 100, rtt, 0, Micros(repeat)));
        }
    }

    #[test]
    fn a_silent_stream_gets_the_minimum_budget() {
        let mut budget = RetransmissionBudget::new();
        let sent = spend_for_ten_seconds(&mut budget, 0);
        // Ten seconds of 300 kbit/s, and half a second of accumulated budget.
        assert_eq!(sent, 393);
    }

    #[test]
    fn a_fast_stream_gets_a_budget_of_its_bitrate() {
        let mut budget = RetransmissionBudget::new();
        let sent = spend_for_ten_seconds(&mut budget, 800_000);
        assert_eq!(sent, 1_049);
    }

    #[test]
    fn unspent_budget_accumulates_for_half_a_second_only() {
        let mut budget = RetransmissionBudget::new();
        assert!(budget.allow(0, 10, RTT, 0, Micros(0)));
        let granted = (1..1_000)
            .filter(|n| budget.allow(*n, 1_000, RTT, 0, Micros(60_000_000)))
            .count();
        assert_eq!(granted, 18);
    }

    /// Asks for a thousand bytes each millisecond. Returns how often that was allowed.
    fn spend_for_ten_seconds(budget: &mut RetransmissionBudget, bitrate: u64) -> usize {
        (0..10_000u64)
            .filter(|n| budget.allow(*n as u16, 1_000, RTT, bitrate, Micros(n * 1_000)))
            .count()
    }
}
