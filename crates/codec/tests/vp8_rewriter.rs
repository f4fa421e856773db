//! The ids that a VP8 receiver sees: continuous where the forwarder skips pictures, with gaps where the network loses
//! them.
#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::streams;
use hubbub_codec::vp8::{PictureId, Vp8Descriptor, Vp8Ids};
use hubbub_codec::vp8_rewriter::Vp8Rewriter;
use proptest::prelude::*;

/// The descriptor of a packet with these ids.
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
        key_idx: None,
    })
}

#[test]
fn first_source_keeps_its_ids() {
    let mut rewriter = Vp8Rewriter::new();
    assert_eq!(rewriter.rewrite(&wide(500, 7)), ids(500, 7));
    assert_eq!(rewriter.rewrite(&wide(500, 7)), ids(500, 7));
    assert_eq!(rewriter.rewrite(&wide(501, 8)), ids(501, 8));
}

#[test]
fn ids_continue_after_a_switch() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(500, 7));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(31_000, 200)), ids(501, 8));
    assert_eq!(rewriter.rewrite(&wide(31_001, 200)), ids(502, 8));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(3, 1)), ids(503, 9));
}

#[test]
fn key_index_continues_after_a_switch_modulo_32() {
    let with_key = |value, key| Vp8Descriptor {
        key_idx: Some(key),
        ..wide(value, 0)
    };
    let mut rewriter = Vp8Rewriter::new();
    let key_of = |rewriter: &mut Vp8Rewriter, value, key| {
        rewriter.rewrite(&with_key(value, key)).unwrap().key_idx
    };
    assert_eq!(key_of(&mut rewriter, 1, 29), Some(29));
    assert_eq!(key_of(&mut rewriter, 2, 30), Some(30));
    rewriter.on_switch();
    assert_eq!(key_of(&mut rewriter, 500, 4), Some(31));
    assert_eq!(key_of(&mut rewriter, 501, 5), Some(0));
    // A late packet of the key frame before.
    assert_eq!(key_of(&mut rewriter, 500, 4), Some(31));
    rewriter.on_switch();
    assert_eq!(key_of(&mut rewriter, 9, 17), Some(1));
    // From 31 on, the source starts again at 0. Half the range ahead counts as late.
    for (value, key, sent) in [(10, 31, 15), (11, 0, 16), (12, 16, 0)] {
        assert_eq!(key_of(&mut rewriter, value, key), Some(sent));
    }
    rewriter.on_switch();
    assert_eq!(key_of(&mut rewriter, 700, 0), Some(17));
}

#[test]
fn ids_wrap_after_a_switch() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(32_766, 255));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(10, 3)), ids(32_767, 0));
    assert_eq!(rewriter.rewrite(&wide(11, 4)), ids(0, 1));
}

#[test]
fn seven_bit_picture_ids_stay_within_seven_bits() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&packet(126, false, 0));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&packet(40, false, 0)), ids(127, 1));
    assert_eq!(rewriter.rewrite(&packet(41, false, 0)), ids(0, 1));
}

#[test]
fn gap_of_a_skipped_picture_is_closed() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.skip(&wide(11, 0));
    rewriter.skip(&wide(11, 0));
    assert_eq!(rewriter.rewrite(&wide(12, 0)), ids(11, 0));
    assert_eq!(rewriter.rewrite(&wide(11, 0)), None);
}

#[test]
fn gap_of_a_lost_picture_stays_and_the_late_picture_fits_it() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.skip(&wide(11, 0));
    assert_eq!(rewriter.rewrite(&wide(14, 1)), ids(13, 1));
    rewriter.skip(&wide(15, 1));
    assert_eq!(rewriter.rewrite(&wide(13, 0)), ids(12, 0));
    assert_eq!(rewriter.rewrite(&wide(10, 0)), ids(10, 0));
    assert_eq!(rewriter.rewrite(&wide(16, 1)), ids(14, 1));
}

#[test]
fn pictures_of_two_seconds_are_numbered() {
    let mut rewriter = Vp8Rewriter::new();
    for value in 10..=74 {
        rewriter.rewrite(&wide(value, 0));
    }
    assert_eq!(rewriter.rewrite(&wide(11, 0)), ids(11, 0));
    assert_eq!(rewriter.rewrite(&wide(10, 0)), None);
}

#[test]
fn packet_from_before_a_switch_is_refused() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.on_switch();
    rewriter.rewrite(&wide(300, 0));
    assert_eq!(rewriter.rewrite(&wide(299, 0)), None);
}

#[test]
fn pause_after_a_skipped_picture_leaves_no_gap() {
    let mut rewriter = Vp8Rewriter::new();
    rewriter.rewrite(&wide(10, 0));
    rewriter.skip(&wide(11, 0));
    rewriter.on_switch();
    assert_eq!(rewriter.rewrite(&wide(400, 90)), ids(11, 1));
}

#[test]
fn ids_are_continuous_across_a_switch_between_captured_simulcast_streams() {
    let streams = streams("vp8-simulcast.rtpdump");
    let mut rewriter = Vp8Rewriter::new();
    let mut seen: Vec<Vp8Descriptor> = Vec::new();
    // Switches to the other stream at one of its key frames.
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
    /// After any switches and skips, the sent picture ids ascend by one, in both widths and across wraps.
    #[test]
    fn sent_picture_ids_are_continuous(
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
                1..=3 => rewriter.skip(&packet(value, is_wide, 0)),
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

    /// In any order, packets of one picture have the same id, and two pictures never share an id.
    #[test]
    fn each_picture_has_a_unique_id(order in prop::collection::vec(0..40_u16, 1..120), skipped in 0..5_u16) {
        let mut rewriter = Vp8Rewriter::new();
        let mut numbers = std::collections::HashMap::new();
        rewriter.rewrite(&wide(999, 0));
        for picture in order {
            let descriptor = wide(1_000 + picture, 0);
            if picture % 5 == skipped {
                rewriter.skip(&descriptor);
            } else if let Some(out) = rewriter.rewrite(&descriptor) {
                let out = out.picture_id.unwrap();
                prop_assert_eq!(*numbers.entry(picture).or_insert(out), out);
            }
        }
        let distinct: std::collections::HashSet<_> = numbers.values().collect();
        prop_assert_eq!(distinct.len(), numbers.len());
    }
}
