//! TCP paths behave as UDP paths, except that they can end.

use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{Command, Event, IceState, Path};
use hubbub_wire::stun::{StunClass, StunMessage};

/// The same two addresses, over TCP.
fn over_tcp(path: Path) -> Path {
    Path::tcp(path.local, path.remote)
}

fn last_selected(world: &World) -> Option<(IceState, Path)> {
    world.events.iter().rev().find_map(|event| match event {
        Event::IceSelected {
            state,
            local,
            remote,
            protocol,
            ..
        } => Some((
            *state,
            Path {
                local: *local,
                remote: *remote,
                protocol: *protocol,
            },
        )),
        _ => None,
    })
}

/// A client that connected over UDP and then selected TCP.
fn moved_to_tcp(world: &mut World, number: u8) -> (Client, Path) {
    let mut client = Client::connected(world, number);
    let former = client.path;
    client.path = over_tcp(former);
    client.check(world, true);
    (client, former)
}

#[test]
fn a_check_over_tcp_is_answered_over_tcp() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    client.path = over_tcp(client.path);
    assert!(!world.worker.is_valid(client.path));
    client.check(&mut world, true);
    let sent = world.take_sent(client.path);
    assert_eq!(world.sent, []);
    let answer = StunMessage::parse(&sent[0]).expect("STUN");
    assert_eq!(
        (answer.class(), answer.mapped_address()),
        (StunClass::SuccessResponse, Some(client.path.remote))
    );
    assert_eq!(
        last_selected(&world),
        Some((IceState::Connected, client.path))
    );
    assert!(world.worker.is_valid(client.path));
}

#[test]
fn a_udp_pair_does_not_validate_tcp_between_the_same_addresses() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    world.events.clear();
    world.datagram(over_tcp(client.path), &[22, 1]);
    assert_eq!(world.events, []);
    assert_eq!(world.worker.counters().dropped_unknown_address, 1);
}

#[test]
fn media_is_sent_over_tcp_when_the_client_selected_it() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let (mut receiver, former) = moved_to_tcp(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    let spec = video_consumer(5000);
    consume_running(&mut world, receiver.transport, producer, 1, spec);
    world.take_sent(receiver.path);
    sender.send(&mut world, &vp8(10, true).bytes());
    assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    assert_eq!(world.take_sent(former).len(), 0);
}

#[test]
fn media_is_sent_over_the_remaining_pair_when_the_connection_ends() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let (mut receiver, former) = moved_to_tcp(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    let spec = video_consumer(5000);
    consume_running(&mut world, receiver.transport, producer, 1, spec);
    world.disconnect(receiver.path);
    assert_eq!(last_selected(&world), Some((IceState::Connected, former)));
    assert!(!world.worker.is_valid(receiver.path));
    world.take_sent(receiver.path);
    let ended = std::mem::replace(&mut receiver.path, former);
    sender.send(&mut world, &vp8(10, true).bytes());
    assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    assert_eq!(world.take_sent(ended).len(), 0);
}

#[test]
fn a_client_whose_only_connection_ended_gets_nothing_and_can_return() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    client.path = over_tcp(client.path);
    client.check(&mut world, true);
    world.disconnect(client.path);
    assert_eq!(last_selected(&world), Some((IceState::New, client.path)));
    world.events.clear();
    world.datagram(client.path, &[22, 1]);
    assert_eq!(world.events, []);

    client.path.remote.set_port(4444);
    client.check(&mut world, true);
    world.datagram(client.path, &[22, 1]);
    assert!(matches!(
        world.events.last(),
        Some(Event::DtlsReceived { .. })
    ));
}

#[test]
fn the_end_of_an_unknown_connection_changes_nothing() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    world.events.clear();
    world.disconnect(over_tcp(client.path));
    assert_eq!(world.events, []);
    assert!(world.worker.is_valid(client.path));
}

#[test]
fn a_closed_transport_has_no_valid_pair() {
    let mut world = World::new();
    let (client, former) = moved_to_tcp(&mut world, 1);
    world.execute(Command::CloseTransport {
        transport: client.transport,
    });
    assert!(!world.worker.is_valid(client.path) && !world.worker.is_valid(former));
    world.disconnect(client.path);
}
