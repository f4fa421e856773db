//! Opus (RFC 7587).

/// Whether a payload is discontinuous transmission: a packet of at most 2 bytes has no audio (RFC 6716 section 3.1,
/// RFC 7587 section 3.1.3).
#[must_use]
pub fn is_dtx(payload: &[u8]) -> bool {
    payload.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_of_at_most_two_bytes_is_dtx() {
        assert!(is_dtx(&[0x78]));
        assert!(is_dtx(&[0x78, 0x00]));
        assert!(!is_dtx(&[0x78, 0xff, 0xfe]));
    }
}
