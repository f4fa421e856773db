//! Assigning packets to streams: SSRCs that change, and RTX that names its stream in different ways.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;

/// A frame of the layer `r1`, from this SSRC.
fn frame(ssrc: u32, number: u16, is_key_frame: bool) -> Packet<'static> {
    Packet {
        ssrc,
        extensions: vec![(MID, b"0"), (RID, b"r1")],
        ..vp8(number, is_key_frame)
    }
}

/// An RTX packet of the layer `r1` that names it by this extension.
fn repair(ssrc: u32, lost: u16, extension: u8, sequence: u16) -> Packet<'static> {
    Packet {
        ssrc,
        extensions: vec![(MID, b"0"), (extension, b"r1")],
        ..rtx(&vp8(lost, false), sequence)
    }
}

fn simulcast_call() -> Call {
    Call::new(simulcast(), video_consumer(OUT_SSRC))
}

#[test]
fn rtx_may_name_its_layer_by_rid() {
    for extension in [RID, REPAIRED_RID] {
        let mut call = simulcast_call();
        call.send([frame(100, 1, true), frame(100, 3, false)]);
        call.send([repair(900, 2, extension, 1)]);
        let sequences = call.sequences();
        let first = sequences[0];
        assert_eq!(sequences, [first, first + 2, first + 1], "id {extension}");
    }
}

#[test]
fn the_repaired_rid_names_the_layer_of_rtx_and_of_nothing_else() {
    let mut call = simulcast_call();
    call.send([frame(100, 1, true), frame(100, 3, false)]);
    let both = Packet {
        extensions: vec![(MID, b"0"), (RID, b"r0"), (REPAIRED_RID, b"r1")],
        ..repair(900, 2, RID, 1)
    };
    let media = Packet {
        extensions: vec![(MID, b"0"), (REPAIRED_RID, b"r2")],
        ..frame(102, 1, true)
    };
    call.send([both, media]);
    assert_eq!(call.received().len(), 3);
    let streams = call.world.producer_stats(call.producer).streams;
    assert_eq!((streams.len(), streams[0].ssrc), (1, 100));
}

#[test]
fn rtx_that_named_its_layer_before_the_first_frame_stays_bound() {
    let mut call = simulcast_call();
    call.send([repair(900, 0, REPAIRED_RID, 1)]);
    call.send([frame(100, 1, true), frame(100, 3, false)]);
    let nameless = Packet {
        extensions: Vec::new(),
        ..repair(900, 2, REPAIRED_RID, 2)
    };
    call.send([nameless]);
    assert_eq!(call.received().len(), 3);
}

#[test]
fn without_a_rid_only_the_one_encoding_is_learned() {
    let nameless = || Packet {
        extensions: vec![(MID, b"0")],
        ..frame(100, 1, true)
    };
    let mut call = simulcast_call();
    call.send([nameless()]);
    assert_eq!(call.received(), []);
    let stats = call.world.transport_stats(call.sender.transport);
    assert_eq!(stats.unknown_ssrc, 1);
    let mut single = video();
    single.encodings[0].ssrc = None;
    let mut call = Call::new(single, video_consumer(OUT_SSRC));
    call.send([nameless()]);
    assert_eq!(call.received().len(), 1);
}

#[test]
fn a_stream_that_was_silent_for_100_ms_may_still_go_on() {
    let mut call = simulcast_call();
    call.send([frame(100, 1, true)]);
    call.world.advance(100);
    call.send([frame(101, 1, true)]);
    assert_eq!(call.received().len(), 1);
}

#[test]
fn a_learned_stream_continues_with_another_ssrc() {
    let mut call = simulcast_call();
    call.send([frame(100, 1, true), frame(100, 2, false)]);
    let before = call.received();
    call.world.advance(110);
    call.send([frame(101, 30_000, false)]);
    assert_eq!(call.received(), []);
    assert_eq!(call.plis(), [101]);
    call.send([frame(101, 30_001, true), frame(101, 30_002, false)]);
    let after = call.received();
    let numbers: Vec<_> = before
        .iter()
        .chain(&after)
        .map(|packet| {
            packet
                .rtp()
                .sequence_number()
                .wrapping_sub(before[0].rtp().sequence_number())
        })
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    let step = after[0]
        .rtp()
        .timestamp()
        .wrapping_sub(before[1].rtp().timestamp());
    assert!((3_000..=9_900).contains(&step), "a step of {step}");
    let streams = call.world.producer_stats(call.producer).streams;
    assert_eq!((streams.len(), streams[0].ssrc), (1, 101));
}

#[test]
fn a_second_ssrc_does_not_take_over_a_flowing_stream() {
    let mut call = simulcast_call();
    call.send([frame(100, 1, true)]);
    for number in 2..10 {
        call.world.advance(90);
        call.send([frame(101, number, true), frame(100, number, false)]);
    }
    assert_eq!(call.received().len(), 9);
    let stats = call.world.transport_stats(call.sender.transport);
    assert_eq!(stats.unknown_ssrc, 8);
    let streams = call.world.producer_stats(call.producer).streams;
    assert_eq!((streams.len(), streams[0].ssrc), (1, 100));
}

#[test]
fn a_negotiated_ssrc_is_never_replaced() {
    let mut call = Call::video();
    call.send([vp8(1, true)]);
    call.world.advance(5_000);
    let other = Packet {
        ssrc: 77,
        extensions: vec![(MID, b"0")],
        ..vp8(2, true)
    };
    call.received();
    call.send([other]);
    assert_eq!(call.received(), []);
    let stats = call.world.transport_stats(call.sender.transport);
    assert_eq!(stats.unknown_ssrc, 1);
}

#[test]
fn rtx_of_a_former_ssrc_does_not_disturb_the_new_stream() {
    let mut call = simulcast_call();
    call.send([
        frame(100, 20_000, true),
        frame(100, 20_002, false),
        repair(900, 20_001, REPAIRED_RID, 1),
    ]);
    call.world.advance(110);
    call.send([frame(101, 1, true), frame(101, 2, false)]);
    call.received();
    // Two repairs of the former stream: with the SSRC that was bound, with and without its name.
    let nameless = Packet {
        extensions: Vec::new(),
        ..repair(900, 20_003, REPAIRED_RID, 2)
    };
    call.send([nameless, repair(900, 20_004, REPAIRED_RID, 3)]);
    assert_eq!(call.received(), []);
    call.send([frame(101, 3, false)]);
    assert_eq!(call.received().len(), 1);
    let streams = call.world.producer_stats(call.producer).streams;
    assert_eq!((streams[0].packets, streams[0].lost), (3, 0));
}
