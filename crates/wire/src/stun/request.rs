//! Writes a Binding request: the checking side of RFC 8445 section 7.2.

use super::{IceKey, IceRole, TransactionId, attribute, fingerprint};
use crate::WireError;
use crate::bytes::Cursor;

const BINDING_REQUEST: u16 = 0x0001;

/// A connectivity check.
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    /// Random.
    pub transaction_id: TransactionId,
    /// The receiver's fragment, a colon, the sender's.
    pub username: &'a str,
    /// Of the candidate that the check may reveal.
    pub priority: u32,
    /// Nominates the pair.
    pub use_candidate: bool,
    /// The sender's role.
    pub role: IceRole,
}

impl BindingRequest<'_> {
    /// Writes the request with MESSAGE-INTEGRITY (`key`: the receiver's password) and FINGERPRINT; returns its length.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`].
    pub fn write(&self, buffer: &mut [u8], key: &IceKey) -> Result<usize, WireError> {
        let mut out = Cursor::new(buffer);
        attribute::write_header(&mut out, BINDING_REQUEST, &self.transaction_id)?;
        attribute::write(&mut out, attribute::USERNAME, self.username.as_bytes())?;
        attribute::write(&mut out, attribute::PRIORITY, &self.priority.to_be_bytes())?;
        if self.use_candidate {
            attribute::write(&mut out, attribute::USE_CANDIDATE, &[])?;
        }
        let (kind, tie_breaker) = match self.role {
            IceRole::Controlling(value) => (attribute::ICE_CONTROLLING, value),
            IceRole::Controlled(value) => (attribute::ICE_CONTROLLED, value),
        };
        attribute::write(&mut out, kind, &tie_breaker.to_be_bytes())?;
        key.append(&mut out)?;
        fingerprint::append(&mut out)?;
        Ok(out.len())
    }
}
