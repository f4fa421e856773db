//! What a sender report says of a source's clocks.

use super::timestamp::ticks;
use crate::api::Micros;

/// NTP timestamp units (2^-32 s, RFC 3550 section 4) of so many microseconds; wraps around with the NTP era.
pub(super) const fn ntp_units(micros: u64) -> u64 {
    let seconds = micros / 1_000_000;
    let rest = micros % 1_000_000;
    (seconds << 32).wrapping_add((rest << 32) / 1_000_000)
}

/// One moment of a source by three clocks: its NTP clock, its RTP clock and ours, from its last sender report
/// (RFC 3550 section 6.4.1).
///
/// Moments near it are translated between the three. A consumer's own sender reports are made from it: as audio and
/// video of one client share that client's NTP clock, handing it on keeps them in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockMapping {
    ntp: u64,
    rtp: u32,
    arrival: Micros,
    clock_rate: u32,
}

impl ClockMapping {
    /// From a sender report with these NTP (32.32) and RTP timestamps that came at `arrival`; `clock_rate` in Hz.
    #[must_use]
    pub const fn new(ntp: u64, rtp: u32, arrival: Micros, clock_rate: u32) -> Self {
        Self { ntp, rtp, arrival, clock_rate }
    }

    /// The source's RTP timestamp at a moment of its NTP clock.
    #[must_use]
    pub fn rtp_at(&self, ntp: u64) -> u32 {
        let elapsed = i128::from(ntp.wrapping_sub(self.ntp) as i64);
        self.rtp.wrapping_add(((elapsed * i128::from(self.clock_rate)) >> 32) as u32)
    }

    /// The moment of the source's NTP clock that an RTP timestamp stands for: that nearest to the report.
    #[must_use]
    pub fn ntp_at(&self, rtp: u32) -> u64 {
        let elapsed = i64::from(rtp.wrapping_sub(self.rtp) as i32) << 32;
        self.ntp.wrapping_add_signed(elapsed.checked_div(i64::from(self.clock_rate)).unwrap_or(0))
    }

    /// NTP and RTP timestamp of the source at our `now`, as if the report had been sent at its arrival.
    #[must_use]
    pub fn at(&self, now: Micros) -> (u64, u32) {
        let elapsed = now.since(self.arrival);
        let rtp = self.rtp.wrapping_add(ticks(elapsed, self.clock_rate) as u32);
        (self.ntp.wrapping_add(ntp_units(elapsed)), rtp)
    }

    /// When the report came.
    #[must_use]
    pub const fn arrival(&self) -> Micros {
        self.arrival
    }
}
