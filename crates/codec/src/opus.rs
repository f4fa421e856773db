//! Opus (RFC 7587).

/// Whether a payload says only that there is silence: a packet of at most 2 bytes carries no audio (RFC 6716 section
/// 3.1, RFC 7587 section 3.1.3).
#[must_use]
pub fn is_dtx(payload: &[u8]) -> bool {
    payload.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_without_audio_is_discontinuous_transmission() {
        assert!(is_dtx(&[0x78]));
        assert!(is_dtx(&[0x78, 0x00]));
        assert!(!is_dtx(&[0x78, 0xff, 0xfe]));
    }
}
