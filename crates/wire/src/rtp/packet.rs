//! Decrypted RTP packets, read in place.

use std::ops::Range;

use super::{Extensions, RtpHeader};
use crate::WireError;
use crate::bytes;

/// A view of a packet with valid header and padding.
#[derive(Debug, Clone)]
pub struct RtpPacket<'a> {
    data: &'a [u8],
    header: RtpHeader,
    padding_len: u8,
}

impl<'a> RtpPacket<'a> {
    /// Reads a decrypted packet.
    ///
    /// # Errors
    /// Those of [`RtpHeader::parse`]; [`WireError::BadPadding`] when the count is zero or reaches into the header.
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        let header = RtpHeader::parse(data)?;
        let mut padding_len = 0;
        if header.has_padding {
            padding_len = data.last().copied().unwrap_or_default();
            if padding_len == 0 || header.len + usize::from(padding_len) > data.len() {
                return Err(WireError::BadPadding);
            }
        }
        Ok(Self {
            data,
            header,
            padding_len,
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &RtpHeader {
        &self.header
    }

    /// The M bit.
    #[must_use]
    pub const fn marker(&self) -> bool {
        self.header.marker
    }

    /// Payload type, 0..=127.
    #[must_use]
    pub const fn payload_type(&self) -> u8 {
        self.header.payload_type
    }

    /// Sequence number; wraps.
    #[must_use]
    pub const fn sequence_number(&self) -> u16 {
        self.header.sequence_number
    }

    /// RTP timestamp in units of the codec's clock; wraps.
    #[must_use]
    pub const fn timestamp(&self) -> u32 {
        self.header.timestamp
    }

    /// SSRC of the stream.
    #[must_use]
    pub const fn ssrc(&self) -> u32 {
        self.header.ssrc
    }

    /// The contributing sources.
    pub fn csrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        let data = self.data;
        (0..usize::from(self.header.csrc_count))
            .map_while(move |index| bytes::u32_at(data, 12 + 4 * index).ok())
    }

    /// The header extension elements; empty without an extension or when its profile is not one of RFC 8285.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        self.header
            .extension
            .as_ref()
            .map_or_else(Extensions::empty, |extension| {
                let elements = self.data.get(extension.range.clone()).unwrap_or_default();
                Extensions::new(extension.profile, elements, extension.range.start)
            })
    }

    /// The value of the first header extension element with this id.
    #[must_use]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions()
            .find(|element| element.0 == id)
            .map(|element| element.1)
    }

    /// The range of that value in the packet, to overwrite it in place.
    #[must_use]
    pub fn extension_range(&self, id: u8) -> Option<Range<usize>> {
        self.extensions().range_of(id)
    }

    /// The range of the payload in the packet: after the header, before the padding.
    #[must_use]
    pub fn payload_range(&self) -> Range<usize> {
        self.header.len
            ..self
                .data
                .len()
                .saturating_sub(usize::from(self.padding_len))
    }

    /// The payload; empty in a packet that has only padding.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.data.get(self.payload_range()).unwrap_or_default()
    }

    /// Length of the padding in bytes, including its count.
    #[must_use]
    pub const fn padding_len(&self) -> u8 {
        self.padding_len
    }

    /// The bytes of the packet.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
        [&[first, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2], rest].concat()
    }

    #[test]
    fn the_fields_of_the_header_are_read() {
        let data = [
            0x80, 0xE0, 0x12, 0x34, 1, 2, 3, 4, 0xAA, 0xBB, 0xCC, 0xDD, 9,
        ];
        let packet = RtpPacket::parse(&data).unwrap();
        assert_eq!((packet.marker(), packet.payload_type()), (true, 96));
        assert_eq!(packet.sequence_number(), 0x1234);
        assert_eq!(
            (packet.timestamp(), packet.ssrc()),
            (0x0102_0304, 0xAABB_CCDD)
        );
        assert_eq!(packet.data(), data);
        let unmarked = self::packet(0x80, &[]);
        assert!(!RtpPacket::parse(&unmarked).unwrap().marker());
    }

    #[test]
    fn padding_is_not_part_of_the_payload() {
        let data = packet(0xA0, &[7, 8, 0, 0, 3]);
        let packet = RtpPacket::parse(&data).unwrap();
        assert_eq!(packet.payload(), [7, 8]);
        assert_eq!(packet.padding_len(), 3);
        assert_eq!(packet.payload_range(), 12..14);
    }

    #[test]
    fn a_packet_may_have_only_padding() {
        let data = packet(0xA0, &[0, 2]);
        assert!(RtpPacket::parse(&data).unwrap().payload().is_empty());
    }

    #[test]
    fn padding_of_zero_or_into_the_header_is_refused() {
        for rest in [&[1, 2, 0][..], &[1, 2, 4], &[]] {
            let mut data = packet(0xA0, rest);
            if rest.is_empty() {
                data[11] = 1;
            }
            assert_eq!(RtpPacket::parse(&data).unwrap_err(), WireError::BadPadding);
        }
    }

    #[test]
    fn contributing_sources_are_listed() {
        let data = packet(0x82, &[0, 0, 0, 5, 0, 0, 0, 6]);
        assert_eq!(
            RtpPacket::parse(&data).unwrap().csrcs().collect::<Vec<_>>(),
            [5, 6]
        );
    }

    #[test]
    fn an_extension_value_is_found_with_its_range() {
        let data = packet(
            0x90,
            &[0xBE, 0xDE, 0, 2, 0x10, 0xAA, 0, 0x51, 1, 2, 0, 0, 9],
        );
        let packet = RtpPacket::parse(&data).unwrap();
        assert_eq!(packet.extension(5), Some(&[1, 2][..]));
        assert_eq!(packet.extension_range(5), Some(20..22));
        assert_eq!(packet.extension(2), None);
    }
}
