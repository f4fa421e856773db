//! The errors of this crate and the side at fault for each.

use std::fmt;

/// Why a packet was not protected or unprotected. The state of the context is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpError {
    /// Peer: the packet is shorter than its headers and tag.
    TooShort,
    /// Peer: the packet is not RTP or RTCP version 2.
    Malformed,
    /// Peer or attacker: the authentication tag does not match the packet.
    AuthenticationFailed,
    /// Network or attacker: this index was received before, or is older than the replay window.
    Replayed,
    /// Peer: the SRTCP packet is not encrypted, which WebRTC never negotiates (RFC 8827 section 6.5).
    Unencrypted,
    /// Peer: the transport uses more than [`MAX_STREAMS`](crate::MAX_STREAMS) SSRCs.
    TooManyStreams,
    /// Caller: the buffer has no room for the tag, or its lengths contradict each other.
    NoRoom,
    /// Caller: key, salt or exported material does not have the length that the profile requires.
    KeyLength,
    /// Caller: this packet index was used before, and a nonce must not be reused.
    IndexReused,
    /// Nobody: all packet indices of this key are used (RFC 3711 section 9.2). A new DTLS handshake is needed.
    KeyExhausted,
    /// The cryptographic library failed on valid input.
    Crypto,
}

impl SrtpError {
    /// Whether the packet received from the network is at fault, rather than the caller.
    #[must_use]
    pub fn is_remote(self) -> bool {
        matches!(
            self,
            Self::TooShort
                | Self::Malformed
                | Self::AuthenticationFailed
                | Self::Replayed
                | Self::Unencrypted
                | Self::TooManyStreams
        )
    }
}

impl fmt::Display for SrtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "packet too short",
            Self::Malformed => "not an RTP or RTCP packet of version 2",
            Self::AuthenticationFailed => "authentication failed",
            Self::Replayed => "packet replayed or too old",
            Self::Unencrypted => "the SRTCP packet is not encrypted",
            Self::TooManyStreams => "too many SSRCs",
            Self::NoRoom => "the buffer has no room for the tag",
            Self::KeyLength => "the keying material has the wrong length",
            Self::IndexReused => "the packet index was used before",
            Self::KeyExhausted => "all packet indices of the key are used",
            Self::Crypto => "the cryptographic library failed",
        })
    }
}

impl std::error::Error for SrtpError {}
