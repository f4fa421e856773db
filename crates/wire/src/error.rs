//! The errors of reading and writing packets.

use std::fmt;

/// Why a packet cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// The packet ends before a mandatory field.
    Truncated,
    /// The packet has another version of the protocol, or another protocol.
    BadVersion,
    /// A length field contradicts the packet size.
    BadLength,
    /// The padding count is zero or exceeds the packet, or padding is not allowed here.
    BadPadding,
    /// The STUN message does not have the Binding method.
    NotBinding,
    /// A field has a value that its specification does not allow.
    InvalidField,
    /// The STUN message has no MESSAGE-INTEGRITY.
    IntegrityMissing,
    /// MESSAGE-INTEGRITY does not match the password.
    IntegrityMismatch,
    /// The STUN message has no FINGERPRINT.
    FingerprintMissing,
    /// FINGERPRINT does not match the message.
    FingerprintMismatch,
    /// Caller: the buffer is too small for the packet to write.
    BufferTooSmall,
    /// Caller: the format cannot express the values to write.
    Unrepresentable,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "truncated",
            Self::BadVersion => "bad_version",
            Self::BadLength => "bad_length",
            Self::BadPadding => "bad_padding",
            Self::NotBinding => "not_binding",
            Self::InvalidField => "invalid_field",
            Self::IntegrityMissing => "integrity_missing",
            Self::IntegrityMismatch => "integrity_mismatch",
            Self::FingerprintMissing => "fingerprint_missing",
            Self::FingerprintMismatch => "fingerprint_mismatch",
            Self::BufferTooSmall => "buffer_too_small",
            Self::Unrepresentable => "unrepresentable",
        })
    }
}

impl std::error::Error for WireError {}
