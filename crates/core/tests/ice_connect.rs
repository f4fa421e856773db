//! The addresses that may send to a transport, and the address that it sends to.

use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, World, path_from};
use hubbub_core::api::{Command, Event, IceCredentials, IceState, Path};
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole, StunClass, StunMessage};

fn selected(events: &[Event]) -> Vec<Path> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::IceSelected {
                local,
                remote,
                protocol,
                state: IceState::Connected,
                ..
            } => Some(Path {
                local: *local,
                remote: *remote,
                protocol: *protocol,
            }),
            _ => None,
        })
        .collect()
}

#[test]
fn a_valid_check_is_answered_and_selects_its_pair() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    let request = client.request(&client.ice.clone(), true);
    world.datagram(client.path, &request);
    let sent = world.take_sent(client.path);
    let answer = StunMessage::parse(&sent[0]).expect("STUN");
    assert_eq!(
        (answer.class(), answer.mapped_address()),
        (StunClass::SuccessResponse, Some(client.path.remote))
    );
    answer
        .verify_integrity(&IceKey::new(&client.ice.pwd))
        .expect("integrity");
    assert!(
        sent[0].len() <= request.len(),
        "the response is longer than its request"
    );
    assert_eq!(selected(&world.events), [client.path]);
}

/// The same remote address, at another local address.
fn at_other_local_address(path: Path) -> Path {
    Path {
        local: [192, 0, 2, 1].into(),
        ..path
    }
}

#[test]
fn a_response_uses_the_pair_of_its_request() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    let first = client.path;
    let second = at_other_local_address(first);
    for path in [first, second] {
        client.path = path;
        client.check(&mut world, false);
        assert_eq!(world.take_sent(path).len(), 1);
        assert_eq!(world.sent, []);
    }
}

#[test]
fn a_client_is_valid_only_at_the_local_address_that_it_checked() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let second = at_other_local_address(client.path);
    world.events.clear();
    world.datagram(second, &[22, 1]);
    assert_eq!(world.events, []);
    assert_eq!(world.worker.counters().dropped_unknown_address, 1);
    client.path = second;
    client.check(&mut world, false);
    world.datagram(second, &[22, 1]);
    assert!(matches!(
        world.events.last(),
        Some(Event::DtlsReceived { .. })
    ));
}

#[test]
fn media_is_sent_over_the_selected_pair_only() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    let spec = video_consumer(5000);
    consume_running(&mut world, receiver.transport, producer, 1, spec);
    let first = receiver.path;
    receiver.path = at_other_local_address(first);
    receiver.check(&mut world, true);
    world.take_sent(receiver.path);
    assert_eq!(selected(&world.events).last(), Some(&receiver.path));
    sender.send(&mut world, &vp8(10, true).bytes());
    assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    assert_eq!(world.take_sent(first).len(), 0);
}

#[test]
fn a_check_with_wrong_password_or_ufrag_is_dropped() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    let wrong_password = IceCredentials {
        pwd: "the wrong password".into(),
        ..client.ice.clone()
    };
    let wrong_ufrag = IceCredentials {
        ufrag: "stranger".into(),
        ..client.ice.clone()
    };
    for ice in [wrong_password, wrong_ufrag] {
        let request = client.request(&ice, true);
        world.datagram(client.path, &request);
    }
    assert_eq!((world.sent.len(), world.events.len()), (0, 0));
    assert_eq!(world.worker.counters().dropped_stun, 2);
}

#[test]
fn a_client_in_controlled_role_gets_a_role_conflict() {
    let mut world = World::new();
    let client = Client::new(&mut world, 1);
    let request = BindingRequest {
        transaction_id: [1; 12],
        username: "ufrag1:theirs",
        priority: 1,
        use_candidate: false,
        role: IceRole::Controlled(1),
    };
    let mut buffer = [0; 200];
    let len = request
        .write(&mut buffer, &IceKey::new(&client.ice.pwd))
        .expect("buffer is large enough");
    world.datagram(client.path, &buffer[..len]);
    let sent = world.take_sent(client.path);
    let answer = StunMessage::parse(&sent[0]).expect("STUN");
    assert_eq!(answer.error_code(), Some(487));
    assert_eq!(selected(&world.events), []);
}

