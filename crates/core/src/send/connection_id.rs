//! What tells the links between two nodes apart.

/// What a packet of a link follows: it names the link at its receiver, as in DTLS (RFC 9146). The first byte is in 64..=79.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) [u8; 4]);

impl ConnectionId {
    /// The id of the link with this ufrag at its receiver: FNV-1a, of which 28 bits are used. Both sides know it so.
    pub(crate) fn of(ufrag: &str) -> Self {
        let hash = ufrag.bytes().fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self((hash & 0x0FFF_FFFF | 0x4000_0000).to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_hash_of_the_ufrag_in_the_range_of_its_first_byte() {
        // The 32-bit FNV-1a of "foobar" is bf9cf968.
        assert_eq!(ConnectionId::of("foobar").0, [0x4F, 0x9C, 0xF9, 0x68]);
        assert_eq!(ConnectionId::of("").0, [0x41, 0x1C, 0x9D, 0xC5]);
    }
}
