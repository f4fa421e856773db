//! The close cascade, row by row of the table in `worker/close.rs`: each closure is announced once, before the reply.

use crate::common::specs::*;
use crate::common::{Client, ROUTER, World, path_from};
use hubbub_core::api::{
    CloseReason, Command, CommandError, ConsumerId, Event, ProducerId, RouterId, TransportId,
};

/// Transport 1 has a producer. Transport 2 consumes it twice, transport 1 once.
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
        self.world.execute(command);
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
fn closing_a_consumer_closes_nothing_else() {
    let events = Scene::new()
        .after(Command::CloseConsumer {
            consumer: ConsumerId(1),
        })
        .to_vec();
    assert_eq!(events, [consumer(1, CloseReason::Requested)]);
}

#[test]
fn closing_a_producer_closes_its_consumers() {
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
fn closing_a_transport_closes_its_producers_and_their_consumers_on_any_transport() {
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
fn closing_a_transport_closes_its_consumers() {
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
fn closing_a_router_closes_everything_in_it_and_nothing_else() {
    let mut scene = Scene::new();
    scene.world.execute(Command::CreateRouter {
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
fn closed_entities_are_not_found() {
    let mut scene = Scene::new();
    scene.world.execute(Command::CloseTransport {
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
fn recovery_from_a_panic_closes_what_was_in_flight_and_nothing_else() {
    let mut scene = Scene::new();
    // Simulates a panic in the middle of a datagram from the second client.
    scene.world.datagram(path_from(4002), &[22, 1]);
    scene.world.events.clear();
    scene
        .world
        .worker
        .recover_from_panic("index out of bounds".into());
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