#[test]
fn dtls_and_media_from_an_unknown_address_are_dropped_and_counted() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    produce(&mut world, client.transport, 1, video());
    let stranger = path_from(9);
    let media = client.protect(&vp8(10, true).bytes());
    world.events.clear();
    world.datagram(stranger, &[22, 254, 253, 0]);
    world.datagram(stranger, &media);
    assert_eq!((world.sent.len(), world.events.len()), (0, 0));
    assert_eq!(world.worker.counters().dropped_unknown_address, 2);
}

#[test]
fn dtls_passes_in_both_directions() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    let transport = client.transport;
    world.execute(Command::SendDtls {
        transport,
        datagram: vec![22, 1],
    });
    assert_eq!(world.sent, []);
    client.check(&mut world, true);
    assert_eq!(world.take_sent(client.path)[1], [22, 1]);
    world.execute(Command::SendDtls {
        transport,
        datagram: vec![22, 2],
    });
    assert_eq!(world.take_sent(client.path), [[22, 2]]);
    world.datagram(client.path, &[22, 3]);
    assert_eq!(
        world.events.last(),
        Some(&Event::DtlsReceived {
            transport,
            datagram: vec![22, 3]
        })
    );
}

#[test]
fn dtls_is_rate_limited_even_when_events_are_drained() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    let mut raised = 0;
    for _ in 0..1000 {
        world
            .worker
            .handle_datagram(world.now, client.path, &mut [22, 254, 253]);
        raised += world.worker.drain_events().count() as u64;
    }
    assert!((64..=256).contains(&raised), "{raised} went up");
    assert_eq!(world.worker.counters().dropped_dtls, 1000 - raised);
    world.advance(1000);
    world.datagram(client.path, &[22, 254, 253]);
    assert!(matches!(
        world.events.last(),
        Some(Event::DtlsReceived { .. })
    ));
}

#[test]
fn changes_of_the_selected_pair_raise_one_event_until_it_is_drained() {
    let mut world = World::new();
    let mut client = Client::new(&mut world, 1);
    let request = client.request(&client.ice.clone(), true);
    for port in [5001, 5002].repeat(500) {
        world
            .worker
            .handle_datagram(world.now, path_from(port), &mut request.clone());
    }
    let events: Vec<_> = world.worker.drain_events().collect();
    assert_eq!(selected(&events), [path_from(5002)]);
    world.datagram(path_from(5001), &request);
    assert_eq!(selected(&world.events), [path_from(5001)]);
}

#[test]
fn an_ice_restart_keeps_both_ufrags_until_the_new_one_is_used() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let former = client.ice.clone();
    let ice = IceCredentials {
        ufrag: "ufrag-new".into(),
        pwd: "the new password".into(),
    };
    world.execute(Command::RestartIce {
        transport: client.transport,
        ice: ice.clone(),
    });
    client.check(&mut world, true);
    assert_eq!(world.take_sent(client.path).len(), 1);
    client.path.remote.set_port(7777);
    client.ice = ice;
    world.events.clear();
    client.check(&mut world, true);
    assert_eq!(selected(&world.events), [client.path]);
    world.take_sent(client.path);
    let stale = client.request(&former, true);
    world.datagram(client.path, &stale);
    assert_eq!(world.take_sent(client.path).len(), 0);
}

#[test]
fn the_number_of_pairs_of_a_transport_is_limited() {
    let mut world = World::new();
    let mut client = Client::connected(&mut world, 1);
    let home = client.path;
    for port in 10_000..10_100 {
        client.path.remote.set_port(port);
        client.check(&mut world, false);
    }
    world.events.clear();
    for port in 10_000..10_100 {
        world.datagram(path_from(port), &[22, 1]);
    }
    assert_eq!(world.events.len(), 15);
    world.datagram(home, &[22, 1]);
    assert_eq!(world.events.len(), 16);
}
