//! Transports that never connect, and those whose client falls silent.

use crate::common::{Client, World};
use hubbub_core::api::{CloseReason, Command, Event, IceState};

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

/// The ICE states of the client's transport since the last call.
fn ice_states(world: &mut World) -> Vec<IceState> {
    std::mem::take(&mut world.events)
        .iter()
        .filter_map(|event| match event {
            Event::IceSelected { state, .. } => Some(*state),
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
fn a_client_is_disconnected_after_8_s_of_silence_until_its_next_packet() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    client.check(&mut world, false);
    ice_states(&mut world);
    world.advance(7_900);
    assert_eq!(ice_states(&mut world), []);
    world.advance(200);
    assert_eq!(ice_states(&mut world), [IceState::Disconnected]);
    world.advance(1_000);
    assert_eq!(ice_states(&mut world), []);
    client.check(&mut world, false);
    world.advance(20);
    assert_eq!(ice_states(&mut world), [IceState::Connected]);
}

#[test]
fn a_transport_without_connect_stays_open() {
    let mut world = World::new();
    Client::new(&mut world, 1);
    world.advance(60_000);
    assert_eq!(closed(&mut world), []);
}
