//! What can go wrong, and whose fault it is.

use std::fmt;

/// Why a packet was not protected or unprotected. Nothing of the context's state has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpError {
    /// Peer: shorter than its headers and tag.
    TooShort,
    /// Peer: not RTP or RTCP version 2.
    Malformed,
    /// Peer, or someone on the way: the tag does not fit the packet.
    AuthenticationFailed,
    /// Network or attacker: this index came before, or lies behind the replay window.
    Replayed,
    /// Peer: SRTCP without encryption, which WebRTC never negotiates (RFC 8827 section 6.5).
    Unencrypted,
    /// Peer: more SSRCs than [`MAX_STREAMS`](crate::MAX_STREAMS) in one transport.
    TooManyStreams,
    /// Caller: the buffer has no room for the tag, or the lengths contradict each other.
    NoRoom,
    /// Caller: key, salt or exported material is not as long as the profile wants it.
    KeyLength,
    /// Caller: this packet index has been used, and a nonce must not be used twice.
    IndexReused,
    /// Nobody: every packet index of this key has been used (RFC 3711 section 9.2). A new handshake is due.
    KeyExhausted,
    /// The cryptographic library refused what it cannot refuse.
    Crypto,
}

impl SrtpError {
    /// Whether what came from the network is to blame, rather than our own side.
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
            Self::Unencrypted => "SRTCP is not encrypted",
            Self::TooManyStreams => "too many SSRCs",
            Self::NoRoom => "no room for the tag",
            Self::KeyLength => "wrong length of keying material",
            Self::IndexReused => "packet index used before",
            Self::KeyExhausted => "all packet indices used",
            Self::Crypto => "failure of the cryptographic library",
        })
    }
}

impl std::error::Error for SrtpError {}
