//! The MID, RID and repaired RID header extensions: RFC 9143 section 15, RFC 8852 section 3.

use crate::WireError;

/// Maximum length in bytes. Longer than any browser's ids; it bounds the memory that one packet can occupy.
const MAX_LEN: usize = 32;

/// Reads the value as an SDP token of 1..=32 bytes (RFC 8866 section 9).
///
/// # Errors
/// [`WireError::InvalidField`] when the value is not such a token.
pub fn parse_stream_id(value: &[u8]) -> Result<&str, WireError> {
    if value.is_empty() || value.len() > MAX_LEN || !value.iter().copied().all(is_token_char) {
        return Err(WireError::InvalidField);
    }
    std::str::from_utf8(value).map_err(|_| WireError::InvalidField)
}

const fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'{'..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_accepted() {
        assert_eq!(parse_stream_id(b"0"), Ok("0"));
        assert_eq!(parse_stream_id(b"video-1_{a}"), Ok("video-1_{a}"));
        assert_eq!(parse_stream_id(&[b'x'; 32]).map(str::len), Ok(32));
    }

    #[test]
    fn values_that_are_not_tokens_are_refused() {
        for value in [&b""[..], b"a b", b"a\0", b"\xC3\xA9", b"a:b", &[b'x'; 33]] {
            assert_eq!(parse_stream_id(value), Err(WireError::InvalidField));
        }
    }
}
