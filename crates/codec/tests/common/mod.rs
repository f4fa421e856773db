//! Reads the captures in `tests/fixtures`.
#![allow(dead_code, reason = "each test file uses only some of the helpers")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

use std::collections::BTreeMap;
use std::path::Path;

use hubbub_codec::{Codec, Describer, FrameInfo};

const DEPENDENCY_DESCRIPTOR_ID: u8 = 13;

/// A packet of a capture.
pub(crate) struct Packet {
    pub(crate) ssrc: u32,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) dependency_descriptor: Option<Vec<u8>>,
    pub(crate) payload: Vec<u8>,
}

/// The packets of a capture by SSRC, in order of arrival.
pub(crate) fn streams(capture: &str) -> BTreeMap<u32, Vec<Packet>> {
    let mut streams = BTreeMap::new();
    for packet in packets(capture) {
        streams
            .entry(packet.ssrc)
            .or_insert_with(Vec::new)
            .push(packet);
    }
    streams
}

/// All packets of a capture.
pub(crate) fn packets(capture: &str) -> Vec<Packet> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(capture);
    let dump = std::fs::read(path).unwrap();
    let mut packets = Vec::new();
    let mut rest = dump.as_slice();
    while let Some((header, behind)) = rest.split_first_chunk::<10>() {
        let len = usize::from(u16::from_le_bytes([header[8], header[9]]));
        packets.push(Packet::parse(&behind[..len]));
        rest = &behind[len..];
    }
    packets
}

/// Describes the packets of one stream.
pub(crate) fn describe(codec: Codec, stream: &[Packet]) -> Vec<FrameInfo> {
    let mut describer = Describer::new(codec);
    let describe = |packet: &Packet| {
        describer.describe(
            &packet.payload,
            packet.marker,
            packet.dependency_descriptor.as_deref(),
        )
    };
    stream
        .iter()
        .map(describe)
        .collect::<Result<_, _>>()
        .unwrap()
}

impl Packet {
    fn parse(packet: &[u8]) -> Self {
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        let mut at = 12 + 4 * usize::from(packet[0] & 0x0f);
        let mut dependency_descriptor = None;
        if packet[0] & 0x10 != 0 {
            let len = 4 * (word(at) & 0xffff) as usize;
            let elements = &packet[at + 4..at + 4 + len];
            dependency_descriptor =
                find_extension(elements, packet[at] == 0xbe, DEPENDENCY_DESCRIPTOR_ID);
            at += 4 + len;
        }
        let padding = if packet[0] & 0x20 != 0 {
            usize::from(packet[packet.len() - 1])
        } else {
            0
        };
        Self {
            ssrc: word(8),
            timestamp: word(4),
            marker: packet[1] & 0x80 != 0,
            dependency_descriptor,
            payload: packet[at..packet.len() - padding].to_vec(),
        }
    }
}

/// The element `id` of a header extension in the one-byte or two-byte form (RFC 8285).
fn find_extension(mut elements: &[u8], one_byte: bool, id: u8) -> Option<Vec<u8>> {
    while let Some((&first, rest)) = elements.split_first() {
        if first == 0 {
            elements = rest;
            continue;
        }
        let (found, len, rest) = if one_byte {
            (first >> 4, usize::from(first & 0x0f) + 1, rest)
        } else {
            (first, usize::from(rest[0]), &rest[1..])
        };
        if found == id {
            return Some(rest[..len].to_vec());
        }
        elements = &rest[len..];
    }
    None
}
