//! What a sender report says of a source's clocks.

use hubbub_wire::NtpTime;

use super::timestamp::ticks;
use crate::api::Micros;

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
        Self {
            ntp,
            rtp,
            arrival,
            clock_rate,
        }
    }

    /// The source's RTP timestamp at a moment of its NTP clock.
    #[must_use]
    pub fn rtp_at(&self, ntp: u64) -> u32 {
        let elapsed = i128::from(ntp.wrapping_sub(self.ntp) as i64);
        // To the nearest tick, so that a timestamp survives the way through NTP.
        self.rtp
            .wrapping_add(((elapsed * i128::from(self.clock_rate) + (1 << 31)) >> 32) as u32)
    }

    /// The moment of the source's NTP clock that an RTP timestamp stands for: that nearest to the report.
    #[must_use]
    pub fn ntp_at(&self, rtp: u32) -> u64 {
        let elapsed = i64::from(rtp.wrapping_sub(self.rtp) as i32) << 32;
        self.ntp
            .wrapping_add_signed(elapsed.checked_div(i64::from(self.clock_rate)).unwrap_or(0))
    }

    /// NTP and RTP timestamp of the source at our `now`, as if the report had been sent at its arrival.
    #[must_use]
    pub fn at(&self, now: Micros) -> (u64, u32) {
        let elapsed = now.since(self.arrival);
        let rtp = self
            .rtp
            .wrapping_add(ticks(elapsed, self.clock_rate) as u32);
        (self.ntp.wrapping_add(NtpTime::from_micros(elapsed).0), rtp)
    }

    /// When the report came.
    #[must_use]
    pub const fn arrival(&self) -> Micros {
        self.arrival
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NTP: u64 = 0xe800_0000_0000_0000;
    const SECOND: u64 = 1 << 32;

    fn mapping() -> ClockMapping {
        ClockMapping::new(NTP, u32::MAX - 44_999, Micros(7_000_000), 90_000)
    }

    #[test]
    fn rtp_wraps_around() {
        assert_eq!(mapping().rtp_at(NTP + SECOND), 45_000);
        assert_eq!(mapping().ntp_at(45_000), NTP + SECOND);
    }

    #[test]
    fn goes_back_before_the_report() {
        assert_eq!(mapping().rtp_at(NTP - SECOND), u32::MAX - 134_999);
        assert_eq!(mapping().ntp_at(u32::MAX - 134_999), NTP - SECOND);
    }

    #[test]
    fn follows_our_clock() {
        assert_eq!(mapping().at(Micros(7_500_000)), (NTP + SECOND / 2, 0));
    }

    #[test]
    fn ntp_wraps_around_with_its_era() {
        let mapping = ClockMapping::new(u64::MAX - SECOND / 2 + 1, 0, Micros(0), 48_000);
        assert_eq!(mapping.rtp_at(SECOND / 2), 48_000);
    }

    #[test]
    fn a_clock_rate_of_zero_stands_still() {
        let mapping = ClockMapping::new(NTP, 5, Micros(0), 0);
        assert_eq!(mapping.ntp_at(1_000), NTP);
        assert_eq!(mapping.rtp_at(NTP + SECOND), 5);
    }

    proptest! {
        #[test]
        fn a_timestamp_survives_the_way_through_ntp(
            ntp in any::<u64>(),
            rtp in any::<u32>(),
            at in any::<u32>(),
            clock_rate in 8_000u32..=192_000,
        ) {
            let mapping = ClockMapping::new(ntp, rtp, Micros(0), clock_rate);
            prop_assert_eq!(mapping.rtp_at(mapping.ntp_at(at)), at);
        }
    }

    #[test]
    fn two_streams_of_one_client_meet_at_one_moment() {
        let audio = ClockMapping::new(NTP, 1_000, Micros(0), 48_000);
        let video = ClockMapping::new(NTP + SECOND, 9_000, Micros(1_000_000), 90_000);
        assert_eq!(audio.rtp_at(video.ntp_at(9_000)), 49_000);
    }
}
