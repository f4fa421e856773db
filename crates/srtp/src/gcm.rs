//! AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::SrtpError;
use crate::header::{RTCP_CLEAR_LEN, RTCP_INDEX_LEN};
use crate::kdf::{Protocol, Purpose, derive};

pub(crate) const TAG_LEN: usize = 16;

/// An expanded session key and its salt, for RTP or for RTCP.
pub(crate) struct Gcm {
    key: LessSafeKey,
    /// The lower 96 bits.
    salt: u128,
}

impl Gcm {
    pub(crate) fn derive(key: &[u8], salt: &[u8], protocol: Protocol) -> Result<Self, SrtpError> {
        let session_salt = derive(key, salt, protocol, Purpose::Salt)?;
        match key.len() {
            16 => Self::new(
                &derive::<16>(key, salt, protocol, Purpose::Encryption)?,
                session_salt,
            ),
            _ => Self::new(
                &derive::<32>(key, salt, protocol, Purpose::Encryption)?,
                session_salt,
            ),
        }
    }

    /// Expands a session key of 16 or 32 bytes.
    pub(crate) fn new(key: &[u8], salt: [u8; NONCE_LEN]) -> Result<Self, SrtpError> {
        let algorithm = if key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| SrtpError::KeyLength)?;
        Ok(Self {
            key: LessSafeKey::new(key),
            salt: salt
                .iter()
                .fold(0, |salt, byte| salt << 8 | u128::from(*byte)),
        })
    }

    /// Two zero bytes, SSRC and 48-bit index, masked with the salt (RFC 7714 sections 8.1 and 9.1).
    #[inline]
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let plain = u128::from(ssrc) << 48 | u128::from(index);
        let [_, _, _, _, nonce @ ..] = (plain ^ self.salt).to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
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
        let (plain, tag_out) = packet.split_at_mut_checked(len).ok_or(SrtpError::NoRoom)?;
        let (header, payload) = plain
            .split_at_mut_checked(header_len)
            .ok_or(SrtpError::NoRoom)?;
        self.key
            .seal_in_place_scatter(
                self.nonce(ssrc, index),
                Aad::from(header),
                payload,
                &[],
                tag_out,
            )
            .map_err(|_| SrtpError::Crypto)?;
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
        let (header, sealed) = packet
            .split_at_mut_checked(header_len)
            .ok_or(SrtpError::TooShort)?;
        let plain = self
            .key
            .open_in_place(self.nonce(ssrc, index), Aad::from(header), sealed)
            .map_err(|_| SrtpError::AuthenticationFailed)?;
        Ok(header_len + plain.len())
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
        let sealed_len = len + TAG_LEN + RTCP_INDEX_LEN;
        let packet = packet.get_mut(..sealed_len).ok_or(SrtpError::NoRoom)?;
        let (plain, trailer) = packet.split_at_mut_checked(len).ok_or(SrtpError::NoRoom)?;
        let (clear, payload) = plain
            .split_at_mut_checked(RTCP_CLEAR_LEN)
            .ok_or(SrtpError::NoRoom)?;
        let (tag_out, index_out) = trailer
            .split_at_mut_checked(TAG_LEN)
            .ok_or(SrtpError::NoRoom)?;
        self.key
            .seal_in_place_scatter(
                self.nonce(ssrc, index.into()),
                Aad::from(rtcp_aad(clear, index_word)),
                payload,
                &[],
                tag_out,
            )
            .map_err(|_| SrtpError::Crypto)?;
        index_out.copy_from_slice(&index_word);
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
        let sealed_len = packet
            .len()
            .checked_sub(RTCP_INDEX_LEN)
            .ok_or(SrtpError::TooShort)?;
        let packet = packet.get_mut(..sealed_len).ok_or(SrtpError::TooShort)?;
        let (clear, sealed) = packet
            .split_at_mut_checked(RTCP_CLEAR_LEN)
            .ok_or(SrtpError::TooShort)?;
        let plain = self
            .key
            .open_in_place(
                self.nonce(ssrc, index.into()),
                Aad::from(rtcp_aad(clear, index_word)),
                sealed,
            )
            .map_err(|_| SrtpError::AuthenticationFailed)?;
        Ok(RTCP_CLEAR_LEN + plain.len())
    }
}

