//! Client-to-mixer audio level: RFC 6464 section 3.

use crate::WireError;

/// The audio level of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// The V bit: the sender detected voice activity.
    pub voice: bool,
    /// Level in -dBov: 0 (loudest) to 127 (silence).
    pub level: u8,
}

impl AudioLevel {
    /// Reads the value: one byte, or two if the sender padded it in the two-byte form (RFC 6464 section 3).
    ///
    /// # Errors
    /// [`WireError::InvalidField`] for an empty value.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        let first = *value.first().ok_or(WireError::InvalidField)?;
        Ok(Self {
            voice: first & 0x80 != 0,
            level: first & 0x7F,
        })
    }

    /// The extension value.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 1] {
        [((self.voice as u8) << 7) | (self.level & 0x7F)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voice_is_the_high_bit() {
        assert_eq!(
            AudioLevel::parse(&[0x8A]),
            Ok(AudioLevel {
                voice: true,
                level: 10
            })
        );
        assert_eq!(
            AudioLevel {
                voice: true,
                level: 10
            }
            .to_bytes(),
            [0x8A]
        );
        assert_eq!(
            AudioLevel::parse(&[127]),
            Ok(AudioLevel {
                voice: false,
                level: 127
            })
        );
        assert_eq!(AudioLevel::parse(&[]), Err(WireError::InvalidField));
    }
}
