//! The numbers that a receiver of VP8 sees: continuous where the forwarder made the gap, with a gap where the network did.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::streams;
use hubbub_codec::vp8::{PictureId, Vp8Descriptor, Vp8Ids};
use hubbub_codec::vp8_rewriter::Vp8Rewriter;
use proptest::prelude::*;

/// The descriptor of a packet with these numbers.
fn packet(value: u16, wide: bool, tl0: u8) -> Vp8Descriptor {
    Vp8Descriptor {
        picture_id: Some(PictureId { value, wide }),
        tl0_pic_idx: Some(tl0),
        ..Vp8Descriptor::parse(&[0x10, 0x01]).unwrap()
    }
}

fn wide(value: u16, tl0: u8) -> Vp8Descriptor {
    packet(value, true, tl0)
}

fn ids(picture_id: u16, tl0: u8) -> Option<Vp8Ids> {
    Some(Vp8Ids {
        picture_id: Some(picture_id),
        tl0_pic_idx: Some(tl0),
    })
}

#[test]
fn first_source_keeps_its_numbers() {
    let mut rewriter = Vp8Rewriter::new();
    assert_eq!(rewriter.rewrite(&wide(500, 7)), ids(500, 7));
    assert_eq!(rewriter.rewrite(&wide(500, 7)), ids(500, 7));
    assert_eq!(rewriter.rewrite(&wide(501, 8)), ids(501, 8));
}

#[test]
fn switch_continues_the_numbers() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(500, 7));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(31_000, 200)), ids(501, 8));
    assert_eq!(rewriter.rewrite(&wide(31_001, 200)), ids(502, 8));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(3, 1)), ids(503, 9));
}

#[test]
fn numbers_wrap_after_a_switch() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(32_766, 255));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(10, 3)), ids(32_767, 0));
    assert_eq!(rewriter.rewrite(&wide(11, 4)), ids(0, 1));
}

#[test]
fn picture_ids_of_seven_bits_stay_in_seven_bits() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&packet(126, false, 0));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&packet(40, false, 0)), ids(127, 1));
    assert_eq!(rewriter.rewrite(&packet(41, false, 0)), ids(0, 1));
}

#[test]
fn gap_of_what_was_left_out_is_closed() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.leave_out(&wide(11, 0));
    rewriter.leave_out(&wide(11, 0));
    assert_eq!(rewriter.rewrite(&wide(12, 0)), ids(11, 0));
    assert_eq!(rewriter.rewrite(&wide(11, 0)), None);
}

#[test]
fn gap_of_what_was_lost_stays_and_the_late_frame_fits_in() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.leave_out(&wide(11, 0));
    assert_eq!(rewriter.rewrite(&wide(14, 1)), ids(13, 1));
    rewriter.leave_out(&wide(15, 1));
    assert_eq!(rewriter.rewrite(&wide(13, 0)), ids(12, 0));
    assert_eq!(rewriter.rewrite(&wide(10, 0)), ids(10, 0));
    assert_eq!(rewriter.rewrite(&wide(16, 1)), ids(14, 1));
}

#[test]
fn packet_from_before_the_switch_has_no_number() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.on_switch();
    rewriter.rewrite(&wide(300, 0));
    assert_eq!(rewriter.rewrite(&wide(299, 0)), None);
}

#[test]
fn pause_after_frames_left_out_leaves_no_gap() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.leave_out(&wide(11, 0));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(400, 90)), ids(11, 1));
}

#[test]
fn switch_between_captured_simulcast_streams_is_not_seen() {
    let streams = streams("vp8-simulcast.rtpdump");
    let mut rewriter = Vp8Rewriter::new();
    let mut seen: Vec<Vp8Descriptor> = Vec::new();
    // From one stream to the other where that has a key frame.
    for (ssrc, range) in [(473_982_134, 0..48), (2_563_090_973, 71..89)] {
        rewriter.on_switch();
        for packet in &streams[&ssrc][range] {
            let mut payload = packet.payload.clone();
            let descriptor = Vp8Descriptor::parse(&payload).unwrap();
            descriptor.write_ids(&mut payload, rewriter.rewrite(&descriptor).unwrap());
            seen.push(Vp8Descriptor::parse(&payload).unwrap());
        }
    }
    for pair in seen.windows(2) {
        let frame_step = u16::from(pair[1].start_of_frame());
        let base_step = u8::from(pair[1].start_of_frame() && pair[1].temporal == Some(0));
        assert_eq!(
            pair[1].picture_id.unwrap().value,
            (pair[0].picture_id.unwrap().value + frame_step) & 0x7fff
        );
        assert_eq!(
            pair[1].tl0_pic_idx.unwrap(),
            pair[0].tl0_pic_idx.unwrap().wrapping_add(base_step)
        );
    }
}

proptest! {
    /// Whatever is switched and left out, what goes out counts up by one, in both widths and across wraps.
    #[test]
    fn what_goes_out_is_continuous(
        is_wide in any::<bool>(),
        start in any::<u16>(),
        steps in prop::collection::vec((0..10_u8, any::<u16>()), 1..400),
    ) {
        let mask = if is_wide { 0x7fff } else { 0x7f };
        let mut rewriter = Vp8Rewriter::new();
        let mut value = start & mask;
        let mut last: Option<u16> = None;
        for (kind, jump) in steps {
            match kind {
                0 => {
                    rewriter.on_switch();
                    value = jump & mask;
                }
                1..=3 => rewriter.leave_out(&packet(value, is_wide, 0)),
                _ => {
                    let out = rewriter.rewrite(&packet(value, is_wide, 0)).unwrap().picture_id.unwrap();
                    if let Some(last) = last {
                        prop_assert_eq!(out, (last + 1) & mask);
                    }
                    last = Some(out);
                }
            }
            value = (value + 1) & mask;
        }
    }

    /// Two packets of one picture, in whatever order, never differ; two pictures never share a number.
    #[test]
    fn each_picture_has_one_number(order in prop::collection::vec(0..40_u16, 1..120), left_out in 0..5_u16) {
        let mut rewriter = Vp8Rewriter::new();
        let mut numbers = std::collections::HashMap::new();
        rewriter.rewrite(&wide(999, 0));
        for picture in order {
            let descriptor = wide(1_000 + picture, 0);
            if picture % 5 == left_out {
                rewriter.leave_out(&descriptor);
            } else if let Some(out) = rewriter.rewrite(&descriptor) {
                let out = out.picture_id.unwrap();
                prop_assert_eq!(*numbers.entry(picture).or_insert(out), out);
            }
        }
        let distinct: std::collections::HashSet<_> = numbers.values().collect();
        prop_assert_eq!(distinct.len(), numbers.len());
    }
}
