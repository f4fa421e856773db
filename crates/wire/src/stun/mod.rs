//! STUN Binding messages for ICE: RFC 8489, RFC 8445 section 7.
//!
//! Rules:
//! - A message is exactly one datagram, as its length field must confirm.
//! - FINGERPRINT must be present, last and valid: [`StunMessage::parse`] refuses anything else.
//! - [`StunMessage::verify_integrity`] checks MESSAGE-INTEGRITY separately, because the key depends on the username.
//! - Attributes after MESSAGE-INTEGRITY, except FINGERPRINT, are unauthenticated and therefore ignored.

mod address;
mod attribute;
mod binding_request;
mod binding_response;
mod fingerprint;
mod integrity;
mod message;

pub use binding_request::BindingRequest;
pub use binding_response::{StunErrorCode, write_binding_error, write_binding_success};
pub use integrity::IceKey;
pub use message::{IceRole, StunClass, StunMessage, StunUsername};

/// Matches a response to its request (RFC 8489 section 5).
pub type TransactionId = [u8; 12];

const MAGIC_COOKIE: u32 = 0x2112_A442;
const HEADER_LEN: usize = 20;
