//! A key frame whose first packet was lost and repaired: consumers that wait for it get all of it at once.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8, vp8_frame};
use crate::common::specs::*;

const KEY_FRAME: u16 = 100;
const PARTS: u16 = 40;

/// A call whose consumer waits for the first packet of a key frame; the rest has arrived.
fn call_without_first_packet() -> Call {
    let mut call = Call::video();
    call.send([vp8(KEY_FRAME - 1, false)]);
    call.send(vp8_frame(KEY_FRAME, 1, PARTS, true).into_iter().skip(1));
    call
}

fn repair(call: &mut Call) {
    call.send([rtx(&vp8_frame(KEY_FRAME, 1, PARTS, true)[0], 1)]);
}

/// The numbers relative to the first.
fn steps(sequences: &[u16]) -> Vec<u16> {
    sequences
        .iter()
        .map(|sequence| sequence.wrapping_sub(sequences[0]))
        .collect()
}

#[test]
fn the_packets_after_the_repaired_one_follow_at_once() {
    let mut call = call_without_first_packet();
    call.send(vp8_frame(KEY_FRAME + PARTS, 2, 4, false));
    assert_eq!(call.sequences(), []);
    repair(&mut call);
    call.send([vp8(KEY_FRAME + PARTS + 4, false)]);
    let received = call.received();
    let sequences: Vec<u16> = received
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    assert_eq!(steps(&sequences), (0..=PARTS + 4).collect::<Vec<_>>());
    let parts: Vec<u32> = received
        .iter()
        .map(|packet| packet.rtp().timestamp())
        .collect();
    assert!(parts.is_sorted(), "{parts:?}");
}

#[test]
fn a_packet_that_is_still_missing_leaves_a_gap_for_its_repair() {
    let mut call = Call::video();
    let frame = vp8_frame(KEY_FRAME, 1, 5, true);
    call.send([vp8(KEY_FRAME - 1, false)]);
    call.send([1, 2, 4].map(|part| frame[part].clone()));
    repair(&mut call);
    call.send([rtx(&frame[3], 2)]);
    assert_eq!(steps(&call.sequences()), [0, 1, 2, 4, 3]);
}

#[test]
fn padding_after_the_repaired_packet_leaves_no_gap() {
    let mut call = call_without_first_packet();
    let padding = Packet {
        payload: Vec::new(),
        padding: 8,
        ..vp8(KEY_FRAME + PARTS, false)
    };
    call.send([padding, vp8(KEY_FRAME + PARTS + 1, false)]);
    repair(&mut call);
    call.send([vp8(KEY_FRAME + PARTS + 2, false)]);
    assert_eq!(steps(&call.sequences()), (0..PARTS + 2).collect::<Vec<_>>());
}

#[test]
fn a_key_frame_that_hundreds_of_packets_have_overtaken_is_not_used() {
    let mut call = call_without_first_packet();
    call.send((0..250).map(|next| vp8(KEY_FRAME + PARTS + next, false)));
    call.plis();
    repair(&mut call);
    assert_eq!(call.sequences(), []);
    call.world.advance(1000);
    assert_eq!(call.plis(), [SSRC]);
}

#[test]
fn a_key_frame_that_256_packets_have_overtaken_is_used() {
    let mut call = call_without_first_packet();
    call.send((KEY_FRAME + PARTS..=KEY_FRAME + 256).map(|number| vp8(number, false)));
    repair(&mut call);
    assert_eq!(steps(&call.sequences()), (0..=256).collect::<Vec<_>>());
}

#[test]
fn a_switch_to_a_repaired_key_frame_of_a_higher_layer_is_complete() {
    let mut consumer = without_rtx(OUT_SSRC);
    consumer.codecs[0].nack = false;
    consumer.codecs[0].rtx_payload_type = None;
    let mut call = Call::new(simulcast(), consumer);
    let layer = |packet: Packet<'static>, ssrc, rid| Packet {
        ssrc,
        extensions: vec![(MID, b"0".as_slice()), (RID, rid)],
        ..packet
    };
    let low = |number| layer(vp8(number, number == 0), 100, b"r0".as_slice());
    let high = |packet| layer(packet, 102, b"r2".as_slice());
    call.send((0..10).map(low));
    let key_frame = vp8_frame(1000, 10, 30, true);
    call.send(key_frame[1..].iter().cloned().map(high));
    call.send([low(10), high(vp8(1030, false))]);
    let first = high(key_frame[0].clone());
    let repair = Packet {
        ssrc: 202,
        extensions: vec![(MID, b"0"), (REPAIRED_RID, b"r2")],
        ..rtx(&first, 1)
    };
    call.send([repair, low(11), high(vp8(1031, false))]);
    assert_eq!(
        steps(&call.sequences()),
        (0..11 + 30 + 2).collect::<Vec<_>>()
    );
}
