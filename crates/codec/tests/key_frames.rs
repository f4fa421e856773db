//! The starts of Chromium's key frames, per codec. Each stream has three key frames.
#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::{Packet, describe, packets, streams};
use hubbub_codec::Codec;

/// Positions of the packets that a receiver can start with.
fn key_frames(codec: Codec, stream: &[Packet]) -> Vec<usize> {
    let described = describe(codec, stream).into_iter().enumerate();
    described
        .filter(|(_, info)| info.key_frame())
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn vp8() {
    let streams = streams("vp8-simulcast.rtpdump");
    assert_eq!(key_frames(Codec::Vp8, &streams[&473_982_134]), [0, 2, 48]);
    assert_eq!(key_frames(Codec::Vp8, &streams[&2_563_090_973]), [0, 2, 71]);
}

#[test]
fn vp9() {
    assert_eq!(
        key_frames(Codec::Vp9, &packets("vp9-svc-l3t3-key.rtpdump")),
        [0, 6, 285]
    );
}

#[test]
fn h264_with_parameter_sets_in_the_packet_of_the_picture_and_in_a_separate_packet() {
    let streams = streams("h264-simulcast.rtpdump");
    assert_eq!(
        key_frames(Codec::H264, &streams[&2_792_686_578]),
        [0, 1, 48]
    );
    assert_eq!(
        key_frames(Codec::H264, &streams[&1_775_811_720]),
        [0, 3, 82]
    );
}

#[test]
fn av1() {
    assert_eq!(
        key_frames(Codec::Av1, &packets("av1-l3t3.rtpdump")),
        [0, 4, 254]
    );
}

#[test]
fn av1_without_dependency_descriptor() {
    let mut stream = packets("av1-l3t3.rtpdump");
    for packet in &mut stream {
        packet.dependency_descriptor = None;
    }
    assert_eq!(key_frames(Codec::Av1, &stream), [0, 4, 254]);
}

#[test]
fn opus_receiver_can_start_with_any_packet() {
    let stream = packets("opus-audio.rtpdump");
    assert_eq!(key_frames(Codec::Opus, &stream).len(), stream.len());
}

#[test]
fn each_frame_ends_before_the_next_starts() {
    for (codec, capture) in [
        (Codec::Vp8, "vp8-simulcast.rtpdump"),
        (Codec::Vp9, "vp9-svc-l3t3-key.rtpdump"),
        (Codec::H264, "h264-simulcast.rtpdump"),
        (Codec::Av1, "av1-l3t3.rtpdump"),
    ] {
        for stream in streams(capture).values() {
            let mut within = false;
            for info in describe(codec, stream) {
                assert_ne!(info.start_of_frame(), within, "{codec:?}");
                within = !info.end_of_frame();
            }
        }
    }
}

#[test]
fn layer_counts_match_an_independent_parser() {
    let mut counts = [[0; 3]; 3];
    for info in describe(Codec::Vp9, &packets("vp9-svc-l3t3-key.rtpdump")) {
        counts[usize::from(info.spatial)][usize::from(info.temporal)] += 1;
    }
    assert_eq!(counts, [[16, 12, 26], [36, 20, 41], [77, 34, 72]]);

    let mut counts = [0; 3];
    for info in describe(Codec::Vp8, &streams("vp8-simulcast.rtpdump")[&473_982_134]) {
        counts[usize::from(info.temporal)] += 1;
    }
    assert_eq!(counts, [15, 13, 27]);
}
