//! NTP timestamps of RTCP: RFC 3550 section 4.

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970).
const UNIX_EPOCH_SECONDS: u64 = 2_208_988_800;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Seconds since 1900 in 32.32 fixed point. Wraps in 2036.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// Converts microseconds since the NTP epoch, or since any origin if only differences matter.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        let seconds = micros / MICROS_PER_SECOND;
        // Rounded up: the conversion back truncates and then returns the same microsecond.
        let fraction = ((micros % MICROS_PER_SECOND) << 32).div_ceil(MICROS_PER_SECOND);
        Self((seconds << 32) | fraction)
    }

    /// Converts microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_micros(micros: u64) -> Self {
        Self::from_micros(micros.wrapping_add(UNIX_EPOCH_SECONDS * MICROS_PER_SECOND))
    }

    /// Microseconds since the NTP epoch, below 2^32 seconds.
    #[must_use]
    pub const fn to_micros(self) -> u64 {
        (self.0 >> 32) * MICROS_PER_SECOND + (((self.0 & 0xFFFF_FFFF) * MICROS_PER_SECOND) >> 32)
    }

    /// The middle 32 bits (16.16 seconds), as in the LSR and LRR fields.
    #[must_use]
    pub const fn compact(self) -> CompactNtp {
        CompactNtp((self.0 >> 16) as u32)
    }
}

/// Seconds in 16.16 fixed point: a point in time modulo 18.2 hours, or a duration (DLSR, DLRR).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CompactNtp(pub u32);

impl CompactNtp {
    /// Converts a duration in microseconds. Rounds down to 1/65536 s and saturates at 18.2 hours.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        let units = (micros as u128 * 65_536) / MICROS_PER_SECOND as u128;
        Self(if units > u32::MAX as u128 {
            u32::MAX
        } else {
            units as u32
        })
    }

    /// The duration in microseconds.
    #[must_use]
    pub const fn to_micros(self) -> u64 {
        (self.0 as u64 * MICROS_PER_SECOND) >> 16
    }

    /// `self` minus `other`, modulo 2^32.
    #[must_use]
    pub const fn wrapping_sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// The round-trip time. `self` is the arrival time of a report with LSR `last` and DLSR `delay` (RFC 3550 section
    /// 6.4.1). `None` when `last` is zero, or when clock drift makes the result negative.
    #[must_use]
    pub const fn round_trip(self, last: Self, delay: Self) -> Option<Self> {
        let elapsed = self.wrapping_sub(last).wrapping_sub(delay);
        if last.0 == 0 || elapsed.0 > i32::MAX as u32 {
            None
        } else {
            Some(elapsed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_unix_epoch_is_2208988800_seconds_after_the_ntp_epoch() {
        assert_eq!(NtpTime::from_unix_micros(0), NtpTime(2_208_988_800 << 32));
        assert_eq!(
            NtpTime::from_unix_micros(500_000),
            NtpTime((2_208_988_800 << 32) | 0x8000_0000)
        );
    }

    #[test]
    fn round_trip_matches_rfc_3550_figure_2() {
        // A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000; the delay is 0x0006:2000 (6.125 s).
        let delay =
            CompactNtp(0xb710_8000).round_trip(CompactNtp(0xb705_2000), CompactNtp(0x0005_4000));
        assert_eq!(delay, Some(CompactNtp(0x0006_2000)));
        assert_eq!(CompactNtp(0x0006_2000).to_micros(), 6_125_000);
    }

    #[test]
    fn round_trip_without_an_echo_or_below_zero_is_none() {
        assert_eq!(
            CompactNtp(0x10_0000).round_trip(CompactNtp(0), CompactNtp(0)),
            None
        );
        assert_eq!(
            CompactNtp(0x10_0000).round_trip(CompactNtp(0x10_0000), CompactNtp(1)),
            None
        );
    }

    #[test]
    fn a_round_trip_takes_up_to_half_the_range() {
        let last = CompactNtp(1);
        let round_trip = |arrival| CompactNtp(arrival).round_trip(last, CompactNtp(0));
        assert_eq!(round_trip(0x8000_0000), Some(CompactNtp(0x7FFF_FFFF)));
        assert_eq!(round_trip(0x8000_0001), None);
    }

    #[test]
    fn compact_times_have_16_bits_of_seconds_and_of_their_fraction() {
        let time = NtpTime(0x0001_2345_8000_9999);
        assert_eq!(time.compact(), CompactNtp(0x2345_8000));
        assert_eq!(CompactNtp::from_micros(2_500_000), CompactNtp(0x2_8000));
    }

    #[test]
    fn a_duration_beyond_18_hours_saturates() {
        assert_eq!(CompactNtp::from_micros(u64::MAX), CompactNtp(u32::MAX));
    }

    proptest! {
        #[test]
        fn microseconds_round_trip_through_ntp(micros in 0..(1u64 << 32) * 1_000_000) {
            prop_assert_eq!(NtpTime::from_micros(micros).to_micros(), micros);
        }
    }
}
