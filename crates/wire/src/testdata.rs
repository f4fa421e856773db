//! Test data for this crate and its dependents: recorded captures, frames, and the inputs of fuzz targets.
//!
//! A capture is a sequence of little-endian records: `u64` arrival time in microseconds, `u16` length, then a decrypted
//! RTP or RTCP packet of that length.

use std::path::PathBuf;

/// One packet of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Arrival time in microseconds since the first RTP packet of the capture.
    pub arrival_micros: u64,
    /// The packet.
    pub data: &'a [u8],
}

/// Iterates over the records of a capture. Ends at the first truncated record.
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

/// Reads a file in `tests/fixtures/rtp` of the repository.
///
/// # Errors
/// When the file cannot be read.
pub fn load(name: &str) -> std::io::Result<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/rtp");
    std::fs::read(root.join(name))
}

/// Encodes datagrams as the frames of a TCP connection (RFC 4571 section 2). A datagram has at most 65,535 bytes.
#[must_use]
pub fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
    datagrams
        .iter()
        .flat_map(|datagram| [&(datagram.len() as u16).to_be_bytes()[..], datagram].concat())
        .collect()
}

/// A fuzz target: its name, and a function that panics on a fault.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// Calls each fuzz target with every input in `crates/fuzz/corpus/<name>`.
///
/// # Panics
/// When a target panics, or has no inputs.
pub fn replay_corpus(targets: &[FuzzTarget]) {
    for (name, target) in targets {
        let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        let inputs: Vec<_> = std::fs::read_dir(directory.join(name))
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        assert!(!inputs.is_empty(), "the fuzz target {name} has no corpus");
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap_or_default();
            let outcome = std::panic::catch_unwind(|| target(&bytes));
            assert!(outcome.is_ok(), "{name} fails on {}", input.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_at_a_truncated_record() {
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
