//! A large room closes in steps, between which the worker serves other rooms.

use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};
use hubbub_core::api::{
    Command, CommandError, ConsumerId, Event, IceCredentials, RouterId, TransportId,
};

const PEOPLE: u64 = 60;
const REQUEST: u64 = 1 << 40;

/// A room in which everybody consumes everybody.
fn large_room() -> World {
    let mut world = World::new();
    for number in 1..=PEOPLE {
        let ice = IceCredentials {
            ufrag: format!("ufrag{number}"),
            pwd: "password".into(),
        };
        world.execute(Command::CreateTransport {
            transport: TransportId(number),
            router: ROUTER,
            ice,
        });
        produce(&mut world, TransportId(number), number, video());
    }
    for receiver in 1..=PEOPLE {
        for producer in (1..=PEOPLE).filter(|producer| *producer != receiver) {
            let consumer = 1_000 * receiver + producer;
            world.execute(Command::CreateConsumer {
                consumer: ConsumerId(consumer),
                transport: TransportId(receiver),
                producer: hubbub_core::api::ProducerId(producer),
                spec: video_consumer(10_000 + 2 * producer as u32),
            });
        }
    }
    world.events.clear();
    world
}

fn closures(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| !matches!(event, Event::Reply { .. }))
        .count()
}

#[test]
fn one_step_closes_a_limited_number_of_entities_and_the_reply_comes_last() {
    let mut world = large_room();
    let close = Command::CloseRouter { router: ROUTER };
    world.worker.handle_command(world.now, REQUEST, close);
    let mut steps = Vec::new();
    let reply = loop {
        let events: Vec<_> = world.worker.drain_events().collect();
        steps.push(closures(&events));
        if let Some(Event::Reply { request, result }) = events.last() {
            break (*request, result.is_ok());
        }
        assert_eq!(world.worker.counters().routers, 1);
        assert!(
            world
                .worker
                .next_deadline()
                .is_some_and(|at| at <= world.now)
        );
        world.worker.handle_timeout(world.now);
    };
    assert_eq!(reply, (REQUEST, true));
    // Transports, producers, consumers.
    assert_eq!(steps.iter().sum::<usize>() as u64, PEOPLE * (PEOPLE + 1));
    // A step ends with the transport that exceeds the limit.
    assert!(steps.iter().all(|closed| *closed < 1_200), "{steps:?}");
    let counters = world.worker.counters();
    assert_eq!(
        (
            counters.routers,
            counters.transports,
            counters.producers,
            counters.consumers
        ),
        (0, 0, 0, 0)
    );
    assert_eq!(world.worker.next_deadline(), None);
}

#[test]
fn other_rooms_are_served_between_the_steps() {
    let mut world = large_room();
    let other = RouterId(2);
    world.execute(Command::CreateRouter { router: other });
    let close = Command::CloseRouter { router: ROUTER };
    world.worker.handle_command(world.now, REQUEST, close);
    // The router is gone for new commands; its id can be used again.
    assert_eq!(
        world.command(Command::CloseRouter { router: ROUTER }),
        Err(CommandError::NotFound)
    );
    world.execute(Command::CreateRouter { router: ROUTER });
    let mut sender = Client::connected(&mut world, 101);
    let mut receiver = Client::connected(&mut world, 102);
    let producer = produce(&mut world, sender.transport, 1_001, video());
    let spec = video_consumer(5_000);
    consume_running(&mut world, receiver.transport, producer, 1, spec);
    sender.send(&mut world, &vp8(1, true).bytes());
    assert_eq!(receiver.take_rtp(&mut world).len(), 1);
    let is_reply = |event: &Event| {
        matches!(
            event,
            Event::Reply {
                request: REQUEST,
                ..
            }
        )
    };
    assert!(!world.events.iter().any(is_reply));
    world.advance(100);
    assert!(world.events.iter().any(is_reply));
    assert_eq!(world.worker.counters().transports, 2);
}
