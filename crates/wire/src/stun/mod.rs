//! STUN Binding messages as ICE uses them: RFC 8489, RFC 8445 section 7.
//!
//! Rules:
//! - A message is exactly one datagram; its length field says so.
//! - FINGERPRINT must be present, last, and right: [`StunMessage::parse`] refuses anything else.
//! - MESSAGE-INTEGRITY is checked by [`StunMessage::verify_integrity`], since the key depends on the user name.
//! - What follows MESSAGE-INTEGRITY, but for FINGERPRINT, is not authenticated and therefore ignored.

mod address;
mod attribute;
mod fingerprint;
mod integrity;
mod message;
mod request;
mod response;

pub use integrity::IceKey;
pub use message::{IceRole, StunClass, StunMessage, StunUsername};
pub use request::BindingRequest;
pub use response::{StunErrorCode, write_binding_error, write_binding_success};

/// What pairs a response with its request (RFC 8489 section 5).
pub type TransactionId = [u8; 12];

const MAGIC_COOKIE: u32 = 0x2112_A442;
const HEADER_LEN: usize = 20;
