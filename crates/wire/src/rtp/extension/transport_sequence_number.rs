//! The transport-wide sequence number: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2.

use crate::WireError;

/// Sequence number over all streams of a transport; wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportSequenceNumber(pub u16);

impl TransportSequenceNumber {
    /// Reads the two bytes of the value.
    ///
    /// # Errors
    /// [`WireError::InvalidField`] when the length is not 2.
    pub fn parse(value: &[u8]) -> Result<Self, WireError> {
        value
            .try_into()
            .map(|bytes| Self(u16::from_be_bytes(bytes)))
            .map_err(|_| WireError::InvalidField)
    }

    /// The extension value.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_byte_values_are_valid() {
        assert_eq!(
            TransportSequenceNumber::parse(&[1, 2]),
            Ok(TransportSequenceNumber(0x0102))
        );
        assert_eq!(TransportSequenceNumber(0x0102).to_bytes(), [1, 2]);
        assert_eq!(
            TransportSequenceNumber::parse(&[1, 2, 3]),
            Err(WireError::InvalidField)
        );
    }
}
