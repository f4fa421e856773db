//! Datagrams on a TCP connection: each behind its length in 16 bits (RFC 4571 section 2, RFC 6544 section 3).

use std::ops::Range;

use crate::WireError;

/// Bytes of the length.
pub const FRAME_HEADER: usize = 2;

/// Where the datagram of the first frame of `stream` lies, behind its length; `None` while it is not whole.
///
/// A datagram may be empty, which says nothing.
///
/// # Errors
/// [`WireError::BadLength`] when it is longer than `longest`; nothing that follows can be read then.
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

/// What stands before a datagram of `len` bytes.
///
/// # Errors
/// [`WireError::Unrepresentable`] for one of 64 KiB or more.
pub fn frame_header(len: usize) -> Result<[u8; FRAME_HEADER], WireError> {
    u16::try_from(len)
        .map(u16::to_be_bytes)
        .map_err(|_| WireError::Unrepresentable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
        datagrams
            .iter()
            .flat_map(|datagram| [&frame_header(datagram.len()).unwrap(), &datagram[..]].concat())
            .collect()
    }

    #[test]
    fn a_frame_is_a_length_and_so_many_bytes() {
        assert_eq!(framed(&[b"ab".to_vec(), vec![]]), [0, 2, b'a', b'b', 0, 0]);
    }

    #[test]
    fn a_frame_that_is_not_whole_is_none_yet() {
        for part in [vec![], vec![0], vec![0, 2], vec![0, 2, 1]] {
            assert_eq!(first_frame(&part, 9), Ok(None));
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_told_by_its_head() {
        assert_eq!(first_frame(&[0, 10], 9), Err(WireError::BadLength));
        assert_eq!(first_frame(&[0xff, 0xff, 1], 9), Err(WireError::BadLength));
    }

    #[test]
    fn what_has_no_length_in_16_bits_has_no_frame() {
        assert_eq!(frame_header(65_535), Ok([0xff, 0xff]));
        assert_eq!(frame_header(65_536), Err(WireError::Unrepresentable));
    }

    proptest! {
        #[test]
        fn what_was_framed_comes_out_again(
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
        fn any_bytes_are_taken_apart_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
            let mut rest = &bytes[..];
            while let Ok(Some(place)) = first_frame(rest, 2_048) {
                prop_assert!(place.len() <= 2_048);
                rest = &rest[place.end..];
            }
        }
    }
}
