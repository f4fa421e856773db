//! The fuzz targets of this crate: each reads the payload descriptors of one codec from arbitrary bytes. `crates/fuzz` runs
//! them with coverage guidance.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each user runs only some of them"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use hubbub_codec::dependency_descriptor::DependencyReader;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_codec::vp8_rewriter::Vp8Rewriter;
use hubbub_codec::vp9::Vp9Descriptor;
use hubbub_codec::{Codec, Describer};
use hubbub_wire::testdata::FuzzTarget;

/// The targets by the name of their corpus.
pub const TARGETS: [FuzzTarget; 5] = [
    ("vp8", vp8),
    ("vp9", vp9),
    ("h264", h264),
    ("av1", av1),
    ("dependency_descriptor", dependency_descriptor),
];

/// Splits an input into the packets of one stream: a length of one byte, then the packet.
fn packets(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = input.split_first()?;
        let (packet, rest) = rest.split_at(rest.len().min((*len).into()));
        input = rest;
        Some(packet)
    })
}

/// Describes one payload, with and without the marker bit.
fn describe(codec: Codec, payload: &[u8]) {
    let mut describer = Describer::new(codec);
    let _ = describer.describe(payload, true, None);
    let _ = describer.describe(payload, false, None);
}

/// Reads the payloads of a VP8 stream, and rewrites their ids.
pub fn vp8(input: &[u8]) {
    let mut rewriter = Vp8Rewriter::new();
    for packet in packets(input) {
        let mut payload = packet.to_vec();
        describe(Codec::Vp8, &payload);
        let Ok(descriptor) = Vp8Descriptor::parse(&payload) else {
            continue;
        };
        assert!(descriptor.len <= payload.len());
        match descriptor.partition {
            0 => rewriter.on_switch(),
            1 => rewriter.skip(&descriptor),
            _ => {
                if let Some(ids) = rewriter.rewrite(&descriptor) {
                    descriptor.write_ids(&mut payload, ids);
                    let rewritten = Vp8Descriptor::parse(&payload).unwrap();
                    assert_eq!(rewritten.len, descriptor.len);
                    assert_eq!(rewritten.temporal, descriptor.temporal);
                }
            }
        }
    }
}

/// Reads one VP9 payload.
pub fn vp9(payload: &[u8]) {
    describe(Codec::Vp9, payload);
    if let Ok(descriptor) = Vp9Descriptor::parse(payload) {
        assert!(descriptor.len <= payload.len());
        if let Some(structure) = descriptor.structure {
            let resolutions = structure.resolutions().map(<[_]>::len);
            assert!(resolutions.is_none_or(|count| count == structure.spatial_layers));
        }
    }
}

/// Reads one H.264 payload.
pub fn h264(payload: &[u8]) {
    describe(Codec::H264, payload);
}

/// Reads one AV1 payload.
pub fn av1(payload: &[u8]) {
    describe(Codec::Av1, payload);
}

/// Reads the dependency descriptors of a stream.
pub fn dependency_descriptor(input: &[u8]) {
    let mut reader = DependencyReader::new();
    let mut describer = Describer::new(Codec::Av1);
    for extension in packets(input) {
        let read = reader.read(extension);
        if let (Ok(descriptor), Some(structure)) = (read, reader.structure()) {
            assert!(structure.decode_targets().len() <= 32);
            assert!(descriptor.template_id < 64);
        }
        // An AV1 payload that starts no coded video sequence.
        let _ = describer.describe(&[0x10, 0x30, 0], true, Some(extension));
    }
}
