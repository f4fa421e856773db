//! Frames of datagrams on a TCP connection: a 16-bit length, then the datagram (RFC 4571 section 2, RFC 6544 section
//! 3).

use std::ops::Range;

use crate::WireError;

/// Size of the length field in bytes.
pub const FRAME_HEADER: usize = 2;

/// Returns the range of the datagram in the first frame of `stream`, after its length; `None` while it is incomplete.
///
/// A datagram may be empty.
///
/// # Errors
/// [`WireError::BadLength`] when the datagram is longer than `longest` bytes. The rest of the stream is then
/// unreadable.
pub fn first_frame(stream: &[u8], longest: usize) -> Result<Option<Range<usize>>, WireError> {
    let Some(header) = stream.first_chunk::<FRAME_HEADER>() else {
        return Ok(None);
    };
    let len = usize::from(u16::from_be_bytes(*header));
    if len > longest {
        return Err(WireError::BadLength);
    }
    let end = FRAME_HEADER + len;
    Ok((end <= stream.len()).then_some(FRAME_HEADER..end))
}

/// Returns the length field for a datagram of `len` bytes.
///
/// # Errors
/// [`WireError::Unrepresentable`] for 65,536 bytes or more.
pub fn frame_header(len: usize) -> Result<[u8; FRAME_HEADER], WireError> {
    u16::try_from(len)
        .map(u16::to_be_bytes)
        .map_err(|_| WireError::Unrepresentable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::framed;
    use proptest::prelude::*;

    #[test]
    fn a_frame_is_a_length_and_its_datagram() {
        assert_eq!(framed(&[b"ab".to_vec(), vec![]]), [0, 2, b'a', b'b', 0, 0]);
    }

    #[test]
    fn an_incomplete_frame_is_none() {
        for part in [vec![], vec![0], vec![0, 2], vec![0, 2, 1]] {
            assert_eq!(first_frame(&part, 9), Ok(None));
        }
    }

    #[test]
    fn a_frame_may_have_the_greatest_length() {
        assert_eq!(first_frame(&[0, 2, 1, 1], 2), Ok(Some(2..4)));
    }

    #[test]
    fn an_oversized_frame_is_refused_by_its_length() {
        assert_eq!(first_frame(&[0, 10], 9), Err(WireError::BadLength));
        assert_eq!(first_frame(&[0xff, 0xff, 1], 9), Err(WireError::BadLength));
    }

    #[test]
    fn a_datagram_of_64_kib_cannot_be_framed() {
        assert_eq!(frame_header(65_535), Ok([0xff, 0xff]));
        assert_eq!(frame_header(65_536), Err(WireError::Unrepresentable));
    }

    proptest! {
        #[test]
        fn framed_datagrams_are_read_back(
            datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
        ) {
            let bytes = framed(&datagrams);
            let mut rest = &bytes[..];
            let mut got = Vec::new();
            while let Some(place) = first_frame(rest, 50).unwrap() {
                got.push(rest[place.clone()].to_vec());
                rest = &rest[place.end..];
            }
            prop_assert_eq!(rest.len(), 0);
            prop_assert_eq!(got, datagrams);
        }

        #[test]
        fn arbitrary_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
            let mut rest = &bytes[..];
            while let Ok(Some(place)) = first_frame(rest, 2_048) {
                prop_assert!(place.len() <= 2_048);
                rest = &rest[place.end..];
            }
        }
    }
}
