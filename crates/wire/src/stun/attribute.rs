//! Attribute types and their type-length-value encoding: RFC 8489 section 14.

use super::{HEADER_LEN, MAGIC_COOKIE, TransactionId};
use crate::WireError;
use crate::bytes::{self, Cursor};

pub(super) const USERNAME: u16 = 0x0006;
pub(super) const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(super) const ERROR_CODE: u16 = 0x0009;
pub(super) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
pub(super) const PRIORITY: u16 = 0x0024;
pub(super) const USE_CANDIDATE: u16 = 0x0025;
pub(super) const FINGERPRINT: u16 = 0x8028;
pub(super) const ICE_CONTROLLED: u16 = 0x8029;
pub(super) const ICE_CONTROLLING: u16 = 0x802A;

/// Types below this one are comprehension-required (RFC 8489 section 14).
pub(super) const FIRST_OPTIONAL: u16 = 0x8000;

/// One attribute and the offset of its header in the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) kind: u16,
    pub(super) value: &'a [u8],
    pub(super) offset: usize,
}

/// Reads the attribute at `offset`. Returns it with the offset of the next attribute.
pub(super) fn read(message: &[u8], offset: usize) -> Result<(Attribute<'_>, usize), WireError> {
    let kind = bytes::u16_at(message, offset)?;
    let len = usize::from(bytes::u16_at(message, offset + 2)?);
    let value = bytes::slice(message, offset + 4, len).map_err(|_| WireError::BadLength)?;
    Ok((
        Attribute {
            kind,
            value,
            offset,
        },
        offset + 4 + len.next_multiple_of(4),
    ))
}

/// Writes a message header with length zero.
pub(super) fn write_header(
    out: &mut Cursor<'_>,
    kind: u16,
    transaction_id: &TransactionId,
) -> Result<(), WireError> {
    out.u16(kind)?;
    out.u16(0)?;
    out.u32(MAGIC_COOKIE)?;
    out.bytes(transaction_id)
}

/// Writes one attribute with its padding.
pub(super) fn write(out: &mut Cursor<'_>, kind: u16, value: &[u8]) -> Result<(), WireError> {
    out.u16(kind)?;
    out.u16(u16::try_from(value.len()).map_err(|_| WireError::Unrepresentable)?)?;
    out.bytes(value)?;
    out.align4()
}

/// Sets the length field of the header to the bytes written plus `upcoming` bytes of the next attribute.
pub(super) fn set_length(out: &mut Cursor<'_>, upcoming: usize) -> Result<(), WireError> {
    let len = out.len() + upcoming - HEADER_LEN;
    out.set_u16(
        2,
        u16::try_from(len).map_err(|_| WireError::Unrepresentable)?,
    )
}
