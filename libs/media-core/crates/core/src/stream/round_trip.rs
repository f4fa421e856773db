//! The round trip to a receiver, from its receiver reports.

use crate::api::Micros;

const REMEMBERED: usize = 8;

/// The sender reports sent last, by the 32 bits that a receiver report echoes (LSR, RFC 3550 section 6.4.1).
///
/// Kept by our clock because the NTP clock in a consumer's sender reports is its producer's.
#[derive(Debug, Clone, Default)]
pub struct SentReports {
    /// The oldest is overwritten.
    sent: [Option<(u32, Micros)>; REMEMBERED],
    next: usize,
}

impl SentReports {
    /// None sent.
    #[must_use]
    pub const fn new() -> Self {
        Self { sent: [None; REMEMBERED], next: 0 }
    }

    /// A report with this NTP timestamp (32.32) goes out at `now`.
    pub fn sent(&mut self, ntp: u64, now: Micros) {
        if let Some(slot) = self.sent.get_mut(self.next) {
            *slot = Some((middle(ntp), now));
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
        let (_, at) = self.sent.iter().flatten().find(|(ntp, _)| *ntp == last_sr)?;
        now.since(*at).checked_sub((u64::from(delay) * 1_000_000) >> 16)
    }
}

/// The middle 32 bits of an NTP timestamp (RFC 3550 section 4).
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}
