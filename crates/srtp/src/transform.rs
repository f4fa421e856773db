//! The cryptographic transform of a profile, keyed for one protocol and one direction.

use crate::cm_hmac::{self, CmHmac};
use crate::gcm::{self, Gcm};
use crate::kdf::Protocol;
use crate::{SrtpError, SrtpProfile};

/// Set in the index word of an SRTCP packet that is encrypted (RFC 3711 section 3.4).
pub(crate) const ENCRYPTED: u32 = 1 << 31;

/// Encrypts and authenticates single packets. Streams, replay windows and counters are the caller's.
pub(crate) enum Transform {
    Gcm(Gcm),
    CmHmac(Box<CmHmac>),
}

impl Transform {
    /// Derives the session keys from the master key and master salt.
    pub(crate) fn derive(
        profile: SrtpProfile,
        key: &[u8],
        salt: &[u8],
        protocol: Protocol,
    ) -> Result<Self, SrtpError> {
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
            return Err(SrtpError::KeyLength);
        }
        match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => {
                Gcm::derive(key, salt, protocol).map(Transform::Gcm)
            }
            SrtpProfile::Aes128CmHmacSha1_80 => {
                CmHmac::derive(key, salt, protocol).map(|keys| Self::CmHmac(Box::new(keys)))
            }
        }
    }

    #[inline]
    pub(crate) fn seal_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Gcm(gcm) => gcm.seal_rtp(packet, header_len, len, ssrc, index),
            Self::CmHmac(cm) => cm.seal_rtp(packet, header_len, len, ssrc, index),
        }
    }

    #[inline]
    pub(crate) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let tag_len = match self {
            Self::Gcm(_) => gcm::TAG_LEN,
            Self::CmHmac(_) => cm_hmac::TAG_LEN,
        };
        if packet.len() < header_len + tag_len {
            return Err(SrtpError::TooShort);
        }
        match self {
            Self::Gcm(gcm) => gcm.open_rtp(packet, header_len, ssrc, index),
            Self::CmHmac(cm) => cm.open_rtp(packet, header_len, ssrc, index),
        }
    }

    #[inline]
    pub(crate) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        len: usize,
        ssrc: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::Gcm(gcm) => gcm.seal_rtcp(packet, len, ssrc, index, word),
            Self::CmHmac(cm) => cm.seal_rtcp(packet, len, ssrc, index, word),
        }
    }

    /// Reads the index word of an SRTCP packet: after the tag for AEAD (RFC 7714 section 9), otherwise before it.
    #[inline]
    pub(crate) fn rtcp_index_word(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        let behind = match self {
            Self::Gcm(_) => packet,
            Self::CmHmac(_) => {
                let len = packet
                    .len()
                    .checked_sub(cm_hmac::TAG_LEN)
                    .ok_or(SrtpError::TooShort)?;
                packet.get(..len).ok_or(SrtpError::TooShort)?
            }
        };
        behind
            .last_chunk()
            .map(|word| u32::from_be_bytes(*word))
            .ok_or(SrtpError::TooShort)
    }

    #[inline]
    pub(crate) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        index: u32,
    ) -> Result<usize, SrtpError> {
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::Gcm(gcm) => gcm.open_rtcp(packet, ssrc, index, word),
            Self::CmHmac(cm) => cm.open_rtcp(packet, ssrc, index, word),
        }
    }
}
