//! Arbitrary payloads and header extensions give a value or an error, never a panic.

mod common;

use common::packets;
use hubbub_codec::dependency_descriptor::DependencyReader;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_codec::vp8_rewriter::Vp8Rewriter;
use hubbub_codec::{Codec, Describer};
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
    fn arbitrary_ids_are_rewritten_in_place(payloads in prop::collection::vec(prop::array::uniform8(any::<u8>()), 1..60)) {
        let mut rewriter = Vp8Rewriter::new();
        for mut payload in payloads {
            if let Ok(descriptor) = Vp8Descriptor::parse(&payload) {
                match descriptor.partition {
                    0 => rewriter.on_switch(),
                    1 => rewriter.skip(&descriptor),
                    _ => {
                        let ids = rewriter.rewrite(&descriptor).unwrap_or_default();
                        descriptor.write_ids(&mut payload, ids);
                        prop_assert_eq!(Vp8Descriptor::parse(&payload).unwrap().len, descriptor.len);
                    }
                }
            }
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
