//! Key frames are asked for when needed, and at most once a second.

mod common;

use common::media::{Packet, vp8};
use common::specs::*;
use common::{Client, World};
use hubbub_core::api::{Command, ConsumerId};
use hubbub_wire::rtcp::{FirBuilder, FirEntry, Pli};

struct Call {
    world: World,
    sender: Client,
    receiver: Client,
}

/// A call that runs; two seconds ago it began with a key frame.
fn call() -> Call {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        video_consumer(5000),
    );
    sender.send(&mut world, &vp8(10, true).bytes());
    world.advance(2000);
    sender.take(&mut world);
    Call {
        world,
        sender,
        receiver,
    }
}

#[test]
fn a_storm_of_plis_reaches_the_producer_once_a_second() {
    let mut call = call();
    for _ in 0..300 {
        call.receiver.send_rtcp(
            &mut call.world,
            &Pli {
                sender_ssrc: 1,
                media_ssrc: 5000,
            },
        );
        call.world.advance(10);
    }
    let asked = call.sender.take_plis(&mut call.world).len();
    assert!(
        (3..=4).contains(&asked),
        "asked {asked} times in three seconds"
    );
    assert_eq!(
        call.world.consumer_stats(ConsumerId(1)).key_frame_requests,
        300
    );
}

#[test]
fn a_fir_counts_as_a_pli() {
    let mut call = call();
    let entries = [FirEntry {
        ssrc: 5000,
        command_sequence: 1,
    }];
    call.receiver.send_rtcp(
        &mut call.world,
        &FirBuilder {
            sender_ssrc: 1,
            entries: &entries,
        },
    );
    assert_eq!(call.sender.take_plis(&mut call.world), [SSRC]);
}

#[test]
fn a_pli_for_another_clients_stream_is_ignored() {
    let mut call = call();
    call.receiver.send_rtcp(
        &mut call.world,
        &Pli {
            sender_ssrc: 1,
            media_ssrc: SSRC,
        },
    );
    call.world.advance(100);
    assert_eq!(call.sender.take_plis(&mut call.world), []);
}

#[test]
fn a_request_is_repeated_until_the_key_frame_comes() {
    let mut call = call();
    call.world.done(Command::RequestKeyFrame {
        consumer: ConsumerId(1),
    });
    call.world.advance(2500);
    assert_eq!(call.sender.take_plis(&mut call.world).len(), 3);
    call.sender.send(&mut call.world, &vp8(11, true).bytes());
    call.world.advance(2500);
    assert_eq!(call.sender.take_plis(&mut call.world), []);
}

#[test]
fn a_transport_that_connects_late_gets_a_key_frame_at_once() {
    let mut call = call();
    let mut late = Client::new(&mut call.world, 3);
    consume_running(
        &mut call.world,
        late.transport,
        hubbub_core::api::ProducerId(1),
        2,
        video_consumer(6000),
    );
    call.world.advance(2000);
    call.sender.take(&mut call.world);
    late.check(&mut call.world, true);
    assert_eq!(call.sender.take_plis(&mut call.world), []);
    call.sender.send(&mut call.world, &vp8(11, true).bytes());
    late.set_keys(&mut call.world);
    assert_eq!(call.sender.take_plis(&mut call.world), [SSRC]);
    call.sender.send(&mut call.world, &vp8(12, true).bytes());
    assert_eq!(late.take_rtp(&mut call.world).len(), 1);
}

#[test]
fn a_wish_that_comes_before_the_stream_does_not_delay_its_first_key_frame() {
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
