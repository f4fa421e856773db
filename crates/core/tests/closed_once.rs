//! In any order of commands, each entity is announced as closed exactly once, and no entity is left.

use std::collections::BTreeMap;

use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};
use hubbub_core::api::{
    Command, ConsumerId, EncodingSpec, Event, IceCredentials, ProducerId, ProducerSpec, RouterId,
    TransportId,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    Transport(u8),
    Producer {
        transport: u8,
    },
    Consumer {
        transport: u8,
        producer: u64,
    },
    CloseTransport(u8),
    CloseProducer(u64),
    CloseConsumer(u64),
    Replace {
        producer: u64,
        successor: u64,
    },
    CloseRouter,
    /// A packet of the newest producer of client 1, whose transport stays open.
    Media,
    Wait,
}

fn operation() -> impl Strategy<Value = Operation> {
    let transport = || 2u8..6;
    let id = || 1u64..12;
    prop_oneof![
        4 => transport().prop_map(Operation::Transport),
        6 => (1u8..6).prop_map(|transport| Operation::Producer { transport }),
        8 => (transport(), id()).prop_map(|(transport, producer)| Operation::Consumer { transport, producer }),
        2 => transport().prop_map(Operation::CloseTransport),
        2 => id().prop_map(Operation::CloseProducer),
        2 => id().prop_map(Operation::CloseConsumer),
        4 => (id(), id()).prop_map(|(producer, successor)| Operation::Replace { producer, successor }),
        1 => Just(Operation::CloseRouter),
        3 => Just(Operation::Media),
        1 => Just(Operation::Wait),
    ]
}

/// The created entities by kind and id, and how often each was announced as closed.
#[derive(Default)]
struct ClosureLog(BTreeMap<(&'static str, u64), usize>);

impl ClosureLog {
    fn created(&mut self, kind: &'static str, id: u64) {
        assert_eq!(self.0.insert((kind, id), 0), None);
    }

    fn record(&mut self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            let closed = match event {
                Event::TransportClosed { transport, .. } => ("transport", transport.0),
                Event::ProducerClosed { producer, .. } => ("producer", producer.0),
                Event::ConsumerClosed { consumer, .. } => ("consumer", consumer.0),
                _ => continue,
            };
            *self.0.entry(closed).or_insert(100) += 1;
        }
    }

    fn open(&self, kind: &str) -> u64 {
        self.0
            .iter()
            .filter(|((of, _), closed)| *of == kind && **closed == 0)
            .count() as u64
    }
}

fn run(operations: Vec<Operation>) {
    let mut world = World::new();
    let mut first = Client::connected(&mut world, 1);
    let mut log = ClosureLog::default();
    log.created("transport", 1);
    // The current transport of each place. Ids are never reused.
    let mut places = BTreeMap::from([(1u8, 1u64)]);
    let (mut next, mut producers, mut consumers, mut sends) = (100u64, 0u64, 0u64, 0u32);
    for operation in operations {
        next += 1;
        match operation {
            Operation::Transport(place) => {
                let transport = TransportId(next);
                let ice = IceCredentials {
                    ufrag: format!("u{next}"),
                    pwd: "password".into(),
                };
                if world
                    .command(Command::CreateTransport {
                        transport,
                        router: ROUTER,
                        ice,
                    })
                    .is_ok()
                {
                    log.created("transport", next);
                    places.insert(place, next);
                }
            }
            Operation::Producer { transport } => {
                let (producer, ssrc) = (ProducerId(producers + 1), 1_000 * next as u32);
                let spec = ProducerSpec {
                    mid: Some(format!("m{next}")),
                    encodings: vec![EncodingSpec {
                        ssrc: Some(ssrc),
                        rtx_ssrc: None,
                        rid: None,
                    }],
                    ..video()
                };
                let transport = TransportId(places.get(&transport).copied().unwrap_or(0));
                if world
                    .command(Command::CreateProducer {
                        producer,
                        transport,
                        spec,
                    })
                    .is_ok()
                {
                    producers += 1;
                    log.created("producer", producers);
                    if transport == first.transport {
                        sends = ssrc;
                    }
                }
            }
            Operation::Consumer {
                transport,
                producer,
            } => {
                let (consumer, producer) = (ConsumerId(consumers + 1), ProducerId(producer));
                let transport = TransportId(places.get(&transport).copied().unwrap_or(0));
                let spec = video_consumer(1_000 * next as u32);
                if world
                    .command(Command::CreateConsumer {
                        consumer,
                        transport,
                        producer,
                        spec,
                    })
                    .is_ok()
                {
                    consumers += 1;
                    log.created("consumer", consumers);
                    let _ = world.command(Command::ResumeConsumer { consumer });
                }
            }
            Operation::CloseTransport(place) => {
                let transport = TransportId(places.get(&place).copied().unwrap_or(0));
                let _ = world.command(Command::CloseTransport { transport });
            }
            Operation::CloseProducer(id) => {
                let _ = world.command(Command::CloseProducer {
                    producer: ProducerId(id),
                });
            }
            Operation::CloseConsumer(id) => {
                let _ = world.command(Command::CloseConsumer {
                    consumer: ConsumerId(id),
                });
            }
            Operation::Replace {
                producer,
                successor,
            } => {
                let _ = world.command(Command::ReplaceProducer {
                    producer: ProducerId(producer),
                    successor: ProducerId(successor),
                });
            }
            Operation::CloseRouter => {
                // Closing another router affects nothing here.
                let router = RouterId(next);
                world.execute(Command::CreateRouter { router });
                world.execute(Command::CloseRouter { router });
            }
            Operation::Media => {
                let packet = Packet {
                    ssrc: sends,
                    ..vp8(next as u16, true)
                };
                first.send(&mut world, &packet.bytes());
            }
            Operation::Wait => world.advance(100),
        }
        log.record(&mut world.events);
        let now = world.worker.counters();
        assert_eq!(
            (now.faults, now.transports, now.producers, now.consumers),
            (
                0,
                log.open("transport"),
                log.open("producer"),
                log.open("consumer")
            )
        );
    }
    world.execute(Command::CloseRouter { router: ROUTER });
    log.record(&mut world.events);
    assert!(log.0.values().all(|closed| *closed == 1), "{:?}", log.0);
    let now = world.worker.counters();
    assert_eq!(
        (now.routers, now.transports, now.producers, now.consumers),
        (0, 0, 0, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_closure_is_announced_once(operations in prop::collection::vec(operation(), 1..120)) {
        run(operations);
    }
}
