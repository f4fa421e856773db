//! What comes over a connection, taken apart into datagrams wherever the reads happen to cut it.

use std::io::{ErrorKind, Read};

use hubbub_wire::framing::{FRAME_HEADER, first_frame};

use crate::LONGEST_DATAGRAM;

/// Bytes of the buffer for [`Reader::read`]: what one connection may bring at a time.
pub(super) const READ_BYTES: usize = 16 * 1024;

/// Why nothing more is to be expected of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client has closed it, or it is broken.
    Gone,
    /// It carries something else than frames of ours.
    Malformed,
}

/// The incoming side of a connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The beginning of a frame: shorter than the longest one.
    begun: Vec<u8>,
}

impl Reader {
    /// Reads once and hands over every datagram that is whole; those that are empty are passed over. `buffer` has
    /// [`READ_BYTES`] bytes of any content and is common to all connections.
    ///
    /// # Errors
    /// When the connection is to be closed; what came before has been handed over.
    pub(super) fn read(
        &mut self,
        stream: &mut impl Read,
        buffer: &mut [u8],
        mut take: impl FnMut(&mut [u8]),
    ) -> Result<(), Ended> {
        let begun = self.begun.len();
        let Some((head, room)) = buffer.split_at_mut_checked(begun) else {
            return Err(Ended::Malformed);
        };
        head.copy_from_slice(&self.begun);
        let len = match stream.read(room) {
            Ok(0) => return Err(Ended::Gone),
            Ok(len) => begun + len,
            Err(error) => {
                return match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
                    _ => Err(Ended::Gone),
                };
            }
        };
        let mut at = 0;
        loop {
            let rest = buffer.get_mut(at..len).unwrap_or_default();
            let Some(place) = first_frame(rest, LONGEST_DATAGRAM).map_err(|_| Ended::Malformed)?
            else {
                self.begun.clear();
                self.begun.extend_from_slice(rest);
                break;
            };
            at += place.end;
            match rest.get_mut(place) {
                Some(datagram) if !datagram.is_empty() => take(datagram),
                _ => {}
            }
        }
        debug_assert!(self.begun.len() < FRAME_HEADER + LONGEST_DATAGRAM);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_wire::framing::frame_header;
    use proptest::prelude::*;
    use std::io;

    /// A connection that gives its bytes in pieces of these sizes, has nothing between them, and then ends.
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

    /// Everything that comes until the end, and why it ended.
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
                // The core decrypts in place: what it leaves there must not come again.
                datagram.fill(0xee);
            });
            if let Err(ended) = read {
                return (got, ended);
            }
        }
    }

    fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
        datagrams
            .iter()
            .flat_map(|datagram| [&frame_header(datagram.len()).unwrap(), &datagram[..]].concat())
            .collect()
    }

    #[test]
    fn a_frame_that_is_too_long_ends_it_after_those_before() {
        let mut bytes = framed(&[vec![1; LONGEST_DATAGRAM]]);
        bytes.extend(frame_header(LONGEST_DATAGRAM + 1).unwrap());
        let (got, ended) = read_all(&bytes, Vec::new());
        assert_eq!(
            (got, ended),
            (vec![vec![1; LONGEST_DATAGRAM]], Ended::Malformed)
        );
    }

    #[test]
    fn an_end_within_a_frame_is_an_end() {
        assert_eq!(read_all(&[0, 2, 1], Vec::new()), (vec![], Ended::Gone));
    }

    #[test]
    fn datagrams_without_content_are_passed_over() {
        let (got, _) = read_all(&framed(&[vec![], vec![7], vec![]]), Vec::new());
        assert_eq!(got, [[7]]);
    }

    proptest! {
        #[test]
        fn datagrams_come_out_as_they_went_in_however_the_stream_is_cut(
            datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=LONGEST_DATAGRAM), 0..40),
            sizes in prop::collection::vec(prop_oneof![1..=4usize, 1..=5_000usize], 0..200),
        ) {
            prop_assert_eq!(read_all(&framed(&datagrams), sizes), (datagrams, Ended::Gone));
        }

        #[test]
        fn whatever_comes_is_read_within_bounds(
            bytes in prop::collection::vec(any::<u8>(), 0..20_000),
            sizes in prop::collection::vec(1..=3_000usize, 0..50),
        ) {
            let (got, _) = read_all(&bytes, sizes);
            prop_assert!(got.iter().all(|datagram| (1..=LONGEST_DATAGRAM).contains(&datagram.len())));
            prop_assert!(got.iter().map(|datagram| datagram.len() + FRAME_HEADER).sum::<usize>() <= bytes.len());
        }
    }
}
