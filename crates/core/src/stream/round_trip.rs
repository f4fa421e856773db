//! The round trip to a receiver, from its receiver reports.

use hubbub_wire::{CompactNtp, NtpTime};

use crate::api::Micros;

const REMEMBERED: usize = 8;

/// The sender reports sent last, by the 32 bits that a receiver report echoes (LSR, RFC 3550 section 6.4.1).
///
/// Kept by our clock because the NTP clock in a consumer's sender reports is its producer's.
#[derive(Debug, Clone, Default)]
pub struct SentReports {
    /// The oldest is overwritten.
    sent: [Option<(CompactNtp, Micros)>; REMEMBERED],
    next: usize,
}

impl SentReports {
    /// None sent.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sent: [None; REMEMBERED],
            next: 0,
        }
    }

    /// A report with this NTP timestamp (32.32) goes out at `now`.
    pub fn sent(&mut self, ntp: u64, now: Micros) {
        if let Some(slot) = self.sent.get_mut(self.next) {
            *slot = Some((NtpTime(ntp).compact(), now));
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// Round trip in microseconds from a report block's LSR and DLSR (1/65536 s) that came at `now`; `None` when
    /// that report is not remembered, or the block claims a delay longer than the time since.
    #[must_use]
    pub fn round_trip(&self, last_sr: u32, delay: u32, now: Micros) -> Option<u64> {
        if last_sr == 0 {
            return None;
        }
        let (_, at) = self
            .sent
            .iter()
            .flatten()
            .find(|(ntp, _)| ntp.0 == last_sr)?;
        now.since(*at).checked_sub(CompactNtp(delay).to_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtracts_the_receivers_delay() {
        let mut reports = SentReports::new();
        reports.sent(0x1122_3344_5566_7788, Micros(1_000_000));
        // Half a second of delay.
        assert_eq!(
            reports.round_trip(0x3344_5566, 0x8000, Micros(1_540_000)),
            Some(40_000)
        );
    }

    #[test]
    fn remembers_only_the_last_reports() {
        let mut reports = SentReports::new();
        for second in 1..=9 {
            reports.sent(second << 32, Micros(second * 1_000_000));
        }
        assert_eq!(reports.round_trip(1 << 16, 0, Micros(9_100_000)), None);
        assert_eq!(
            reports.round_trip(2 << 16, 0, Micros(9_100_000)),
            Some(7_100_000)
        );
    }

    #[test]
    fn disbelieves_a_delay_longer_than_the_time_that_passed() {
        let mut reports = SentReports::new();
        reports.sent(5 << 32, Micros(0));
        assert_eq!(reports.round_trip(5 << 16, 0x1_0000, Micros(999_999)), None);
    }

    #[test]
    fn a_receiver_that_has_no_report_tells_nothing() {
        let mut reports = SentReports::new();
        reports.sent(0, Micros(0));
        assert_eq!(reports.round_trip(0, 0, Micros(10)), None);
    }
}
