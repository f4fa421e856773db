//! Protection profiles and their exported keying material (RFC 5764 section 4, RFC 7714 section 14.2).

use crate::SrtpError;

/// Maximum number of bytes that protection adds to an RTP or RTCP packet, over all profiles.
pub const MAX_OVERHEAD: usize = 20;

/// A protection profile, as the `use_srtp` extension of DTLS negotiates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// AES-128 in Galois/counter mode (RFC 7714).
    AeadAes128Gcm,
    /// AES-256 in Galois/counter mode (RFC 7714).
    AeadAes256Gcm,
    /// AES-128 in counter mode with HMAC-SHA1 truncated to 80 bits (RFC 3711).
    Aes128CmHmacSha1_80,
}

impl SrtpProfile {
    /// All profiles, most preferred first.
    pub const ALL: [Self; 3] = [
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
        Self::Aes128CmHmacSha1_80,
    ];

    /// The OpenSSL name of the profile.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
            Self::Aes128CmHmacSha1_80 => "SRTP_AES128_CM_SHA1_80",
        }
    }

    /// The profile with the OpenSSL name `name`; `None` when there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Length of the master key in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::Aes128CmHmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Length of the master salt in bytes.
    #[must_use]
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::Aes128CmHmacSha1_80 => 14,
        }
    }

    /// Length of the authentication tag in bytes. Protection adds the tag to an RTP packet, and 4 more bytes to an RTCP
    /// packet.
    #[must_use]
    pub fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::Aes128CmHmacSha1_80 => 10,
        }
    }

    /// Number of bytes to export from DTLS with the label `EXTRACTOR-dtls_srtp`.
    #[must_use]
    pub fn exported_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// Splits the keying material of one direction, `key || salt`, into key and salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] when `material` does not have the length that the profile requires.
    pub fn split_key_salt(self, material: &[u8]) -> Result<(&[u8], &[u8]), SrtpError> {
        let (key, salt) = material
            .split_at_checked(self.key_len())
            .ok_or(SrtpError::KeyLength)?;
        if salt.len() == self.salt_len() {
            Ok((key, salt))
        } else {
            Err(SrtpError::KeyLength)
        }
    }

    /// Splits the keying material that DTLS exported: client key, server key, client salt, server salt (RFC 5764
    /// section 4.2).
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] when `exported` is not [`exported_len`](Self::exported_len) bytes long.
    pub fn split_exported(self, exported: &[u8]) -> Result<DtlsKeys<'_>, SrtpError> {
        if exported.len() != self.exported_len() {
            return Err(SrtpError::KeyLength);
        }
        let (client_key, rest) = exported
            .split_at_checked(self.key_len())
            .ok_or(SrtpError::KeyLength)?;
        let (server_key, rest) = rest
            .split_at_checked(self.key_len())
            .ok_or(SrtpError::KeyLength)?;
        let (client_salt, server_salt) = rest
            .split_at_checked(self.salt_len())
            .ok_or(SrtpError::KeyLength)?;
        Ok(DtlsKeys {
            client_key,
            client_salt,
            server_key,
            server_salt,
        })
    }
}

/// The master keys and salts of both directions. The DTLS client sends with the client's keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DtlsKeys<'a> {
    /// Master key of the packets that the DTLS client sends.
    pub client_key: &'a [u8],
    /// Master salt of the packets that the DTLS client sends.
    pub client_salt: &'a [u8],
    /// Master key of the packets that the DTLS server sends.
    pub server_key: &'a [u8],
    /// Master salt of the packets that the DTLS server sends.
    pub server_salt: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_material_is_split_into_keys_then_salts() {
        let exported: Vec<u8> = (0..56).collect();
        let keys = SrtpProfile::AeadAes128Gcm
            .split_exported(&exported)
            .unwrap();
        assert_eq!(keys.client_key, &exported[..16]);
        assert_eq!(keys.server_key, &exported[16..32]);
        assert_eq!(keys.client_salt, &exported[32..44]);
        assert_eq!(keys.server_salt, &exported[44..]);
    }

    #[test]
    fn material_with_the_wrong_length_is_refused() {
        for profile in SrtpProfile::ALL {
            for wrong in [
                0,
                profile.key_len(),
                profile.exported_len() - 1,
                profile.exported_len() + 1,
            ] {
                assert!(profile.split_exported(&vec![0; wrong]).is_err());
                assert!(profile.split_key_salt(&vec![0; wrong]).is_err());
            }
            let one = vec![0; profile.key_len() + profile.salt_len()];
            assert_eq!(
                profile.split_key_salt(&one).unwrap().1.len(),
                profile.salt_len()
            );
        }
    }

    #[test]
    fn each_profile_is_found_by_its_name() {
        for profile in SrtpProfile::ALL {
            assert_eq!(SrtpProfile::from_name(profile.name()), Some(profile));
        }
        assert_eq!(SrtpProfile::from_name("SRTP_NULL_SHA1_80"), None);
    }
}
