//! The limit of what one transport may send.

use crate::common::call::Call;
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::WorkerConfig;
use hubbub_wire::rtcp::ReceiverReportBuilder;

/// Two megabits: 250 packets of 1,000 bytes a second.
fn limited() -> World {
    World::with(WorkerConfig {
        max_ingress_bitrate: 2_000_000,
        ..World::config()
    })
}

/// A packet of 1,000 bytes.
fn packet(number: u16) -> Packet<'static> {
    let mut packet = vp8(number, number == 0);
    packet
        .payload
        .resize(1_000 + packet.payload.len() - packet.bytes().len(), 0);
    packet
}

#[test]
fn media_above_the_limit_is_dropped_and_counted() {
    let mut world = limited();
    let mut sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, video());
    for number in 0..1_000 {
        sender.send(&mut world, &packet(number).bytes());
        world.advance(1);
    }
    // A second's worth at once, and what one second allows.
    let received = world.producer_stats(producer).streams[0].packets;
    assert!((495..=505).contains(&received), "{received} packets");
    let dropped = world.worker.counters().dropped_ingress;
    assert_eq!(dropped + received, 1_000);
}

#[test]
fn small_packets_count_as_256_bytes() {
    let mut world = limited();
    let mut sender = Client::connected(&mut world, 1);
    for _ in 0..2_000 {
        let report = ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[],
        };
        sender.send_rtcp(&mut world, &report);
    }
    let dropped = world.worker.counters().dropped_ingress;
    assert_eq!(2_000 - dropped, 250_000 / 256);
}

#[test]
fn packets_that_are_not_authentic_do_not_use_up_the_allowance() {
    let mut world = limited();
    let mut sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, video());
    for number in 0..1_000 {
        world.datagram(sender.path, &packet(number).bytes());
    }
    for number in 0..200 {
        sender.send(&mut world, &packet(number).bytes());
    }
    assert_eq!(world.producer_stats(producer).streams[0].packets, 200);
    assert_eq!(world.worker.counters().dropped_ingress, 0);
}

#[test]
fn the_default_does_not_limit_honest_clients() {
    let mut call = Call::video();
    // A key frame of a megabyte, and a second of 16 Mbit/s.
    call.send((0..1_000).map(packet));
    for number in 1_000..3_000 {
        call.send([packet(number)]);
        if number % 2 == 0 {
            call.world.advance(1);
        }
    }
    assert_eq!(call.received().len(), 3_000);
}
