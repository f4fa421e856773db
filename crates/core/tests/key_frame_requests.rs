//! Key frames are requested when needed, at most once a second.

mod common;

use common::call::{Call, OUT_SSRC};
use common::media::{Packet, vp8};
use common::specs::*;
use common::{Client, World};
use hubbub_core::api::Command;
use hubbub_wire::rtcp::{FirBuilder, FirEntry, Pli};

/// A call that started with a key frame two seconds ago.
fn running_call() -> Call {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    call.world.advance(2000);
    call.sender.take(&mut call.world);
    call
}

#[test]
fn many_plis_reach_the_producer_as_one_per_second() {
    let mut call = running_call();
    for _ in 0..300 {
        call.receiver.send_rtcp(
            &mut call.world,
            &Pli {
                sender_ssrc: 1,
                media_ssrc: OUT_SSRC,
            },
        );
        call.world.advance(10);
    }
    let asked = call.plis().len();
    assert!(
        (3..=4).contains(&asked),
        "{asked} requests in three seconds"
    );
    assert_eq!(
        call.world.consumer_stats(call.consumer).key_frame_requests,
        300
    );
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
}

#[test]
fn a_pli_for_a_stream_of_another_client_is_ignored() {
    let mut call = running_call();
    call.receiver.send_rtcp(
        &mut call.world,
        &Pli {
            sender_ssrc: 1,
            media_ssrc: SSRC,
        },
    );
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
