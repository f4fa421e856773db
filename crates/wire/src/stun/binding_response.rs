//! Writing of Binding responses: RFC 8489 section 6.3.1, RFC 8445 section 7.3.

use std::net::SocketAddr;

use super::{IceKey, TransactionId, address, attribute, fingerprint};
use crate::WireError;
use crate::bytes::Cursor;

const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

/// The error code of a refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StunErrorCode {
    /// 400: the request is malformed or lacks a mandatory attribute.
    BadRequest,
    /// 401: the credentials are wrong.
    Unauthenticated,
    /// 420: this comprehension-required attribute is unknown.
    UnknownAttribute(u16),
    /// 487: both sides claim the same role (RFC 8445 section 7.3.1.1).
    RoleConflict,
}

impl StunErrorCode {
    const fn class_number_reason(self) -> (u8, u8, &'static str) {
        match self {
            Self::BadRequest => (4, 0, "Bad Request"),
            Self::Unauthenticated => (4, 1, "Unauthenticated"),
            Self::UnknownAttribute(_) => (4, 20, "Unknown Attribute"),
            Self::RoleConflict => (4, 87, "Role Conflict"),
        }
    }
}

/// Writes a success response with XOR-MAPPED-ADDRESS (`source` is the address of the requester), MESSAGE-INTEGRITY
/// (`key` is our password, as for the request) and FINGERPRINT. Returns its length: 64 bytes for IPv4, 76 for IPv6.
///
/// # Errors
/// [`WireError::BufferTooSmall`].
pub fn write_binding_success(
    buffer: &mut [u8],
    transaction_id: &TransactionId,
    source: SocketAddr,
    key: &IceKey,
) -> Result<usize, WireError> {
    let mut out = Cursor::new(buffer);
    attribute::write_header(&mut out, BINDING_SUCCESS, transaction_id)?;
    address::append(&mut out, transaction_id, source)?;
    key.append(&mut out)?;
    fingerprint::append(&mut out)?;
    Ok(out.len())
}

/// Writes an error response with FINGERPRINT, and with MESSAGE-INTEGRITY if `key` is given: for an authenticated
/// request (RFC 8489 section 9.1.3). Returns its length in bytes.
///
/// # Errors
/// [`WireError::BufferTooSmall`].
pub fn write_binding_error(
    buffer: &mut [u8],
    transaction_id: &TransactionId,
    code: StunErrorCode,
    key: Option<&IceKey>,
) -> Result<usize, WireError> {
    let mut out = Cursor::new(buffer);
    attribute::write_header(&mut out, BINDING_ERROR, transaction_id)?;
    let (class, number, reason) = code.class_number_reason();
    out.u16(attribute::ERROR_CODE)?;
    out.u16(u16::try_from(4 + reason.len()).map_err(|_| WireError::Unrepresentable)?)?;
    out.bytes(&[0, 0, class, number])?;
    out.bytes(reason.as_bytes())?;
    out.align4()?;
    if let StunErrorCode::UnknownAttribute(kind) = code {
        attribute::write(&mut out, attribute::UNKNOWN_ATTRIBUTES, &kind.to_be_bytes())?;
    }
    if let Some(key) = key {
        key.append(&mut out)?;
    }
    fingerprint::append(&mut out)?;
    Ok(out.len())
}
