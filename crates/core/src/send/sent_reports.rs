//! Round-trip time measurement from the answers to our reports.

use hubbub_wire::{CompactNtp, NtpTime};

use crate::api::Micros;

const REMEMBERED: usize = 8;

/// The last reports with an NTP timestamp, by the 32 bits of it that the client echoes: LSR for a sender report (RFC
/// 3550 section 6.4.1), LRR for a receiver reference time (RFC 3611 section 4.5).
///
/// Stores when they were sent on our clock: the NTP timestamps of sender reports are those of the producer's client.
#[derive(Debug, Clone, Default)]
pub(crate) struct SentReports {
    /// A ring; the oldest is overwritten.
    sent: [Option<(CompactNtp, Micros)>; REMEMBERED],
    next: usize,
}

impl SentReports {
    /// An empty ring.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            sent: [None; REMEMBERED],
            next: 0,
        }
    }

    /// Records that a report with this NTP timestamp (32.32) is sent at `now`.
    pub(crate) fn record(&mut self, ntp: u64, now: Micros) {
        if let Some(slot) = self.sent.get_mut(self.next) {
            *slot = Some((NtpTime(ntp).compact(), now));
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// Round-trip time in microseconds from the echo and the client's delay (1/65536 s) that arrived at `now`. Returns
    /// `None` if that report is not remembered, or if the delay exceeds the time since it was sent.
    #[must_use]
    pub(crate) fn round_trip(&self, echo: u32, delay: u32, now: Micros) -> Option<u64> {
        if echo == 0 {
            return None;
        }
        let (_, at) = self.sent.iter().flatten().find(|(ntp, _)| ntp.0 == echo)?;
        now.since(*at).checked_sub(CompactNtp(delay).to_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtracts_the_receiver_delay() {
        let mut reports = SentReports::new();
        reports.record(0x1122_3344_5566_7788, Micros(1_000_000));
        // A delay of half a second.
        assert_eq!(
            reports.round_trip(0x3344_5566, 0x8000, Micros(1_540_000)),
            Some(40_000)
        );
    }

    #[test]
    fn remembers_only_the_last_reports() {
        let mut reports = SentReports::new();
        for second in 1..=9 {
            reports.record(second << 32, Micros(second * 1_000_000));
        }
        assert_eq!(reports.round_trip(1 << 16, 0, Micros(9_100_000)), None);
        assert_eq!(
            reports.round_trip(2 << 16, 0, Micros(9_100_000)),
            Some(7_100_000)
        );
    }

    #[test]
    fn rejects_a_delay_longer_than_the_elapsed_time() {
        let mut reports = SentReports::new();
        reports.record(5 << 32, Micros(0));
        assert_eq!(reports.round_trip(5 << 16, 0x1_0000, Micros(999_999)), None);
    }

    #[test]
    fn a_block_without_lsr_gives_no_round_trip() {
        let mut reports = SentReports::new();
        reports.record(0, Micros(0));
        assert_eq!(reports.round_trip(0, 0, Micros(10)), None);
    }
}
