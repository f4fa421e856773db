//! Neither noise nor damaged captured packets make a parser panic.

#![allow(clippy::unwrap_used, reason = "a failed expectation fails the test")]

mod targets;

use hubbub_wire::rtcp::Compound;
use hubbub_wire::testdata::{load, records, replay_corpus};
use proptest::prelude::*;
use targets::TARGETS;

/// Calls every parser on `data` and reads every field.
fn read(data: &[u8]) {
    for (_, target) in TARGETS {
        target(data);
    }
}

#[test]
fn corpus_inputs_do_not_panic() {
    replay_corpus(&TARGETS);
}

/// Leading bytes that select each parser, then noise.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        (0x80..=0xBFu8, 198..=208u8).prop_map(|(first, second)| vec![first, second, 0]),
        (0x80..=0xBFu8, 90..=100u8).prop_map(|(first, second)| vec![first, second]),
        Just(vec![0, 1, 0, 40, 0x21, 0x12, 0xA4, 0x42]),
    ];
    (head, proptest::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(head, tail)| [head, tail].concat())
}

/// One RTCP packet of noise with a valid length field.
fn framed_rtcp() -> impl Strategy<Value = Vec<u8>> {
    (
        0..=31u8,
        200..=207u8,
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(|(count, kind, words)| {
            let len = u8::try_from(words.len()).unwrap();
            let body: Vec<u8> = words
                .iter()
                .flat_map(|word| [*word >> 6, *word, 1, *word & 15])
                .collect();
            [&[0x80 | count, kind, 0, len][..], &body].concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn noise_does_not_panic(data in noise()) {
        read(&data);
    }

    #[test]
    fn well_framed_rtcp_noise_does_not_panic(packets in proptest::collection::vec(framed_rtcp(), 1..4)) {
        let data = packets.concat();
        prop_assert!(Compound::parse(&data).is_ok());
        read(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn damaged_captured_packets_do_not_panic(
        position in any::<proptest::sample::Index>(),
        value: u8,
        cut in any::<proptest::sample::Index>(),
    ) {
        let read = |data: &[u8]| {
            targets::rtp(data);
            targets::rtcp(data);
        };
        for name in ["vp8-single-loss3.sent-rtcp", "opus-audio.rtpdump"] {
            let capture = load(name).unwrap();
            for record in records(&capture) {
                let mut data = record.data.to_vec();
                let index = position.index(data.len().min(40));
                data[index] = value;
                read(&data);
                data.truncate(cut.index(record.data.len()));
                read(&data);
            }
        }
    }
}
