//! The RTP header: RFC 3550 section 5.1.

use std::ops::Range;

use crate::WireError;
use crate::bytes;

const FIXED_LEN: usize = 12;
const VERSION: u8 = 2;

/// The position of the header extension in its packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderExtension {
    /// "Defined by profile": 0xBEDE or 0x1000..=0x100F for RFC 8285.
    pub profile: u16,
    /// Range of the elements, without the four bytes of profile and length.
    pub range: Range<usize>,
}

/// The fields that SRTP leaves unencrypted: everything before the payload. The padding count is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpHeader {
    /// The P bit: the last byte of the decrypted packet is the padding count.
    pub has_padding: bool,
    /// The M bit: for video, it marks the last packet of a frame.
    pub marker: bool,
    /// Payload type, 0..=127.
    pub payload_type: u8,
    /// Sequence number; wraps.
    pub sequence_number: u16,
    /// RTP timestamp in units of the codec's clock; wraps.
    pub timestamp: u32,
    /// SSRC of the stream.
    pub ssrc: u32,
    /// Number of contributing sources, 0..=15.
    pub csrc_count: u8,
    /// The header extension, if the X bit is set.
    pub extension: Option<HeaderExtension>,
    /// Length of the header in bytes: the offset of the payload.
    pub len: usize,
}

impl RtpHeader {
    /// Reads the header of an encrypted or decrypted packet.
    ///
    /// # Errors
    /// [`WireError::BadVersion`]; [`WireError::Truncated`] when the header exceeds the packet.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let first = bytes::u8_at(data, 0)?;
        if first >> 6 != VERSION {
            return Err(WireError::BadVersion);
        }
        let second = bytes::u8_at(data, 1)?;
        let csrc_count = first & 0x0F;
        let mut len = FIXED_LEN + 4 * usize::from(csrc_count);
        let mut extension = None;
        if first & 0x10 != 0 {
            let profile = bytes::u16_at(data, len)?;
            let start = len + 4;
            len = start + 4 * usize::from(bytes::u16_at(data, len + 2)?);
            extension = Some(HeaderExtension {
                profile,
                range: start..len,
            });
        }
        if len > data.len() {
            return Err(WireError::Truncated);
        }
        Ok(Self {
            has_padding: first & 0x20 != 0,
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence_number: bytes::u16_at(data, 2)?,
            timestamp: bytes::u32_at(data, 4)?,
            ssrc: bytes::u32_at(data, 8)?,
            csrc_count,
            extension,
            len,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X, two CSRCs, M, PT 96, an extension of one word, a payload of two bytes.
    const PACKET: [u8; 30] = [
        0x92, 0xE0, 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xBE, 0xDE, 0, 1,
        0x10, 0xAA, 0, 0, 7, 8,
    ];

    #[test]
    fn every_field_is_read() {
        let header = RtpHeader::parse(&PACKET).unwrap();
        let expected = RtpHeader {
            has_padding: false,
            marker: true,
            payload_type: 96,
            sequence_number: 0x1234,
            timestamp: 1,
            ssrc: 2,
            csrc_count: 2,
            extension: Some(HeaderExtension {
                profile: 0xBEDE,
                range: 24..28,
            }),
            len: 28,
        };
        assert_eq!(header, expected);
    }

    #[test]
    fn a_header_cut_at_any_byte_is_truncated() {
        for len in 0..28 {
            assert_eq!(
                RtpHeader::parse(&PACKET[..len]),
                Err(WireError::Truncated),
                "{len} bytes"
            );
        }
    }

    #[test]
    fn version_1_is_refused() {
        let mut packet = PACKET;
        packet[0] = 0x52;
        assert_eq!(RtpHeader::parse(&packet), Err(WireError::BadVersion));
    }
}
