//! The ownership of a candidate pair over which clients of several transports authenticate.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{Command, Event, TransportId};
use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::ReceiverReportBuilder;

const EMPTY_REPORT: ReceiverReportBuilder<'static> = ReceiverReportBuilder {
    ssrc: 1,
    blocks: &[],
};

/// The transport that owns the pair of `client`.
fn owner(world: &mut World, client: &Client) -> Option<TransportId> {
    world.events.clear();
    world.datagram(client.path, &[22, 254, 253]);
    world.events.iter().find_map(|event| match event {
        Event::DtlsReceived { transport, .. } => Some(*transport),
        _ => None,
    })
}

/// Sends a check with the credentials of `attacker` and the source address of `victim`. Returns whether it was answered.
fn spoof(world: &mut World, attacker: &mut Client, victim: &Client) -> bool {
    let request = attacker.request(&attacker.ice.clone(), true);
    world.datagram(victim.path, &request);
    let sent = world.take_sent(victim.path);
    sent.iter()
        .any(|datagram| PacketKind::of(datagram) == PacketKind::Stun)
}

#[test]
fn a_request_with_a_spoofed_source_address_does_not_take_a_pair_in_use() {
    let mut call = Call::video();
    let mut attacker = Client::connected(&mut call.world, 3);
    let mut received = 0;
    for number in 0..150u16 {
        call.send([vp8(number, number == 0)]);
        received += call.received().len();
        // The feedback of a client that receives video, and its checks.
        if number % 30 == 0 {
            call.receiver.send_rtcp(&mut call.world, &EMPTY_REPORT);
        }
        if number % 75 == 0 {
            call.receiver.check(&mut call.world, true);
            call.world.take_sent(call.receiver.path);
        }
        assert!(!spoof(&mut call.world, &mut attacker, &call.receiver));
        call.world.advance(33);
    }
    assert_eq!(received, 150);
    assert_eq!(call.world.worker.counters().dropped_stun, 150);
    assert_eq!(
        owner(&mut call.world, &call.receiver),
        Some(call.receiver.transport)
    );
}

#[test]
fn media_keeps_a_pair() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let mut other = Client::connected(&mut world, 2);
    produce(&mut world, client.transport, 1, video());
    world.advance(1_400);
    client.send(&mut world, &vp8(1, true).bytes());
    world.advance(1_400);
    assert!(!spoof(&mut world, &mut other, &client));
    world.advance(100);
    assert!(spoof(&mut world, &mut other, &client));
}

#[test]
fn packets_that_are_not_authentic_do_not_keep_a_pair() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    let mut other = Client::connected(&mut world, 2);
    for _ in 0..16 {
        world.advance(100);
        world.datagram(client.path, &vp8(1, true).bytes());
        world.datagram(client.path, &[22, 254, 253]);
    }
    assert!(spoof(&mut world, &mut other, &client));
    assert_eq!(owner(&mut world, &client), Some(other.transport));
}

#[test]
fn the_pair_of_a_silent_client_goes_to_the_transport_that_authenticates() {
    let mut world = World::new();
    let mut first = Client::connected(&mut world, 1);
    let mut second = Client::connected(&mut world, 2);
    second.path = first.path;
    world.advance(1_490);
    second.check(&mut world, true);
    assert_eq!(owner(&mut world, &first), Some(first.transport));
    world.advance(10);
    second.check(&mut world, true);
    assert_eq!(owner(&mut world, &first), Some(second.transport));
    second.send_rtcp(&mut world, &EMPTY_REPORT);
    first.check(&mut world, true);
    assert_eq!(owner(&mut world, &first), Some(second.transport));
}

#[test]
fn the_former_owner_takes_its_pair_back_at_once() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let mut attacker = Client::connected(&mut world, 2);
    client.send_rtcp(&mut world, &EMPTY_REPORT);
    // A client that only receives audio is silent between two checks.
    world.advance(1_500);
    assert!(spoof(&mut world, &mut attacker, &client));
    assert_eq!(owner(&mut world, &client), Some(attacker.transport));
    client.check(&mut world, false);
    assert_eq!(owner(&mut world, &client), Some(client.transport));
    assert!(world.worker.is_valid(client.path));
}

#[test]
fn a_pair_that_was_taken_back_is_not_taken_again_between_two_checks() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let mut attacker = Client::connected(&mut world, 2);
    world.advance(1_500);
    assert!(spoof(&mut world, &mut attacker, &client));
    for _ in 0..4 {
        client.check(&mut world, true);
        world.take_sent(client.path);
        for _ in 0..5 {
            assert!(!spoof(&mut world, &mut attacker, &client));
            world.advance(500);
        }
    }
    // A client that has left keeps it for ten seconds at most.
    world.advance(7_500);
    assert!(spoof(&mut world, &mut attacker, &client));
}

#[test]
fn the_former_owner_takes_its_pair_back_from_a_second_claimant() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let mut attacker = Client::connected(&mut world, 2);
    let mut accomplice = Client::connected(&mut world, 3);
    world.advance(1_500);
    assert!(spoof(&mut world, &mut attacker, &client));
    world.advance(1_500);
    assert!(spoof(&mut world, &mut accomplice, &client));
    client.check(&mut world, true);
    assert_eq!(owner(&mut world, &client), Some(client.transport));
}

#[test]
fn the_pair_of_a_closed_transport_is_free_at_once() {
    let mut world = World::new();
    let first = Client::connected(&mut world, 1);
    let mut second = Client::connected(&mut world, 2);
    second.path = first.path;
    let transport = first.transport;
    world.execute(Command::CloseTransport { transport });
    second.check(&mut world, true);
    assert_eq!(owner(&mut world, &first), Some(second.transport));
}

/// A NAT gives the client a new port, which formerly belonged to a client that disappeared without closing.
#[test]
fn a_client_whose_address_changes_gets_media_within_two_seconds() {
    let mut call = Call::video();
    let gone = Client::connected(&mut call.world, 3);
    let mut received_after = None;
    call.receiver.path = gone.path;
    for milliseconds in (0..3_000u64).step_by(20) {
        call.send([vp8(milliseconds as u16, milliseconds == 0)]);
        // libwebrtc checks a pair that is not answered at least this often.
        if milliseconds % 100 == 0 {
            call.receiver.check(&mut call.world, true);
        }
        let media = call
            .received()
            .iter()
            .any(|packet| packet.rtp().ssrc() == OUT_SSRC);
        if media {
            received_after.get_or_insert(milliseconds);
        }
        call.world.advance(20);
    }
    assert!(
        received_after.is_some_and(|after| after < 2_000),
        "{received_after:?}"
    );
}
