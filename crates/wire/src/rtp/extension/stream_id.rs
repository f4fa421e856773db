//! MID, RID and repaired RID as header extensions: RFC 9143 section 15, RFC 8852 section 3.

use crate::WireError;

/// Longer than any browser's; bounds what one packet can make the server remember.
const MAX_LEN: usize = 32;

/// Reads the value as a token: 1..=32 bytes of letters, digits and the marks of an SDP token (RFC 8866 section 9).
///
/// # Errors
/// [`WireError::InvalidField`].
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
    fn tokens_are_taken() {
        assert_eq!(parse_stream_id(b"0"), Ok("0"));
        assert_eq!(parse_stream_id(b"video-1_{a}"), Ok("video-1_{a}"));
        assert_eq!(parse_stream_id(&[b'x'; 32]).map(str::len), Ok(32));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for value in [&b""[..], b"a b", b"a\0", b"\xC3\xA9", b"a:b", &[b'x'; 33]] {
            assert_eq!(parse_stream_id(value), Err(WireError::InvalidField));
        }
    }
}
