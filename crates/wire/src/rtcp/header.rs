//! The common header of RTCP packets: RFC 3550 section 6.4.1.

use crate::WireError;
use crate::bytes::{self, Cursor};

pub(super) const SENDER_REPORT: u8 = 200;
pub(super) const RECEIVER_REPORT: u8 = 201;
pub(super) const SOURCE_DESCRIPTION: u8 = 202;
pub(super) const GOODBYE: u8 = 203;
pub(super) const TRANSPORT_LAYER_FEEDBACK: u8 = 205;
pub(super) const PAYLOAD_SPECIFIC_FEEDBACK: u8 = 206;
pub(super) const EXTENDED_REPORT: u8 = 207;

const VERSION: u8 = 2;
const LEN: usize = 4;

/// One packet of a compound, before its body is parsed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawPacket<'a> {
    pub(super) packet_type: u8,
    /// Report count, source count or feedback format: 0..=31.
    pub(super) count: u8,
    /// The bytes after the header, without padding.
    pub(super) body: &'a [u8],
}

impl<'a> RawPacket<'a> {
    /// Reads the first packet of `data`. Returns it and the remaining bytes.
    ///
    /// RFC 3550 allows padding only on the last packet of a compound, but libwebrtc pads transport feedback at any
    /// position, and not to a multiple of four. Any padding within its packet is therefore accepted.
    pub(super) fn split(data: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        let first = bytes::u8_at(data, 0)?;
        if first >> 6 != VERSION {
            return Err(WireError::BadVersion);
        }
        let packet_type = bytes::u8_at(data, 1)?;
        let len = LEN + 4 * usize::from(bytes::u16_at(data, 2)?);
        let (packet, rest) = data.split_at_checked(len).ok_or(WireError::BadLength)?;
        let mut body = packet.get(LEN..).unwrap_or_default();
        if first & 0x20 != 0 {
            let padding = usize::from(body.last().copied().unwrap_or_default());
            let kept = body
                .len()
                .checked_sub(padding)
                .filter(|_| padding > 0)
                .ok_or(WireError::BadPadding)?;
            body = body.get(..kept).unwrap_or_default();
        }
        Ok((
            Self {
                packet_type,
                count: first & 0x1F,
                body,
            },
            rest,
        ))
    }
}

/// Writes a packet with the body that `write_body` appends. Pads the body with zeros to whole words and sets the
/// length.
pub(super) fn write(
    buffer: &mut [u8],
    packet_type: u8,
    count: usize,
    write_body: impl FnOnce(&mut Cursor<'_>) -> Result<(), WireError>,
) -> Result<usize, WireError> {
    let count = u8::try_from(count)
        .ok()
        .filter(|count| *count <= 31)
        .ok_or(WireError::Unrepresentable)?;
    let mut out = Cursor::new(buffer);
    out.u8((VERSION << 6) | count)?;
    out.u8(packet_type)?;
    out.u16(0)?;
    write_body(&mut out)?;
    out.align4()?;
    let words = u16::try_from(out.len() / 4 - 1).map_err(|_| WireError::Unrepresentable)?;
    out.set_u16(2, words)?;
    Ok(out.len())
}
