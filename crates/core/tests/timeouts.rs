//! Transports that never connect, and those whose client falls silent.

mod common;

use common::{Client, World};
use hubbub_core::api::{CloseReason, Command, Event};

fn closed(world: &mut World) -> Vec<(u64, CloseReason)> {
    let events = std::mem::take(&mut world.events);
    events
        .iter()
        .filter_map(|event| match event {
            Event::TransportClosed { transport, reason } => Some((transport.0, *reason)),
            _ => None,
        })
        .collect()
}

#[test]
fn an_unfinished_handshake_closes_the_transport() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    world.execute(Command::ConnectTransport {
        transport: client.transport,
    });
    client.check(&mut world, true);
    world.advance(14_900);
    assert_eq!(closed(&mut world), []);
    world.advance(200);
    assert_eq!(closed(&mut world), [(1, CloseReason::HandshakeTimeout)]);
}

#[test]
fn keys_end_the_handshake_timeout() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    world.execute(Command::ConnectTransport {
        transport: client.transport,
    });
    client.check(&mut world, true);
    client.set_keys(&mut world);
    world.advance(20_000);
    assert_eq!(closed(&mut world), []);
}

#[test]
fn a_silent_client_is_closed_after_the_consent_timeout() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    world.advance(20_000);
    client.check(&mut world, false);
    world.advance(29_900);
    assert_eq!(closed(&mut world), []);
    world.advance(200);
    assert_eq!(closed(&mut world), [(1, CloseReason::IceTimeout)]);
    assert_eq!(world.worker.next_deadline(), None);
}

#[test]
fn a_transport_without_connect_stays_open() {
    let mut world = World::new();
    Client::new(&mut world, 1);
    world.advance(60_000);
    assert_eq!(closed(&mut world), []);
}
