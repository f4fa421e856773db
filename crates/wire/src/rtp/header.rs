//! The RTP header: RFC 3550 section 5.1.

use std::ops::Range;

use crate::WireError;
use crate::bytes;

const FIXED_LEN: usize = 12;
const VERSION: u8 = 2;

/// Where a header extension stands in its packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderExtension {
    /// "Defined by profile": 0xBEDE or 0x1000..=0x100F for RFC 8285.
    pub profile: u16,
    /// The elements, without the four bytes of profile and length.
    pub range: Range<usize>,
}

/// What SRTP leaves readable: everything up to the payload. Says nothing about padding, which is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpHeader {
    /// The P bit: the last byte of the (decrypted) packet counts padding.
    pub has_padding: bool,
    /// The M bit: for video, the last packet of a frame.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Wraps.
    pub sequence_number: u16,
    /// In units of the codec's clock; wraps.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// Contributing sources, 0..=15.
    pub csrc_count: u8,
    /// The X bit and what it announces.
    pub extension: Option<HeaderExtension>,
    /// Bytes up to the payload.
    pub len: usize,
}

impl RtpHeader {
    /// Reads the header of a packet, encrypted or not.
    ///
    /// # Errors
    /// [`WireError::BadVersion`]; [`WireError::Truncated`] when CSRCs or the extension reach beyond the packet.
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

    /// X, two CSRCs, M, PT 96, an extension of one word, two bytes of payload.
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
    fn a_header_cut_anywhere_is_truncated() {
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
