//! The header fields that SRTP needs (RFC 3550 sections 5.1 and 6.4, RFC 3711 section 3).

use crate::SrtpError;

/// Length of the RTP header without CSRCs and extension, in bytes.
pub(crate) const RTP_FIXED_LEN: usize = 12;

/// Length of the part that SRTCP leaves unencrypted, in bytes: the first RTCP header and the sender's SSRC.
pub(crate) const RTCP_CLEAR_LEN: usize = 8;

/// Length of the SRTCP index word, in bytes: the E bit and the 31-bit index.
pub(crate) const RTCP_INDEX_LEN: usize = 4;

const VERSION_MASK: u8 = 0xc0;
const VERSION_2: u8 = 0x80;
const EXTENSION_BIT: u8 = 0x10;
const CSRC_COUNT_MASK: u8 = 0x0f;

/// The fields of an RTP header that SRTP uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RtpHeader {
    pub(crate) sequence: u16,
    pub(crate) ssrc: u32,
    /// Length of the whole header with CSRCs and extension, in bytes.
    pub(crate) len: usize,
}

impl RtpHeader {
    /// Reads the header of `packet`, which must hold the whole header.
    #[inline]
    pub(crate) fn parse(packet: &[u8]) -> Result<Self, SrtpError> {
        let &[first, _, seq1, seq0, _, _, _, _, s3, s2, s1, s0] = packet
            .first_chunk::<RTP_FIXED_LEN>()
            .ok_or(SrtpError::TooShort)?;
        if first & VERSION_MASK != VERSION_2 {
            return Err(SrtpError::Malformed);
        }
        let mut len = RTP_FIXED_LEN + 4 * usize::from(first & CSRC_COUNT_MASK);
        if first & EXTENSION_BIT != 0 {
            let words = packet.get(len + 2..len + 4).ok_or(SrtpError::TooShort)?;
            len += 4 + words
                .iter()
                .fold(0, |words, &byte| words << 8 | usize::from(byte))
                * 4;
        }
        if len > packet.len() {
            return Err(SrtpError::TooShort);
        }
        let sequence = u16::from_be_bytes([seq1, seq0]);
        Ok(Self {
            sequence,
            ssrc: u32::from_be_bytes([s3, s2, s1, s0]),
            len,
        })
    }
}

/// Reads the SSRC of the sender of an RTCP compound.
#[inline]
pub(crate) fn rtcp_sender(packet: &[u8]) -> Result<u32, SrtpError> {
    let &[first, _, _, _, s3, s2, s1, s0] = packet
        .first_chunk::<RTCP_CLEAR_LEN>()
        .ok_or(SrtpError::TooShort)?;
    if first & VERSION_MASK != VERSION_2 {
        return Err(SrtpError::Malformed);
    }
    Ok(u32::from_be_bytes([s3, s2, s1, s0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_length_includes_csrcs_and_extension() {
        let mut packet = vec![0x92, 0x60, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 9];
        packet.extend([0; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 0, 0, 0, 0]);
        assert_eq!(
            RtpHeader::parse(&packet),
            Ok(RtpHeader {
                sequence: 0x1234,
                ssrc: 9,
                len: 28
            })
        );
    }

    #[test]
    fn header_longer_than_the_packet_is_too_short() {
        let packet = [
            0x90, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xbe, 0xde, 0xff, 0xff,
        ];
        for len in 0..packet.len() {
            assert_eq!(RtpHeader::parse(&packet[..len]), Err(SrtpError::TooShort));
        }
        assert_eq!(RtpHeader::parse(&packet), Err(SrtpError::TooShort));
    }

    #[test]
    fn other_versions_are_malformed() {
        assert_eq!(RtpHeader::parse(&[0x40; 12]), Err(SrtpError::Malformed));
        assert_eq!(rtcp_sender(&[0x00; 8]), Err(SrtpError::Malformed));
    }
}
