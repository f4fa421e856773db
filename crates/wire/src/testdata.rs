//! Reads recorded captures, for tests of this crate and of those above it.
//!
//! A capture is a series of records, little endian: `u64` arrival in microseconds, `u16` length, then that many bytes
//! of a decrypted RTP or RTCP packet.

use std::path::PathBuf;

/// One packet of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Microseconds since the capture's first RTP packet.
    pub arrival_micros: u64,
    /// The packet.
    pub data: &'a [u8],
}

/// Iterates over the records of a capture; ends at the first that is cut.
pub fn records(capture: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = capture;
    std::iter::from_fn(move || {
        let (arrival, after) = rest.split_first_chunk()?;
        let (len, after) = after.split_first_chunk()?;
        let (data, after) = after.split_at_checked(u16::from_le_bytes(*len).into())?;
        rest = after;
        Some(Record {
            arrival_micros: u64::from_le_bytes(*arrival),
            data,
        })
    })
}

/// The bytes of a file in the repository's `tests/fixtures/rtp`.
///
/// # Errors
/// When it cannot be read.
pub fn load(name: &str) -> std::io::Result<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/rtp");
    std::fs::read(root.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_the_capture_is_cut() {
        let capture = [
            &5u64.to_le_bytes()[..],
            &2u16.to_le_bytes(),
            &[7, 8],
            &6u64.to_le_bytes(),
        ]
        .concat();
        assert_eq!(
            records(&capture).collect::<Vec<_>>(),
            [Record {
                arrival_micros: 5,
                data: &[7, 8]
            }]
        );
    }
}
