//! The clocks of a sender.

use hubbub_wire::NtpTime;

use super::rtp_clock::micros_to_ticks;
use crate::api::Micros;

/// One moment on three clocks: the sender's NTP clock, its RTP clock and ours. Taken from its last sender report (RFC
/// 3550 section 6.4.1).
///
/// Converts times between the three. Sender reports to consumers are made from it: audio and video of one client share
/// that client's NTP clock, so passing it on keeps them synchronized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockMapping {
    ntp: u64,
    rtp: u32,
    arrival: Micros,
    clock_rate: u32,
}

impl ClockMapping {
    /// From a sender report with these NTP (32.32) and RTP timestamps that arrived at `arrival`; `clock_rate` in Hz.
    #[must_use]
    pub(crate) const fn new(ntp: u64, rtp: u32, arrival: Micros, clock_rate: u32) -> Self {
        Self {
            ntp,
            rtp,
            arrival,
            clock_rate,
        }
    }

    /// The RTP timestamp at a time of the sender's NTP clock.
    #[must_use]
    pub(crate) fn rtp_at(&self, ntp: u64) -> u32 {
        let elapsed = i128::from(ntp.wrapping_sub(self.ntp) as i64);
        // Rounds to the nearest tick, so that converting to NTP time and back gives the same timestamp.
        self.rtp
            .wrapping_add(((elapsed * i128::from(self.clock_rate) + (1 << 31)) >> 32) as u32)
    }

    /// The time of the sender's NTP clock for an RTP timestamp. Of the possible times, the nearest to the report's.
    #[must_use]
    pub(crate) fn ntp_at(&self, rtp: u32) -> u64 {
        let elapsed = i64::from(rtp.wrapping_sub(self.rtp) as i32) << 32;
        self.ntp
            .wrapping_add_signed(elapsed.checked_div(i64::from(self.clock_rate)).unwrap_or(0))
    }

    /// NTP and RTP timestamp at our `now`, as if the report had been sent when it arrived.
    #[must_use]
    pub(crate) fn at(&self, now: Micros) -> (u64, u32) {
        let elapsed = now.since(self.arrival);
        let rtp = self
            .rtp
            .wrapping_add(micros_to_ticks(elapsed, self.clock_rate) as u32);
        (self.ntp.wrapping_add(NtpTime::from_micros(elapsed).0), rtp)
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
    fn converts_times_before_the_report() {
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
    fn a_clock_rate_of_zero_never_advances() {
        let mapping = ClockMapping::new(NTP, 5, Micros(0), 0);
        assert_eq!(mapping.ntp_at(1_000), NTP);
        assert_eq!(mapping.rtp_at(NTP + SECOND), 5);
    }

    proptest! {
        #[test]
        fn a_timestamp_survives_conversion_to_ntp_and_back(
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
    fn two_streams_of_one_client_agree_on_a_moment() {
        let audio = ClockMapping::new(NTP, 1_000, Micros(0), 48_000);
        let video = ClockMapping::new(NTP + SECOND, 9_000, Micros(1_000_000), 90_000);
        assert_eq!(audio.rtp_at(video.ntp_at(9_000)), 49_000);
    }
}
