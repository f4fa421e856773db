//! Receiver estimated maximum bitrate (REMB): draft-alvestrand-rmcat-remb-03 section 2.2.

use super::RtcpWrite;
use super::header::{self, PAYLOAD_SPECIFIC_FEEDBACK};
use crate::WireError;
use crate::bytes;

const IDENTIFIER: u32 = u32::from_be_bytes(*b"REMB");
const MANTISSA_BITS: u32 = 18;

/// A REMB, read in place.
#[derive(Debug, Clone)]
pub struct Remb<'a> {
    /// SSRC of the sender of the estimate.
    pub sender_ssrc: u32,
    /// Estimate for all streams together, in bit/s.
    pub bitrate: u64,
    ssrcs: &'a [u8],
}

impl<'a> Remb<'a> {
    pub(super) const FORMAT: u8 = 15;

    /// `None` for other application-layer feedback.
    pub(super) fn parse(body: &'a [u8]) -> Result<Option<Self>, WireError> {
        let sender_ssrc = bytes::u32_at(body, 0)?;
        if bytes::u32_at(body, 8) != Ok(IDENTIFIER) {
            return Ok(None);
        }
        let count = usize::from(bytes::u8_at(body, 12)?);
        let rate = bytes::u24_at(body, 13)?;
        let mantissa = u64::from(rate & ((1 << MANTISSA_BITS) - 1));
        let exponent = rate >> MANTISSA_BITS;
        if exponent > mantissa.leading_zeros() {
            return Err(WireError::InvalidField);
        }
        // The exponent has six bits, so the shift is at most 63.
        let bitrate = mantissa << exponent;
        Ok(Some(Self {
            sender_ssrc,
            bitrate,
            ssrcs: bytes::slice(body, 16, 4 * count)?,
        }))
    }

    /// The streams that the estimate applies to.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.ssrcs
            .chunks_exact(4)
            .filter_map(|ssrc| bytes::u32_at(ssrc, 0).ok())
    }
}

/// A REMB to write, for at most 255 streams.
#[derive(Debug, Clone, Copy)]
pub struct RembBuilder<'a> {
    /// SSRC of the sender of the estimate.
    pub sender_ssrc: u32,
    /// Estimate for all streams together, in bit/s. Rounded down to 18 significant bits.
    pub bitrate: u64,
    /// The streams that the estimate applies to.
    pub ssrcs: &'a [u32],
}

impl RtcpWrite for RembBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        let count = u8::try_from(self.ssrcs.len()).map_err(|_| WireError::Unrepresentable)?;
        let exponent = (u64::BITS - self.bitrate.leading_zeros()).saturating_sub(MANTISSA_BITS);
        let mantissa =
            u32::try_from(self.bitrate >> exponent).map_err(|_| WireError::Unrepresentable)?;
        header::write(
            buffer,
            PAYLOAD_SPECIFIC_FEEDBACK,
            Remb::FORMAT.into(),
            |out| {
                out.u32(self.sender_ssrc)?;
                out.u32(0)?;
                out.u32(IDENTIFIER)?;
                out.u8(count)?;
                out.u24((exponent << MANTISSA_BITS) | mantissa)?;
                self.ssrcs.iter().try_for_each(|ssrc| out.u32(*ssrc))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compound, RtcpPacket};
    use super::*;
    use proptest::prelude::*;

    fn round_trip(bitrate: u64, ssrcs: &[u32]) -> (u64, Vec<u32>) {
        let mut buffer = [0; 200];
        let len = RembBuilder {
            sender_ssrc: 1,
            bitrate,
            ssrcs,
        }
        .write(&mut buffer)
        .unwrap();
        match Compound::parse(&buffer[..len]).unwrap().next() {
            Some(Ok(RtcpPacket::Remb(remb))) => (remb.bitrate, remb.ssrcs().collect()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn remb_matches_the_libwebrtc_example() {
        // remb_unittest.cc: SSRC 0x12345678, 0x3fb93 * 2^1 bit/s for three streams.
        let packet = [
            0x8f, 206, 0x00, 0x07, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, b'R', b'E',
            b'M', b'B', 0x03, 0x07, 0xfb, 0x93, 0x23, 0x45, 0x67, 0x89, 0x23, 0x45, 0x67, 0x8a,
            0x23, 0x45, 0x67, 0x8b,
        ];
        let Some(Ok(RtcpPacket::Remb(remb))) = Compound::parse(&packet).unwrap().next() else {
            panic!("no REMB")
        };
        let ssrcs = [0x2345_6789, 0x2345_678a, 0x2345_678b];
        assert_eq!((remb.sender_ssrc, remb.bitrate), (0x1234_5678, 0x3fb93 * 2));
        assert_eq!(remb.ssrcs().collect::<Vec<_>>(), ssrcs);
        let mut buffer = [0; 32];
        RembBuilder {
            sender_ssrc: 0x1234_5678,
            bitrate: 0x3fb93 * 2,
            ssrcs: &ssrcs,
        }
        .write(&mut buffer)
        .unwrap();
        assert_eq!(buffer, packet);
    }

    #[test]
    fn a_bitrate_above_64_bits_is_invalid() {
        let mut body = [0; 16];
        body[8..12].copy_from_slice(b"REMB");
        body[13..].copy_from_slice(&[0xFF, 0xFF, 0xFF]);
        assert_eq!(Remb::parse(&body).unwrap_err(), WireError::InvalidField);
    }

    #[test]
    fn other_application_feedback_is_not_remb() {
        assert!(Remb::parse(&[0; 16]).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn bitrate_keeps_18_significant_bits(bitrate: u64, ssrcs in proptest::collection::vec(any::<u32>(), 0..20)) {
            let (read, read_ssrcs) = round_trip(bitrate, &ssrcs);
            prop_assert!(read <= bitrate && bitrate - read <= bitrate >> 17);
            prop_assert_eq!(read_ssrcs, ssrcs);
        }
    }
}
