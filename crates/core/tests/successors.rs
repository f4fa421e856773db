//! A producer is replaced by another one with the same track: its consumers move without a pause, and their clients see one
//! stream.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::Received;
use crate::common::call::OUT_SSRC;
use crate::common::media::vp8;
use crate::common::replacement::{LATER_TIMESTAMP, Replacement};
use crate::common::specs::*;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_wire::NtpTime;

fn video_call() -> Replacement {
    Replacement::new(video(), video_consumer(OUT_SSRC))
}

/// The frame number that [`vp8`] wrote into the payload.
fn frame_of(packet: &Received) -> u16 {
    let packet = packet.rtp();
    let payload = packet.payload();
    u16::from_be_bytes([payload[payload.len() - 2], payload[payload.len() - 1]])
}

/// The picture id.
fn picture_of(packet: &Received) -> u16 {
    let descriptor = Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8");
    descriptor.picture_id.expect("a picture id").value
}

/// Asserts that these frames arrived, once each, as one stream: sequence numbers and picture ids without a gap, and one frame
/// interval in each timestamp.
fn assert_one_stream(received: &[Received], frames: std::ops::Range<u16>) {
    let seen: Vec<_> = received.iter().map(frame_of).collect();
    assert_eq!(seen, frames.collect::<Vec<_>>());
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(one.ssrc(), two.ssrc());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
        assert_eq!(two.timestamp().wrapping_sub(one.timestamp()), 3000);
        assert_eq!(picture_of(&pair[1]), picture_of(&pair[0]) + 1);
    }
}

#[test]
fn video_moves_at_a_key_frame_and_goes_on_as_the_same_stream() {
    let mut track = video_call();
    for number in 0..10 {
        track.call.send([vp8(number, number == 0)]);
        track.call.world.advance(33);
    }
    let ntp = NtpTime::from_unix_micros(1_800_000_000_000_000);
    track.call.report_clock(SSRC, ntp, 10 * 3000);
    track.report_new_clock(SSRC, ntp, LATER_TIMESTAMP.wrapping_add(10 * 3000));
    track.replace();
    assert_eq!(track.new_plis(), [SSRC]);
    // The successor sends, but nothing to start with.
    for number in 10..15 {
        track.send_new([vp8(number, false)]);
        track.call.send([vp8(number, false)]);
        track.call.world.advance(33);
    }
    assert_eq!(track.replaced(), []);
    // Of frame 15, the packet of the old producer comes too late.
    track.send_new([vp8(15, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    track.call.send([vp8(15, true)]);
    for number in 16..20 {
        track.call.world.advance(41);
        track.send_both([vp8(number, false)]);
    }
    assert_one_stream(&track.call.received(), 0..20);
}
