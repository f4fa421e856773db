//! Key frames are requested at once when needed, but few times under a storm of requests.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, Packet, layer_frame, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::Command;
use hubbub_wire::rtcp::{FirBuilder, FirEntry};

/// A call that started with a key frame two seconds ago.
fn running_call() -> Call {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    call.world.advance(2000);
    call.sender.take(&mut call.world);
    call
}

fn now_ms(call: &Call) -> u64 {
    call.world.now.0 / 1_000
}

#[test]
fn a_storm_of_plis_reaches_the_producer_as_twelve_in_ten_seconds() {
    let mut call = running_call();
    let mut times = Vec::new();
    for _ in 0..1_000 {
        call.receiver.send_pli(&mut call.world, OUT_SSRC);
        times.extend(call.plis().iter().map(|_| now_ms(&call)));
        call.world.advance(10);
        times.extend(call.plis().iter().map(|_| now_ms(&call)));
    }
    assert!((11..=12).contains(&times.len()), "requests at {times:?} ms");
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] >= 300),
        "requests at {times:?} ms"
    );
    let stats = call.world.consumer_stats(call.consumer);
    assert_eq!((stats.plis, stats.firs), (1_000, 0));
}

#[test]
fn a_fir_has_the_effect_of_a_pli() {
    let mut call = running_call();
    let entries = [FirEntry {
        ssrc: OUT_SSRC,
        command_sequence: 1,
    }];
    call.receiver.send_rtcp(
        &mut call.world,
        &FirBuilder {
            sender_ssrc: 1,
            entries: &entries,
        },
    );
    assert_eq!(call.plis(), [SSRC]);
    let stats = call.world.consumer_stats(call.consumer);
    assert_eq!((stats.plis, stats.firs), (0, 1));
}

#[test]
fn a_pli_for_a_stream_of_another_client_is_ignored() {
    let mut call = running_call();
    call.receiver.send_pli(&mut call.world, SSRC);
    call.world.advance(100);
    assert_eq!(call.plis(), []);
}

#[test]
fn a_request_is_repeated_until_the_key_frame_arrives() {
    let mut call = running_call();
    call.world.execute(Command::RequestKeyFrame {
        consumer: call.consumer,
    });
    call.world.advance(2500);
    assert_eq!(call.plis().len(), 3);
    call.send([vp8(11, true)]);
    call.world.advance(2500);
    assert_eq!(call.plis(), []);
}

#[test]
fn clients_that_join_shortly_after_another_soon_have_a_picture() {
    const ROUND_TRIP: u64 = 60;
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, video());
    sender.send(&mut world, &vp8(0, true).bytes());
    world.advance(5_000);
    sender.take(&mut world);
    let mut clients = [2, 3, 4].map(|number| Client::connected(&mut world, number));
    let joins = [0, 150, 300];
    let mut waits = [None; 3];
    let mut key_frame_at = None;
    let mut number = 0;
    for ms in (0..1_000).step_by(10) {
        if let Some(index) = joins.iter().position(|at| *at == ms) {
            consume_running(
                &mut world,
                clients[index].transport,
                producer,
                index as u64 + 1,
                video_consumer(5000),
            );
        }
        if !sender.take_plis(&mut world).is_empty() {
            key_frame_at = Some(ms + ROUND_TRIP);
        }
        if ms % 30 == 0 {
            number += 1;
            let is_key_frame = key_frame_at.take_if(|at| *at <= ms).is_some();
            sender.send(&mut world, &vp8(number, is_key_frame).bytes());
        }
        for ((client, wait), at) in clients.iter_mut().zip(&mut waits).zip(joins) {
            if !client.take_rtp(&mut world).is_empty() {
                wait.get_or_insert(ms - at);
            }
        }
        world.advance(10);
    }
    assert!(
        waits
            .iter()
            .all(|wait| wait.is_some_and(|wait| wait <= 400)),
        "{waits:?} ms until the first picture"
    );
}

#[test]
fn a_request_for_one_layer_does_not_delay_another() {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    let frame = |ssrc, rid: &'static [u8], number| Packet {
        ssrc,
        extensions: vec![(MID, b"0".as_slice()), (RID, rid)],
        ..vp8(number, false)
    };
    call.send([frame(100, b"r0", 10)]);
    assert_eq!(call.plis(), [100]);
    call.send([frame(102, b"r2", 10)]);
    assert_eq!(call.plis(), [102]);
}

