//! What closes what, row by row of the table in `worker/close.rs`: each is announced once, before the reply.

mod common;

use common::specs::*;
use common::{Client, ROUTER, World, path_from};
use hubbub_core::api::{
    CloseReason, Command, CommandError, ConsumerId, Event, ProducerId, RouterId, TransportId,
};

/// Transport 1 produces; 2 consumes it twice; 1 consumes itself.
struct Scene {
    world: World,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new();
        let one = Client::connected(&mut world, 1).transport;
        let two = Client::connected(&mut world, 2).transport;
        let producer = produce(&mut world, one, 1, video());
        consume(&mut world, two, producer, 1, video_consumer(5000));
        consume(&mut world, two, producer, 2, video_consumer(6000));
        consume(&mut world, one, producer, 3, video_consumer(7000));
        world.events.clear();
        Self { world }
    }

    fn after(&mut self, command: Command) -> &[Event] {
        self.world.done(command);
        &self.world.events
    }
}

fn consumer(number: u64, reason: CloseReason) -> Event {
    Event::ConsumerClosed {
        consumer: ConsumerId(number),
        reason,
    }
}

fn producer(reason: CloseReason) -> Event {
    Event::ProducerClosed {
        producer: ProducerId(1),
        reason,
    }
}

fn transport(number: u64, reason: CloseReason) -> Event {
    Event::TransportClosed {
        transport: TransportId(number),
        reason,
    }
}

#[test]
fn a_consumer_closes_alone() {
    let events = Scene::new()
        .after(Command::CloseConsumer {
            consumer: ConsumerId(1),
        })
        .to_vec();
    assert_eq!(events, [consumer(1, CloseReason::Requested)]);
}

#[test]
fn a_producer_takes_its_consumers_with_it() {
    let mut scene = Scene::new();
    let events = scene.after(Command::CloseProducer {
        producer: ProducerId(1),
    });
    let expected = [
        consumer(1, CloseReason::ProducerClosed),
        consumer(2, CloseReason::ProducerClosed),
        consumer(3, CloseReason::ProducerClosed),
        producer(CloseReason::Requested),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_transport_takes_its_producers_and_their_consumers_elsewhere() {
    let mut scene = Scene::new();
    let events = scene.after(Command::CloseTransport {
        transport: TransportId(1),
    });
    let expected = [
        consumer(1, CloseReason::ProducerClosed),
        consumer(2, CloseReason::ProducerClosed),
        consumer(3, CloseReason::ProducerClosed),
        producer(CloseReason::TransportClosed),
        transport(1, CloseReason::Requested),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_transport_takes_its_consumers() {
    let mut scene = Scene::new();
    let events = scene.after(Command::CloseTransport {
        transport: TransportId(2),
    });
    let expected = [
        consumer(1, CloseReason::TransportClosed),
        consumer(2, CloseReason::TransportClosed),
        transport(2, CloseReason::Requested),
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_router_takes_everything_in_it_and_nothing_else() {
    let mut scene = Scene::new();
    scene.world.done(Command::CreateRouter {
        router: RouterId(2),
    });
    let events = scene.after(Command::CloseRouter { router: ROUTER });
    let expected = [
        consumer(1, CloseReason::ProducerClosed),
        consumer(2, CloseReason::ProducerClosed),
        consumer(3, CloseReason::ProducerClosed),
        producer(CloseReason::TransportClosed),
        transport(1, CloseReason::RouterClosed),
        transport(2, CloseReason::RouterClosed),
    ];
    assert_eq!(events, expected);
    let counters = scene.world.worker.counters();
    assert_eq!(
        (
            counters.routers,
            counters.transports,
            counters.producers,
            counters.consumers
        ),
        (1, 0, 0, 0)
    );
}

#[test]
fn what_is_closed_is_not_found_any_more() {
    let mut scene = Scene::new();
    scene.world.done(Command::CloseTransport {
        transport: TransportId(1),
    });
    let refused = [
        Command::CloseTransport {
            transport: TransportId(1),
        },
        Command::CloseProducer {
            producer: ProducerId(1),
        },
        Command::ResumeConsumer {
            consumer: ConsumerId(1),
        },
    ];
    for command in refused {
        assert_eq!(scene.world.command(command), Err(CommandError::NotFound));
    }
}

#[test]
fn a_fault_closes_what_was_at_work_and_nothing_else() {
    let mut scene = Scene::new();
    let now = scene.world.now;
    // As if it had panicked in the middle of a datagram of the second client: its own traces tell.
    scene.world.datagram(path_from(4002), &[22, 1]);
    scene.world.events.clear();
    scene
        .world
        .worker
        .contain(now, "index out of bounds".into());
    let events: Vec<Event> = scene.world.worker.drain_events().collect();
    let expected = [
        consumer(1, CloseReason::TransportClosed),
        consumer(2, CloseReason::TransportClosed),
        transport(2, CloseReason::Internal),
        Event::Fault {
            message: "index out of bounds".into(),
        },
    ];
    assert_eq!(events, expected);
}
