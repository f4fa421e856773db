//! Derivation of session keys from the master key (RFC 3711 section 4.3, RFC 7714 section 11), key derivation rate 0.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use crate::SrtpError;

/// The use of a session key. The discriminants are the SRTP labels of RFC 3711 section 4.3.2; SRTCP adds 3 to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Encryption = 0,
    Authentication = 1,
    Salt = 2,
}

/// The protocol that a session key protects. The discriminants are added to the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rtp = 0,
    Rtcp = 3,
}

/// Length of the salt in the derivation, in bytes. The 12-byte salt of an AEAD profile is padded with zeros
/// (RFC 7714 section 11).
const SALT_LEN: usize = 14;

/// Position of the label in the initial counter: the byte before the 48-bit index, which is 0 here.
const LABEL_AT: usize = 7;

/// Expands a key of 16 or 32 bytes for AES in counter mode.
pub(crate) fn counter_mode(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let algorithm = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(SrtpError::KeyLength),
    };
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| SrtpError::Crypto)?;
    EncryptingKey::ctr(key).map_err(|_| SrtpError::Crypto)
}

/// XORs `data` with the key stream that starts at `counter`.
#[inline]
pub(crate) fn apply_keystream(
    key: &EncryptingKey,
    counter: [u8; 16],
    data: &mut [u8],
) -> Result<(), SrtpError> {
    let context = EncryptionContext::Iv128(FixedLength::from(counter));
    key.less_safe_encrypt(data, context)
        .map_err(|_| SrtpError::Crypto)?;
    Ok(())
}

/// Derives a session key of `N` bytes.
pub(crate) fn derive<const N: usize>(
    master_key: &[u8],
    master_salt: &[u8],
    protocol: Protocol,
    purpose: Purpose,
) -> Result<[u8; N], SrtpError> {
    let mut counter = [0; 16];
    let salt_len = master_salt.len();
    if salt_len > SALT_LEN {
        return Err(SrtpError::KeyLength);
    }
    counter
        .get_mut(..salt_len)
        .ok_or(SrtpError::KeyLength)?
        .copy_from_slice(master_salt);
    if let Some(byte) = counter.get_mut(LABEL_AT) {
        *byte ^= protocol as u8 + purpose as u8;
    }
    let mut derived = [0; N];
    apply_keystream(&counter_mode(master_key)?, counter, &mut derived)?;
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        hex(digits).try_into().unwrap()
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_match_the_rfc_vectors() {
        let key: [u8; 16] = bytes("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt: [u8; 14] = bytes("0EC675AD498AFEEBB6960B3AABE6");
        let derived: [u8; 16] = derive(&key, &salt, Protocol::Rtp, Purpose::Encryption).unwrap();
        assert_eq!(derived, bytes("C61E7A93744F39EE10734AFE3FF7A087"));
        let derived: [u8; 14] = derive(&key, &salt, Protocol::Rtp, Purpose::Salt).unwrap();
        assert_eq!(derived, bytes("30CBBC08863D8C85D49DB34A9AE1"));
        let derived: [u8; 94] =
            derive(&key, &salt, Protocol::Rtp, Purpose::Authentication).unwrap();
        let expected = concat!(
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF722709863",
            "71C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2DC68",
        );
        assert_eq!(derived[..], hex(expected)[..94]);
    }

    /// RFC 3711 appendix B.2: the key stream across the carry into the second-to-last byte of the counter.
    #[test]
    fn counter_mode_matches_the_rfc_vector() {
        let key = counter_mode(&bytes::<16>("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let mut counter: [u8; 16] = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
        let mut stream = [0; 48];
        apply_keystream(&key, counter, &mut stream).unwrap();
        let start = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream, bytes(start));
        counter[14..].copy_from_slice(&0xfeff_u16.to_be_bytes());
        let mut stream = [0; 48];
        apply_keystream(&key, counter, &mut stream).unwrap();
        let end = "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE6A2CC3787889374FBEB4C81B17BA6C44";
        assert_eq!(stream, bytes(end));
    }

    #[test]
    fn key_or_salt_with_the_wrong_length_is_refused() {
        let derived = derive::<16>(&[0; 24], &[0; 14], Protocol::Rtp, Purpose::Salt);
        assert_eq!(derived, Err(SrtpError::KeyLength));
        let derived = derive::<16>(&[0; 16], &[0; 15], Protocol::Rtp, Purpose::Salt);
        assert_eq!(derived, Err(SrtpError::KeyLength));
    }
}
