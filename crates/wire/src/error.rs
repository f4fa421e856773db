//! Why a packet cannot be read or written.

use std::fmt;

/// What is wrong, and by that whose fault it is (see [`WireError::is_peer_fault`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// The packet ends before a field that it must have.
    Truncated,
    /// Another version of the protocol, or another protocol.
    BadVersion,
    /// A length field contradicts the size of the packet.
    BadLength,
    /// The padding count is zero, reaches beyond the packet, or stands where no padding may be.
    BadPadding,
    /// A STUN message that is no Binding request or indication.
    NotBinding,
    /// A field holds a value that its specification does not allow.
    InvalidField,
    /// A STUN request lacks MESSAGE-INTEGRITY.
    IntegrityMissing,
    /// MESSAGE-INTEGRITY does not match the password.
    IntegrityMismatch,
    /// A STUN message lacks FINGERPRINT.
    FingerprintMissing,
    /// FINGERPRINT does not match the message.
    FingerprintMismatch,
    /// Ours: the buffer or budget given is too small for what is to be written.
    BufferTooSmall,
    /// Ours: what is to be written cannot be expressed in the format.
    Unrepresentable,
}

impl WireError {
    /// Whether the sender of the packet is to blame; otherwise the caller that wanted to write one.
    #[must_use]
    pub const fn is_peer_fault(self) -> bool {
        !matches!(self, Self::BufferTooSmall | Self::Unrepresentable)
    }

    /// A stable name for counters and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
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
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for WireError {}
