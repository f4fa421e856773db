//! Whatever is made and closed in whatever order: each thing is announced once, and nothing is left behind.

mod common;

use std::collections::BTreeMap;

use common::media::{Packet, vp8};
use common::specs::*;
use common::{Client, ROUTER, World};
use hubbub_core::api::{
    Command, ConsumerId, EncodingSpec, Event, IceCredentials, ProducerId, ProducerSpec, RouterId,
    TransportId,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
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
    CloseRouter,
    /// A packet of the producer that was made last on client 1, who stays.
    Media,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let transport = || 2u8..6;
    let id = || 1u64..12;
    prop_oneof![
        4 => transport().prop_map(Step::Transport),
        6 => (1u8..6).prop_map(|transport| Step::Producer { transport }),
        8 => (transport(), id()).prop_map(|(transport, producer)| Step::Consumer { transport, producer }),
        2 => transport().prop_map(Step::CloseTransport),
        2 => id().prop_map(Step::CloseProducer),
        2 => id().prop_map(Step::CloseConsumer),
        1 => Just(Step::CloseRouter),
        3 => Just(Step::Media),
        1 => Just(Step::Wait),
    ]
}

/// What was made and how often each was said to be closed, by kind and id.
#[derive(Default)]
struct Ledger(BTreeMap<(&'static str, u64), usize>);

impl Ledger {
    fn made(&mut self, kind: &'static str, id: u64) {
        assert_eq!(self.0.insert((kind, id), 0), None);
    }

    fn note(&mut self, events: &mut Vec<Event>) {
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

fn run(steps: Vec<Step>) {
    let mut world = World::new();
    let mut first = Client::connected(&mut world, 1);
    let mut ledger = Ledger::default();
    ledger.made("transport", 1);
    // Ids are used once: each transport has the number of its turn behind that of its place.
    let mut places = BTreeMap::from([(1u8, 1u64)]);
    let (mut next, mut producers, mut consumers, mut sends) = (100u64, 0u64, 0u64, 0u32);
    for step in steps {
        next += 1;
        match step {
            Step::Transport(place) => {
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
                    ledger.made("transport", next);
                    places.insert(place, next);
                }
            }
            Step::Producer { transport } => {
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
                    ledger.made("producer", producers);
                    if transport == first.transport {
                        sends = ssrc;
                    }
                }
            }
            Step::Consumer {
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
                    ledger.made("consumer", consumers);
                    let _ = world.command(Command::ResumeConsumer { consumer });
                }
            }
            Step::CloseTransport(place) => {
                let transport = TransportId(places.get(&place).copied().unwrap_or(0));
                let _ = world.command(Command::CloseTransport { transport });
            }
            Step::CloseProducer(id) => {
                let _ = world.command(Command::CloseProducer {
                    producer: ProducerId(id),
                });
            }
            Step::CloseConsumer(id) => {
                let _ = world.command(Command::CloseConsumer {
                    consumer: ConsumerId(id),
                });
            }
            Step::CloseRouter => {
                // Another router's end is none of ours.
                let router = RouterId(next);
                world.done(Command::CreateRouter { router });
                world.done(Command::CloseRouter { router });
            }
            Step::Media => {
                let packet = Packet {
                    ssrc: sends,
                    ..vp8(next as u16, true)
                };
                first.send(&mut world, &packet.bytes());
            }
            Step::Wait => world.advance(100),
        }
        ledger.note(&mut world.events);
        let now = world.worker.counters();
        assert_eq!(
            (now.transports, now.producers, now.consumers),
            (
                ledger.open("transport"),
                ledger.open("producer"),
                ledger.open("consumer")
            )
        );
    }
    world.done(Command::CloseRouter { router: ROUTER });
    ledger.note(&mut world.events);
    assert!(
        ledger.0.values().all(|closed| *closed == 1),
        "{:?}",
        ledger.0
    );
    let now = world.worker.counters();
    assert_eq!(
        (now.routers, now.transports, now.producers, now.consumers),
        (0, 0, 0, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_closure_is_announced_once(steps in prop::collection::vec(step(), 1..120)) {
        run(steps);
    }
}