#[test]
fn a_key_frame_of_another_layer_does_not_answer_a_request() {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    call.send([layer_frame(0, 0, true), layer_frame(2, 0, false)]);
    assert_eq!(call.plis(), [LAYER_SSRC + 2]);
    call.world.advance(100);
    call.send([layer_frame(0, 3, true)]);
    let mut requested = Vec::new();
    for number in 4..35 {
        call.send([layer_frame(2, number, false)]);
        call.world.advance(33);
        let at = 100 + 33 * u64::from(number - 3);
        requested.extend(call.plis().iter().map(|ssrc| (*ssrc, at)));
    }
    // The request is repeated a second after the first, and then it is not yet answered either.
    assert_eq!(requested.len(), 1, "{requested:?}");
    let (ssrc, at) = requested[0];
    assert_eq!(ssrc, LAYER_SSRC + 2);
    assert!((1_000..1_050).contains(&at), "after {at} ms");
}

/// A call that receives layer 2, and another client that receives layer 1 and asks for so many key frames of it that the
/// bound of 12 in 10 seconds is reached. Returns it with the number of the next frame, just after a key frame.
fn call_at_the_bound() -> (Call, u16) {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    let mut other = Client::connected(&mut call.world, 3);
    let (to, spec) = (other.transport, video_consumer(OUT_SSRC));
    let second = consume_running(&mut call.world, to, call.producer, 2, spec);
    call.world.execute(Command::SetPreferredLayers {
        consumer: second,
        spatial: 1,
        temporal: None,
    });
    let mut number = 0;
    let mut asked = 0;
    while asked < 10 {
        let is_asked = call.plis().contains(&(LAYER_SSRC + 1));
        asked += u32::from(is_asked);
        let is_key = |layer| number == 0 || is_asked && layer == 1;
        call.send([0, 1, 2].map(|layer| layer_frame(layer, number, is_key(layer))));
        number += 1;
        if asked < 10 {
            other.send_pli(&mut call.world, OUT_SSRC);
        }
        call.world.advance(30);
        assert!(number < 1_000, "{asked} requests");
    }
    (call, number)
}

/// Sends these layers without key frames until one of layer 1 is requested. Returns how long that takes, milliseconds.
fn until_asked(call: &mut Call, layers: &[u16], mut number: u16) -> u64 {
    let start = now_ms(call);
    while !call.plis().contains(&(LAYER_SSRC + 1)) {
        call.send(
            layers
                .iter()
                .map(|layer| layer_frame(*layer, number, false)),
        );
        number += 1;
        call.world.advance(10);
        assert!(now_ms(call) < start + 5_000);
    }
    now_ms(call) - start
}

#[test]
fn a_request_for_less_may_exceed_the_bound() {
    let (mut call, number) = call_at_the_bound();
    let waited = until_asked(&mut call, &[0, 1], number);
    assert!(waited < 700, "{waited} ms");
}

#[test]
fn a_request_for_more_may_not_exceed_the_bound() {
    let (mut call, number) = call_at_the_bound();
    call.prefer(0, None);
    call.send([layer_frame(0, number, true)]);
    call.plis();
    call.prefer(1, None);
    let waited = until_asked(&mut call, &[0, 1, 2], number + 1);
    assert!(waited > 900, "{waited} ms");
}

#[test]
fn a_transport_that_connects_late_gets_a_key_frame_at_once() {
    let mut call = running_call();
    let mut late = Client::new(&mut call.world, 3);
    consume_running(
        &mut call.world,
        late.transport,
        call.producer,
        2,
        video_consumer(6000),
    );
    call.world.advance(2000);
    call.sender.take(&mut call.world);
    late.check(&mut call.world, true);
    assert_eq!(call.plis(), []);
    call.send([vp8(11, true)]);
    late.set_keys(&mut call.world);
    assert_eq!(call.plis(), [SSRC]);
    call.send([vp8(12, true)]);
    assert_eq!(late.take_rtp(&mut call.world).len(), 1);
}

#[test]
fn a_request_before_the_first_packet_does_not_delay_the_first_key_frame() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, simulcast());
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        video_consumer(5000),
    );
    world.advance(50);
    let first = Packet {
        extensions: vec![(MID, b"0"), (RID, b"r0")],
        ..vp8(10, false)
    };
    sender.send(&mut world, &first.bytes());
    assert_eq!(sender.take_plis(&mut world), [SSRC]);
}
