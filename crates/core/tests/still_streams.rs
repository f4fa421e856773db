//! A stream that stands still: its client sends no key frame, and who joins gets the last group of pictures.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, layer_frame, vp8};
use crate::common::specs::*;
use crate::common::{Client, Received};
use hubbub_core::api::Command;

/// A call in which these frames were sent, the first of them a key frame, and then none for ten seconds.
fn still_call(frames: u16) -> Call {
    let mut call = Call::video();
    for number in 10..10 + frames {
        call.send([vp8(number, number == 10)]);
        call.world.advance(33);
    }
    assert_eq!(call.received().len(), usize::from(frames));
    wait(&mut call, 10);
    call
}

/// Lets seconds pass in which the clients say that they are there.
fn wait(call: &mut Call, seconds: u64) {
    for _ in 0..seconds {
        call.sender.check(&mut call.world, true);
        call.receiver.check(&mut call.world, true);
        call.world.advance(1_000);
    }
}

/// Another client starts to receive. Returns it and what it gets within a fifth of a second.
fn join(call: &mut Call) -> (Client, Vec<Received>) {
    let mut late = Client::connected(&mut call.world, 3);
    let spec = video_consumer(OUT_SSRC);
    consume_running(&mut call.world, late.transport, call.producer, 2, spec);
    call.world.advance(200);
    let received = late.take_rtp(&mut call.world);
    (late, received)
}

fn assert_frames(received: &[Received], numbers: std::ops::Range<u16>) {
    let payloads: Vec<_> = received
        .iter()
        .map(|packet| packet.rtp().payload()[6..].to_vec())
        .collect();
    let sent: Vec<_> = numbers
        .map(|number| vp8(number, number == 10).payload[6..].to_vec())
        .collect();
    assert_eq!(payloads, sent);
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
    }
}

#[test]
fn who_joins_gets_the_last_group_of_pictures() {
    let mut call = still_call(20);
    call.plis();
    let (mut late, received) = join(&mut call);
    assert_frames(&received, 10..30);
    assert_eq!(call.plis(), [SSRC], "a key frame would be better");
    // What comes then follows.
    call.send([vp8(30, false)]);
    let received = [received, late.take_rtp(&mut call.world)].concat();
    assert_frames(&received, 10..31);
    assert_eq!(call.received().len(), 1, "and nothing twice for the others");
}

#[test]
fn padding_after_the_group_changes_nothing() {
    let mut call = Call::video();
    call.send((10..13).map(|number| vp8(number, number == 10)));
    call.send([Packet {
        payload: Vec::new(),
        padding: 100,
        ..vp8(13, false)
    }]);
    wait(&mut call, 10);
    let (_, received) = join(&mut call);
    assert_frames(&received, 10..13);
}

#[test]
fn a_stream_that_moves_starts_with_its_next_key_frame() {
    let mut call = Call::video();
    for number in 10..20 {
        call.send([vp8(number, number == 10)]);
        call.world.advance(200);
    }
    let (_, received) = join(&mut call);
    assert_eq!(received, []);
}

#[test]
fn a_group_with_a_gap_is_not_sent() {
    let mut call = Call::video();
    call.send([vp8(10, true), vp8(12, false)]);
    wait(&mut call, 10);
    let (_, received) = join(&mut call);
    assert_eq!(received, []);
}

#[test]
fn what_is_lost_of_the_group_is_repeated() {
    let mut call = still_call(3);
    let (late, received) = join(&mut call);
    call.receiver = late;
    call.nack(&[received[1].rtp().sequence_number()]);
    let repeats = call.received();
    assert_eq!(repeats.len(), 1);
    assert_eq!(
        &repeats[0].rtp().payload()[2..],
        received[1].rtp().payload()
    );
}

#[test]
fn a_client_that_asks_for_a_key_frame_gets_the_group_again_once_a_second() {
    let mut call = still_call(3);
    let ask = |call: &mut Call| {
        call.receiver.send_pli(&mut call.world, OUT_SSRC);
        call.world.advance(300);
        call.received()
    };
    let counts = [0; 6].map(|_| ask(&mut call).len());
    assert_eq!(counts, [3, 0, 0, 0, 3, 0]);
}

#[test]
fn a_resumed_consumer_starts_with_the_group() {
    let mut call = still_call(3);
    let consumer = call.consumer;
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.execute(Command::ResumeConsumer { consumer });
    call.world.advance(200);
    assert_frames(&call.received(), 10..13);
}

#[test]
fn of_simulcast_the_highest_encoding_is_shown() {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    for number in 0..5 {
        call.send([0, 1, 2].map(|layer| layer_frame(layer, number, number == 0)));
        call.world.advance(33);
    }
    call.received();
    wait(&mut call, 10);
    let (_, received) = join(&mut call);
    let top: Vec<Packet<'_>> = (0..5)
        .map(|number| layer_frame(2, number, number == 0))
        .collect();
    assert_eq!(received.len(), top.len());
    for (got, sent) in received.iter().zip(&top) {
        assert_eq!(got.rtp().payload()[6..], sent.payload[6..]);
    }
}
