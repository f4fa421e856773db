//! `abs-capture-time`: an 8-byte NTP time, with the estimated clock offset 16 bytes.
//! Source: <https://webrtc.googlesource.com/src/+/refs/heads/main/docs/native-code/rtp-hdrext/abs-capture-time>.

use crate::bytes;
use crate::{NtpTime, WireError};

/// The capture time of a frame, on the capturer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsCaptureTime {
    /// Capture time of the first sample or frame in the packet.
    pub captured: NtpTime,
    /// Capturer's clock minus sender's clock, in signed 32.32 seconds.
    pub clock_offset: Option<i64>,
}

impl AbsCaptureTime {
    /// Reads the value.
    ///
    /// # Errors
    /// [`WireError::InvalidField`] for a length other than 8 or 16.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        let clock_offset = match value.len() {
            8 => None,
            16 => Some(i64::from_be_bytes(bytes::array(value, 8)?)),
            _ => return Err(WireError::InvalidField),
        };
        Ok(Self {
            captured: NtpTime(bytes::u64_at(value, 0)?),
            clock_offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_optional_and_signed() {
        let mut value = [0xFF; 16];
        value[..8].copy_from_slice(&5u64.to_be_bytes());
        let long = AbsCaptureTime::parse(&value).unwrap();
        assert_eq!(
            long,
            AbsCaptureTime {
                captured: NtpTime(5),
                clock_offset: Some(-1)
            }
        );
        let short = AbsCaptureTime::parse(&value[..8]).unwrap();
        assert_eq!(
            short,
            AbsCaptureTime {
                captured: NtpTime(5),
                clock_offset: None
            }
        );
        assert_eq!(
            AbsCaptureTime::parse(&value[..9]),
            Err(WireError::InvalidField)
        );
    }
}
