//! Arbitrary payloads and header extensions give a value or an error, never a panic.

mod common;
mod targets;

use common::packets;
use hubbub_codec::dependency_descriptor::DependencyReader;
use hubbub_codec::{Codec, Describer};
use hubbub_wire::testdata::replay_corpus;
use proptest::prelude::*;

const CODECS: [Codec; 6] = [
    Codec::Opus,
    Codec::Vp8,
    Codec::Vp9,
    Codec::H264,
    Codec::Av1,
    Codec::Other,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn arbitrary_bytes_do_not_panic(
        payload in prop::collection::vec(any::<u8>(), 0..80),
        extension in prop::option::of(prop::collection::vec(any::<u8>(), 0..255)),
        marker in any::<bool>(),
    ) {
        for codec in CODECS {
            let _ = Describer::new(codec).describe(&payload, marker, extension.as_deref());
        }
    }

    #[test]
    fn arbitrary_streams_do_not_panic(input in prop::collection::vec(any::<u8>(), 0..600)) {
        for (_, target) in targets::TARGETS {
            target(&input);
        }
    }

    /// A valid structure with a few changed bytes reaches deeper into the parser than arbitrary bytes.
    #[test]
    fn damaged_dependency_structures_do_not_panic(damage in prop::collection::vec((0..95_usize, any::<u8>()), 1..6)) {
        let stream = packets("av1-l3t3.rtpdump");
        let mut extension = stream[0].dependency_descriptor.clone().unwrap();
        for (at, byte) in damage {
            extension[at] = byte;
        }
        let mut reader = DependencyReader::new();
        let _ = reader.read(&extension);
        for packet in &stream[..20] {
            let _ = reader.read(packet.dependency_descriptor.as_deref().unwrap());
        }
    }
}

#[test]
fn corpus_inputs_do_not_panic() {
    replay_corpus(&targets::TARGETS);
}

#[test]
fn truncated_captured_payloads_do_not_panic() {
    for (codec, capture) in [
        (Codec::Vp8, "vp8-simulcast.rtpdump"),
        (Codec::Vp9, "vp9-svc-l3t3-key.rtpdump"),
        (Codec::H264, "h264-simulcast.rtpdump"),
        (Codec::Av1, "av1-l3t3.rtpdump"),
    ] {
        let mut describer = Describer::new(codec);
        for packet in packets(capture).iter().take(50) {
            for len in 0..packet.payload.len().min(64) {
                let _ = describer.describe(&packet.payload[..len], packet.marker, None);
            }
        }
    }
}
