//! Commands that are refused change nothing.

use crate::common::specs::*;
use crate::common::{Client, PROFILE, ROUTER, World};
use hubbub_core::WorkerConfig;
use hubbub_core::api::{
    Command, CommandError, ConsumerId, ConsumerSpec, EncodingSpec, IceCredentials, ProducerId,
    ProducerSpec, RouterId, TransportId,
};

fn create_transport(number: u64, router: RouterId, ufrag: &str) -> Command {
    let ice = IceCredentials {
        ufrag: ufrag.into(),
        pwd: "a long enough password".into(),
    };
    Command::CreateTransport {
        transport: TransportId(number),
        router,
        ice,
    }
}

fn create_producer(number: u64, transport: TransportId, spec: ProducerSpec) -> Command {
    Command::CreateProducer {
        producer: ProducerId(number),
        transport,
        spec,
    }
}

fn create_consumer(number: u64, transport: TransportId, spec: ConsumerSpec) -> Command {
    Command::CreateConsumer {
        consumer: ConsumerId(number),
        transport,
        producer: ProducerId(1),
        spec,
    }
}

#[test]
fn an_ssrc_is_never_used_twice_on_a_transport() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    let transport = client.transport;
    let producer = produce(&mut world, transport, 1, video());
    consume(&mut world, transport, producer, 1, video_consumer(5000));
    world.execute(Command::CloseConsumer {
        consumer: ConsumerId(1),
    });
    // The SSRC itself, and that of its RTX stream.
    for ssrc in [5000, 5001, 4999] {
        let refused = world.command(create_consumer(2, transport, video_consumer(ssrc)));
        assert_eq!(refused, Err(CommandError::InvalidSpec), "SSRC {ssrc}");
    }
    world.execute(create_consumer(2, transport, video_consumer(5002)));
}

#[test]
fn keys_can_be_set_once() {
    let mut world = World::new();
    let client = Client::connected(&mut world, 1);
    let material = vec![0; PROFILE.key_len() + PROFILE.salt_len()];
    let again = Command::SetSrtpKeys {
        transport: client.transport,
        profile: PROFILE,
        outbound: material.clone(),
        inbound: material,
    };
    assert_eq!(world.command(again), Err(CommandError::InvalidState));
}

#[test]
fn keys_of_a_wrong_length_are_refused() {
    let mut world = World::new();
    let client = Client::new(&mut world, 1);
    let keys = |outbound: usize, inbound: usize| Command::SetSrtpKeys {
        transport: client.transport,
        profile: PROFILE,
        outbound: vec![0; outbound],
        inbound: vec![0; inbound],
    };
    assert_eq!(world.command(keys(28, 27)), Err(CommandError::InvalidSpec));
    world.execute(keys(28, 28));
}

#[test]
fn producers_of_a_transport_do_not_share_mids_or_ssrcs() {
    let mut world = World::new();
    let transport = Client::new(&mut world, 1).transport;
    produce(&mut world, transport, 1, video());
    let other_mid = ProducerSpec {
        mid: Some("1".into()),
        ..video()
    };
    let other_ssrcs = ProducerSpec {
        encodings: vec![EncodingSpec {
            ssrc: Some(9),
            ..EncodingSpec::default()
        }],
        ..video()
    };
    for spec in [other_mid, other_ssrcs] {
        assert_eq!(
            world.command(create_producer(2, transport, spec)),
            Err(CommandError::InvalidSpec)
        );
    }
}

#[test]
fn invalid_specs_are_refused() {
    let mut world = World::new();
    let transport = Client::new(&mut world, 1).transport;
    let rid = |rid: &str| EncodingSpec {
        rid: Some(rid.into()),
        ..EncodingSpec::default()
    };
    let twice = EncodingSpec {
        ssrc: Some(5),
        rtx_ssrc: Some(5),
        rid: None,
    };
    let wide = {
        let mut spec = video();
        spec.codecs[0].payload_type = 128;
        spec
    };
    let bad = [
        ProducerSpec {
            encodings: Vec::new(),
            ..video()
        },
        ProducerSpec {
            encodings: vec![rid("a"), rid("a")],
            ..video()
        },
        ProducerSpec {
            encodings: vec![rid("a"), EncodingSpec::default()],
            ..video()
        },
        ProducerSpec {
            encodings: vec![twice],
            ..video()
        },
        ProducerSpec {
            codecs: Vec::new(),
            ..video()
        },
        ProducerSpec {
            codecs: [video().codecs, video().codecs].concat(),
            ..video()
        },
        ProducerSpec {
            extensions: [video().extensions, video().extensions].concat(),
            ..video()
        },
        wide,
    ];
    for spec in bad {
        assert_eq!(
            world.command(create_producer(1, transport, spec.clone())),
            Err(CommandError::InvalidSpec),
            "{spec:?}"
        );
    }
    assert_eq!(world.worker.counters().producers, 0);
}

#[test]
fn a_consumer_needs_a_producer_of_its_router_and_kind() {
    let mut world = World::new();
    let one = Client::new(&mut world, 1).transport;
    produce(&mut world, one, 1, video());
    world.execute(Command::CreateRouter {
        router: RouterId(2),
    });
    world.execute(create_transport(2, RouterId(2), "elsewhere"));
    let refused = world.command(create_consumer(1, TransportId(2), video_consumer(5000)));
    assert_eq!(refused, Err(CommandError::InvalidState));
    let of_another_kind = world.command(create_consumer(1, one, audio_consumer(5000)));
    assert_eq!(of_another_kind, Err(CommandError::InvalidSpec));
}

#[test]
fn ids_and_ufrags_are_unique_and_the_number_of_transports_is_limited() {
    let mut world = World::with(WorkerConfig {
        max_transports: 2,
        ..World::config()
    });
    world.execute(create_transport(1, ROUTER, "first"));
    let taken = [
        Command::CreateRouter { router: ROUTER },
        create_transport(1, ROUTER, "other"),
        create_transport(2, ROUTER, "first"),
    ];
    for command in taken {
        assert_eq!(world.command(command), Err(CommandError::AlreadyExists));
    }
    world.execute(create_transport(2, ROUTER, "second"));
    assert_eq!(
        world.command(create_transport(3, ROUTER, "third")),
        Err(CommandError::LimitReached)
    );
    assert_eq!(
        world.command(create_transport(3, RouterId(9), "third")),
        Err(CommandError::NotFound)
    );
    world.execute(Command::CloseTransport {
        transport: TransportId(1),
    });
    world.execute(create_transport(3, ROUTER, "first"));
}
