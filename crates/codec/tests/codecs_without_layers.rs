//! What is known of packets whose codec says nothing of layers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use hubbub_codec::{Codec, DecodeTargets, Describer, FrameInfo};

fn describe(codec: Codec, payload: &[u8], marker: bool) -> FrameInfo {
    let mut describer = Describer::new(codec);
    describer.describe(payload, marker, None).unwrap()
}

#[test]
fn a_receiver_can_start_with_a_parameter_set_of_h264() {
    let info = describe(Codec::H264, &[0x67, 0x42], false);
    assert!(info.key_frame() && info.start_of_frame() && !info.end_of_frame());
    assert_eq!(info.switches, DecodeTargets::ALL);
    let info = describe(Codec::H264, &[0x41, 0x1a], true);
    assert!(!info.key_frame() && !info.start_of_frame() && info.end_of_frame());
    assert_eq!(info.switches, DecodeTargets::NONE);
    assert_eq!(info.targets, DecodeTargets::ALL);
}

#[test]
fn a_receiver_can_start_with_a_sequence_header_of_av1() {
    let info = describe(Codec::Av1, &[0x18, 0x0a], false);
    assert!(info.key_frame() && info.start_of_frame() && !info.end_of_frame());
    assert_eq!(info.switches, DecodeTargets::ALL);
    let info = describe(Codec::Av1, &[0x90, 0x0a], true);
    assert!(!info.key_frame() && !info.start_of_frame() && info.end_of_frame());
    assert_eq!(info.switches, DecodeTargets::NONE);
}

#[test]
fn a_packet_of_opus_is_a_frame() {
    let info = describe(Codec::Opus, &[0x78, 1, 2], false);
    assert!(info.key_frame() && info.start_of_frame() && info.end_of_frame());
    assert_eq!(info.switches, DecodeTargets::ALL);
}
