//! MESSAGE-INTEGRITY with short-term credentials: RFC 8489 sections 9.1 and 14.5.

use aws_lc_rs::{constant_time, hmac};

use super::{HEADER_LEN, attribute};
use crate::WireError;
use crate::bytes::{self, Cursor};

/// Length of an HMAC-SHA1, in bytes.
pub(super) const TAG_LEN: usize = 20;

/// Length of the attribute header and value, in bytes.
const ATTRIBUTE_LEN: usize = 4 + TAG_LEN;

/// An ICE password as an expanded HMAC-SHA1 key, so that requests need no key setup. `Debug` does not show the key.
#[derive(Debug, Clone)]
pub struct IceKey(hmac::Key);

impl IceKey {
    /// Expands an ICE password (RFC 8445 section 5.3). Its characters need no SASLprep.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password.as_bytes(),
        ))
    }

    /// Verifies `tag` in constant time. `message` is the datagram; MESSAGE-INTEGRITY begins at `offset`.
    pub(super) fn verify(
        &self,
        message: &[u8],
        offset: usize,
        tag: &[u8],
    ) -> Result<(), WireError> {
        // The HMAC covers the header with a length as if the message ended with this attribute.
        let len =
            u16::try_from(offset + ATTRIBUTE_LEN - HEADER_LEN).map_err(|_| WireError::BadLength)?;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(bytes::slice(message, 0, 2)?);
        context.update(&len.to_be_bytes());
        context.update(message.get(4..offset).ok_or(WireError::Truncated)?);
        constant_time::verify_slices_are_equal(context.sign().as_ref(), tag)
            .map_err(|_| WireError::IntegrityMismatch)
    }

    /// Appends the attribute.
    pub(super) fn append(&self, out: &mut Cursor<'_>) -> Result<(), WireError> {
        attribute::set_length(out, ATTRIBUTE_LEN)?;
        let tag = hmac::sign(&self.0, out.written());
        attribute::write(out, attribute::MESSAGE_INTEGRITY, tag.as_ref())
    }
}
