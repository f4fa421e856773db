//! AES_CM_128_HMAC_SHA1_80 (RFC 3711 sections 4.1.1 and 4.2.1).

use aws_lc_rs::cipher::EncryptingKey;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key};

use crate::SrtpError;
use crate::header::{RTCP_CLEAR_LEN, RTCP_INDEX_LEN};
use crate::kdf::{Protocol, Purpose, apply_keystream, counter_mode, derive};

pub(crate) const TAG_LEN: usize = 10;

const AUTH_KEY_LEN: usize = 20;
const SALT_LEN: usize = 14;

/// Expanded session keys and their salt, for RTP or for RTCP.
pub(crate) struct CmHmac {
    cipher: EncryptingKey,
    auth: Key,
    salt: [u8; SALT_LEN],
}

impl CmHmac {
    pub(crate) fn derive(key: &[u8], salt: &[u8], protocol: Protocol) -> Result<Self, SrtpError> {
        let cipher = derive::<16>(key, salt, protocol, Purpose::Encryption)?;
        let auth = derive::<AUTH_KEY_LEN>(key, salt, protocol, Purpose::Authentication)?;
        Ok(Self {
            cipher: counter_mode(&cipher)?,
            auth: Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth),
            salt: derive(key, salt, protocol, Purpose::Salt)?,
        })
    }

    /// SSRC and 48-bit index, masked with the salt, then 16 bits of block counter (RFC 3711 section 4.1.1).
    #[inline]
    fn counter(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut counter = (u128::from(ssrc) << 64 | u128::from(index) << 16).to_be_bytes();
        for (byte, salt) in counter.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        counter
    }

    /// The tag of `data` followed by `suffix`.
    #[inline]
    fn tag(&self, data: &[u8], suffix: &[u8]) -> [u8; TAG_LEN] {
        let mut context = Context::with_key(&self.auth);
        context.update(data);
        context.update(suffix);
        let full = context.sign();
        full.as_ref().first_chunk().copied().unwrap_or_default()
    }

    #[inline]
    fn verify(&self, data: &[u8], suffix: &[u8], tag: &[u8]) -> Result<(), SrtpError> {
        verify_slices_are_equal(&self.tag(data, suffix), tag)
            .map_err(|_| SrtpError::AuthenticationFailed)
    }

    /// Encrypts `packet[header_len..len]` and appends the tag. Returns the new length.
    #[inline]
    pub(crate) fn seal_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let sealed_len = len + TAG_LEN;
        let packet = packet.get_mut(..sealed_len).ok_or(SrtpError::NoRoom)?;
        let (body, tag_out) = packet.split_at_mut_checked(len).ok_or(SrtpError::NoRoom)?;
        let payload = body.get_mut(header_len..).ok_or(SrtpError::NoRoom)?;
        apply_keystream(&self.cipher, self.counter(ssrc, index), payload)?;
        tag_out.copy_from_slice(&self.tag(body, &rollover(index)));
        Ok(sealed_len)
    }

    /// Authenticates and decrypts `packet`, which holds at least `header_len` bytes and a tag. Returns the plain
    /// length.
    #[inline]
    pub(crate) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let len = packet
            .len()
            .checked_sub(TAG_LEN)
            .ok_or(SrtpError::TooShort)?;
        let (body, tag) = packet
            .split_at_mut_checked(len)
            .ok_or(SrtpError::TooShort)?;
        self.verify(body, &rollover(index), tag)?;
        let payload = body.get_mut(header_len..).ok_or(SrtpError::TooShort)?;
        apply_keystream(&self.cipher, self.counter(ssrc, index), payload)?;
        Ok(len)
    }

    /// Encrypts the RTCP compound `packet[..len]`; `index_word` is the index with the E bit. Returns the new length.
    #[inline]
    pub(crate) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        len: usize,
        ssrc: u32,
        index: u32,
        index_word: [u8; RTCP_INDEX_LEN],
    ) -> Result<usize, SrtpError> {
        let sealed_len = len + RTCP_INDEX_LEN + TAG_LEN;
        let packet = packet.get_mut(..sealed_len).ok_or(SrtpError::NoRoom)?;
        let (body, trailer) = packet.split_at_mut_checked(len).ok_or(SrtpError::NoRoom)?;
        let (index_out, tag_out) = trailer
            .split_at_mut_checked(RTCP_INDEX_LEN)
            .ok_or(SrtpError::NoRoom)?;
        let payload = body.get_mut(RTCP_CLEAR_LEN..).ok_or(SrtpError::NoRoom)?;
        apply_keystream(&self.cipher, self.counter(ssrc, index.into()), payload)?;
        index_out.copy_from_slice(&index_word);
        tag_out.copy_from_slice(&self.tag(body, &index_word));
        Ok(sealed_len)
    }

    /// Authenticates and decrypts the SRTCP compound `packet`. Returns the plain length.
    #[inline]
    pub(crate) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        index: u32,
        index_word: [u8; RTCP_INDEX_LEN],
    ) -> Result<usize, SrtpError> {
        let len = packet
            .len()
            .checked_sub(RTCP_INDEX_LEN + TAG_LEN)
            .ok_or(SrtpError::TooShort)?;
        let (body, trailer) = packet
            .split_at_mut_checked(len)
            .ok_or(SrtpError::TooShort)?;
        let tag = trailer.get(RTCP_INDEX_LEN..).ok_or(SrtpError::TooShort)?;
        self.verify(body, &index_word, tag)?;
        let payload = body.get_mut(RTCP_CLEAR_LEN..).ok_or(SrtpError::TooShort)?;
        apply_keystream(&self.cipher, self.counter(ssrc, index.into()), payload)?;
        Ok(len)
    }
}

/// The rollover counter. It is not sent, but the tag of an RTP packet covers it (RFC 3711 section 4.2).
#[inline]
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}
