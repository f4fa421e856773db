//! Reassembles datagrams from the byte stream of a connection.

use std::io::{ErrorKind, Read};

use hubbub_wire::framing::{FRAME_HEADER, first_frame};

use crate::LONGEST_DATAGRAM;

/// Size of the buffer for [`Reader::read`], in bytes: the most that one read returns.
pub(super) const READ_BYTES: usize = 16 * 1024;

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client closed it, or it broke.
    Closed,
    /// The stream does not consist of valid frames.
    Malformed,
}

/// The inbound side of a connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The start of an incomplete frame.
    partial: Vec<u8>,
}

impl Reader {
    /// Reads once and passes each complete, non-empty datagram to `take`. `buffer` has [`READ_BYTES`] bytes; all
    /// connections share it.
    ///
    /// # Errors
    /// When the connection must be closed. The datagrams before the error have been passed on.
    pub(super) fn read(
        &mut self,
        stream: &mut impl Read,
        buffer: &mut [u8],
        mut take: impl FnMut(&mut [u8]),
    ) -> Result<(), Ended> {
        let kept = self.partial.len();
        let Some((head, room)) = buffer.split_at_mut_checked(kept) else {
            return Err(Ended::Malformed);
        };
        head.copy_from_slice(&self.partial);
        let len = match stream.read(room) {
            Ok(0) => return Err(Ended::Closed),
            Ok(len) => kept + len,
            Err(error) => {
                return match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
                    _ => Err(Ended::Closed),
                };
            }
        };
        let mut at = 0;
        loop {
            let rest = buffer.get_mut(at..len).unwrap_or_default();
            let Some(place) = first_frame(rest, LONGEST_DATAGRAM).map_err(|_| Ended::Malformed)?
            else {
                self.partial.clear();
                self.partial.extend_from_slice(rest);
                break;
            };
            at += place.end;
            match rest.get_mut(place) {
                Some(datagram) if !datagram.is_empty() => take(datagram),
                _ => {}
            }
        }
        debug_assert!(self.partial.len() < FRAME_HEADER + LONGEST_DATAGRAM);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_wire::framing::frame_header;
    use hubbub_wire::testdata::framed;
    use proptest::prelude::*;
    use std::io;

    /// A connection that returns its bytes in pieces of these sizes, would block between them, and then ends.
    struct Pieces<'a> {
        bytes: &'a [u8],
        sizes: Vec<usize>,
        is_dry: bool,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.is_dry = !self.is_dry;
            if self.is_dry {
                return Err(ErrorKind::WouldBlock.into());
            }
            let wanted = self.sizes.pop().unwrap_or(usize::MAX);
            let len = wanted.min(buffer.len()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(len);
            buffer[..len].copy_from_slice(now);
            self.bytes = later;
            Ok(len)
        }
    }

    /// Reads until the end; returns the datagrams and the reason for the end.
    fn read_all(bytes: &[u8], sizes: Vec<usize>) -> (Vec<Vec<u8>>, Ended) {
        let mut stream = Pieces {
            bytes,
            sizes,
            is_dry: false,
        };
        let (mut reader, mut buffer) = (Reader::default(), vec![0xee; READ_BYTES]);
        let mut got = Vec::new();
        loop {
            let read = reader.read(&mut stream, &mut buffer, |datagram| {
                got.push(datagram.to_vec());
                // The core decrypts in place: the reader must not return these bytes again.
                datagram.fill(0xee);
            });
            if let Err(ended) = read {
                return (got, ended);
            }
        }
    }

    #[test]
    fn oversized_frame_ends_the_connection_after_the_frames_before_it() {
        let mut bytes = framed(&[vec![1; LONGEST_DATAGRAM]]);
        bytes.extend(frame_header(LONGEST_DATAGRAM + 1).unwrap());
        let (got, ended) = read_all(&bytes, Vec::new());
        assert_eq!(
            (got, ended),
            (vec![vec![1; LONGEST_DATAGRAM]], Ended::Malformed)
        );
    }

    #[test]
    fn stream_that_ends_within_a_frame_is_closed() {
        assert_eq!(read_all(&[0, 2, 1], Vec::new()), (vec![], Ended::Closed));
    }

    #[test]
    fn empty_datagrams_are_skipped() {
        let (got, _) = read_all(&framed(&[vec![], vec![7], vec![]]), Vec::new());
        assert_eq!(got, [[7]]);
    }

    proptest! {
        #[test]
        fn datagrams_are_reassembled_however_the_stream_is_cut(
            datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=LONGEST_DATAGRAM), 0..40),
            sizes in prop::collection::vec(prop_oneof![1..=4usize, 1..=5_000usize], 0..200),
        ) {
            prop_assert_eq!(read_all(&framed(&datagrams), sizes), (datagrams, Ended::Closed));
        }

        #[test]
        fn arbitrary_bytes_are_read_within_bounds(
            bytes in prop::collection::vec(any::<u8>(), 0..20_000),
            sizes in prop::collection::vec(1..=3_000usize, 0..50),
        ) {
            let (got, _) = read_all(&bytes, sizes);
            prop_assert!(got.iter().all(|datagram| (1..=LONGEST_DATAGRAM).contains(&datagram.len())));
            prop_assert!(got.iter().map(|datagram| datagram.len() + FRAME_HEADER).sum::<usize>() <= bytes.len());
        }
    }
}