/// The associated data of SRTCP: the first 8 bytes and the index word with its E bit (RFC 7714 section 9.2).
#[inline]
fn rtcp_aad(
    clear: &[u8],
    index_word: [u8; RTCP_INDEX_LEN],
) -> [u8; RTCP_CLEAR_LEN + RTCP_INDEX_LEN] {
    let mut aad = [0; RTCP_CLEAR_LEN + RTCP_INDEX_LEN];
    for (byte, from) in aad.iter_mut().zip(clear.iter().chain(&index_word)) {
        *byte = *from;
    }
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    const SALT: [u8; 12] = *b"Quid pro quo";
    const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
    const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const RTP_HEADER: &str = "8040f17b8041f8d35501a0b2";
    const RTP_PAYLOAD: &[u8] = b"Gallia est omnis divisa in partes tres";
    const RTCP: &str = concat!(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61",
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    );

    fn check_rtp(key: &str, sealed: &str) {
        let gcm = Gcm::new(&hex(key), SALT).unwrap();
        let plain = [hex(RTP_HEADER), RTP_PAYLOAD.to_vec()].concat();
        let mut packet = [plain.clone(), vec![0; TAG_LEN]].concat();
        let len = gcm
            .seal_rtp(&mut packet, 12, plain.len(), 0x5501_a0b2, 0xf17b)
            .unwrap();
        assert_eq!(packet[..len], [hex(RTP_HEADER), hex(sealed)].concat());
        assert_eq!(
            gcm.open_rtp(&mut packet, 12, 0x5501_a0b2, 0xf17b),
            Ok(plain.len())
        );
        assert_eq!(packet[..plain.len()], plain);
    }

    fn check_rtcp(key: &str, sealed: &str) {
        let gcm = Gcm::new(&hex(key), SALT).unwrap();
        let plain = hex(RTCP);
        let mut packet = [plain.clone(), vec![0; 20]].concat();
        let index_word = 0x8000_05d4_u32.to_be_bytes();
        let len = gcm
            .seal_rtcp(&mut packet, plain.len(), 0x4d61_7273, 0x5d4, index_word)
            .unwrap();
        assert_eq!(
            packet[..len],
            [hex("81c8000d4d617273"), hex(sealed)].concat()
        );
        assert_eq!(
            gcm.open_rtcp(&mut packet, 0x4d61_7273, 0x5d4, index_word),
            Ok(plain.len())
        );
        assert_eq!(packet[..plain.len()], plain);
    }

    /// RFC 7714 section 16.1.
    #[test]
    fn rtp_with_a_128_bit_key_matches_the_rfc_vector() {
        check_rtp(
            KEY_128,
            concat!(
                "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
                "899d7f27beb16a9152cf765ee4390cce",
            ),
        );
    }

    /// RFC 7714 section 16.2.
    #[test]
    fn rtp_with_a_256_bit_key_matches_the_rfc_vector() {
        check_rtp(
            KEY_256,
            concat!(
                "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b",
                "7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        );
    }

    /// RFC 7714 section 17.1.
    #[test]
    fn rtcp_with_a_128_bit_key_matches_the_rfc_vector() {
        check_rtcp(
            KEY_128,
            concat!(
                "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b",
                "c84aa45896cf4d2fc5abf87245d9eade800005d4",
            ),
        );
    }

    /// RFC 7714 section 17.2.
    #[test]
    fn rtcp_with_a_256_bit_key_matches_the_rfc_vector() {
        check_rtcp(
            KEY_256,
            concat!(
                "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad",
                "1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
            ),
        );
    }
}
