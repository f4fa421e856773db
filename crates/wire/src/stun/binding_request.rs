//! Writing of Binding requests: the connectivity checks of RFC 8445 section 7.2.

use super::{IceKey, IceRole, TransactionId, attribute, fingerprint};
use crate::WireError;
use crate::bytes::Cursor;

const BINDING_REQUEST: u16 = 0x0001;

/// A connectivity check.
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    /// Random id of the transaction.
    pub transaction_id: TransactionId,
    /// The receiver's username fragment, a colon, the sender's username fragment.
    pub username: &'a str,
    /// Priority of the peer-reflexive candidate that the check may discover.
    pub priority: u32,
    /// Whether to nominate the pair.
    pub use_candidate: bool,
    /// Role of the sender.
    pub role: IceRole,
}

impl BindingRequest<'_> {
    /// Writes the request with MESSAGE-INTEGRITY (`key` is the receiver's password) and FINGERPRINT. Returns its length
    /// in bytes.
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
