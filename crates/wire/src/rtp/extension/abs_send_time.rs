//! `abs-send-time`: seconds in 6.18 fixed point (24 bits), wrapping every 64 s.
//! Source: <https://webrtc.googlesource.com/src/+/refs/heads/main/docs/native-code/rtp-hdrext/abs-send-time>.

use crate::WireError;
use crate::bytes;

const WRAP: u32 = 1 << 24;

/// A send time modulo 64 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsSendTime(u32);

impl AbsSendTime {
    /// Converts microseconds of any clock.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        // The modulo comes first, so that the shift cannot overflow 64 bits.
        let within = micros % 64_000_000;
        Self(((within << 18) / 1_000_000) as u32)
    }

    /// Reads the three bytes of the value.
    ///
    /// # Errors
    /// [`WireError::InvalidField`] when the length is not 3.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        if value.len() != 3 {
            return Err(WireError::InvalidField);
        }
        bytes::u24_at(value, 0).map(Self)
    }

    /// The extension value.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// Microseconds since the last wrap, 0..64_000_000.
    #[must_use]
    pub const fn to_micros(self) -> u64 {
        (self.0 as u64 * 1_000_000) >> 18
    }

    /// Microseconds from `earlier` to `self`, from -32 s to 32 s.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        let units = self.0.wrapping_sub(earlier.0) & (WRAP - 1);
        let signed = if units >= WRAP / 2 {
            units as i64 - WRAP as i64
        } else {
            units as i64
        };
        (signed * 1_000_000) >> 18
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_is_2_to_the_18() {
        assert_eq!(AbsSendTime::from_micros(1_000_000).to_bytes(), [0x04, 0, 0]);
        assert_eq!(
            AbsSendTime::parse(&[0x04, 0, 0]).unwrap().to_micros(),
            1_000_000
        );
    }

    #[test]
    fn differences_are_correct_across_the_wrap() {
        let before = AbsSendTime::from_micros(63_500_000);
        let after = AbsSendTime::from_micros(64_250_000);
        assert_eq!(after.micros_since(before), 750_000);
        assert_eq!(before.micros_since(after), -750_000);
    }

    #[test]
    fn the_maximum_time_does_not_overflow() {
        assert!(AbsSendTime::from_micros(u64::MAX).to_micros() < 64_000_000);
    }

    #[test]
    fn a_wrong_length_is_invalid() {
        assert_eq!(AbsSendTime::parse(&[1, 2]), Err(WireError::InvalidField));
    }
}
