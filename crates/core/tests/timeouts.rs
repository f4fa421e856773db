//! Transports that do not come to life, and those that fall silent.

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
fn a_handshake_that_does_not_end_closes_the_transport() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    world.done(Command::ConnectTransport {
        transport: client.transport,
    });
    client.check(&mut world, true);
    world.advance(14_900);
    assert_eq!(closed(&mut world), []);
    world.advance(200);
    assert_eq!(closed(&mut world), [(1, CloseReason::HandshakeTimeout)]);
}

#[test]
fn keys_end_the_handshake() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    world.done(Command::ConnectTransport {
        transport: client.transport,
    });
    client.check(&mut world, true);
    client.set_keys(&mut world);
    world.advance(20_000);
    assert_eq!(closed(&mut world), []);
}

#[test]
fn a_client_that_falls_silent_is_gone_after_the_consent_time() {
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
fn a_transport_that_nobody_connects_stays() {
    let mut world = World::new();
    Client::new(&mut world, 1);
    world.advance(60_000);
    assert_eq!(closed(&mut world), []);
}
