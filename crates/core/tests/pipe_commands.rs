//! Commands about pipes: what they refuse, and what closes with what.

use hubbub_core::api::{
    CloseReason, Command, CommandError, ConsumerId, Event, PipeLink, ProducerId, TransportId,
};

use crate::common::media::vp8;
use crate::common::pipes::{PIPE, PIPE_SSRC, PIPED, PRODUCER, Pipe, TO_FAR, TO_ORIGIN, pipe_specs};
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};

/// What was closed since the last call, and why.
fn closed(world: &mut World) -> Vec<(&'static str, u64, CloseReason)> {
    let events = std::mem::take(&mut world.events);
    let closed = events.into_iter().filter_map(|event| match event {
        Event::TransportClosed { transport, reason } => Some(("transport", transport.0, reason)),
        Event::ProducerClosed { producer, reason } => Some(("producer", producer.0, reason)),
        Event::ConsumerClosed { consumer, reason } => Some(("consumer", consumer.0, reason)),
        _ => None,
    });
    closed.collect()
}

const REQUESTED: CloseReason = CloseReason::Requested;
const WITH_PRODUCER: CloseReason = CloseReason::ProducerClosed;
const WITH_TRANSPORT: CloseReason = CloseReason::TransportClosed;

#[test]
fn a_pipe_consumer_closes_with_its_producer() {
    let mut pipe = Pipe::new(video());
    pipe.origin
        .execute(Command::CloseProducer { producer: PRODUCER });
    assert_eq!(
        closed(&mut pipe.origin),
        [("consumer", 200, WITH_PRODUCER), ("producer", 1, REQUESTED)]
    );
}

#[test]
fn a_pipe_consumer_closes_with_its_pipe() {
    let mut pipe = Pipe::new(video());
    pipe.origin
        .execute(Command::CloseTransport { transport: PIPE });
    assert_eq!(
        closed(&mut pipe.origin),
        [
            ("consumer", 200, WITH_TRANSPORT),
            ("transport", 200, REQUESTED)
        ]
    );
    // The producer goes on without it.
    pipe.send([vp8(0, true)]);
    assert_eq!(pipe.origin.worker.counters().faults, 0);
    assert_eq!(pipe.origin.worker.counters().consumers, 0);
}

#[test]
fn a_pipe_producer_and_its_consumers_close_with_its_pipe() {
    let mut pipe = Pipe::new(video());
    let (_viewer, _) = pipe.watch(1, video_consumer(5000));
    closed(&mut pipe.far);
    pipe.far
        .execute(Command::CloseTransport { transport: PIPE });
    assert_eq!(
        closed(&mut pipe.far),
        [
            ("consumer", 1, WITH_PRODUCER),
            ("producer", 1, WITH_TRANSPORT),
            ("transport", 200, REQUESTED)
        ]
    );
    // What still arrives belongs to nobody.
    pipe.send([vp8(0, true)]);
    assert_eq!(pipe.far.worker.counters().dropped_unknown_address, 1);
}

#[test]
fn a_router_closes_its_pipes() {
    let mut pipe = Pipe::new(video());
    pipe.origin.execute(Command::CloseRouter { router: ROUTER });
    let all = closed(&mut pipe.origin);
    let piped: Vec<_> = all.iter().filter(|(_, id, _)| *id == 200).collect();
    assert_eq!(piped.len(), 2, "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn a_closed_pipe_consumer_sends_nothing_and_another_may_follow_it() {
    let mut pipe = Pipe::new(video());
    let (_viewer, _) = pipe.watch(1, video_consumer(5000));
    let close = Command::CloseConsumer { consumer: PIPED };
    pipe.origin.execute(close.clone());
    assert_eq!(closed(&mut pipe.origin), [("consumer", 200, REQUESTED)]);
    assert_eq!(pipe.origin.command(close), Err(CommandError::NotFound));
    pipe.send([vp8(0, true)]);
    assert_eq!(pipe.take_crossed(), []);
    // Without SRTP there is no nonce, so the same SSRCs may be used again.
    pipe.origin.execute(Command::CreatePipeConsumer {
        consumer: ConsumerId(201),
        transport: PIPE,
        producer: PRODUCER,
        spec: pipe_specs(&video()).0,
    });
    pipe.origin.execute(Command::SetPipedEncodings {
        consumer: ConsumerId(201),
        encodings: vec![true],
    });
    pipe.send([vp8(1, true)]);
    assert_eq!(pipe.take_crossed(), [(PIPE_SSRC, 1)]);
}

#[test]
fn wrong_commands_are_refused_and_change_nothing() {
    let mut pipe = Pipe::new(video());
    let (viewer, consumer) = pipe.watch(1, video_consumer(5000));
    let origin = &mut pipe.origin;
    let client = Client::connected(origin, 7);
    let other = produce(origin, client.transport, 2, simulcast());
    let create = |consumer: u64, transport, producer, spec| Command::CreatePipeConsumer {
        consumer: ConsumerId(consumer),
        transport,
        producer,
        spec,
    };
    let spec = || pipe_specs(&video()).0;
    let fresh = || {
        let mut spec = spec();
        spec.encodings[0].ssrc = 8000;
        spec.encodings[0].rtx_ssrc = Some(8001);
        spec
    };
    let mut twice = fresh();
    twice.encodings[0].rtx_ssrc = Some(8000);
    let mut three = pipe_specs(&simulcast()).0;
    let link = PipeLink::Worker { worker: 1, pair: 5 };
    let transport = |id, link: &PipeLink| Command::CreatePipeTransport {
        transport: TransportId(id),
        router: ROUTER,
        link: link.clone(),
    };
    let next = PipeLink::Worker { worker: 1, pair: 6 };
    let single = produce(origin, client.transport, 3, {
        let mut spec = video_of(hubbub_codec::Codec::Vp8, 120, 3000);
        spec.mid = Some("3".into());
        spec
    });
    let refusals = [
        (transport(201, &link), CommandError::AlreadyExists),
        (transport(200, &next), CommandError::AlreadyExists),
        (
            create(200, PIPE, other, three.clone()),
            CommandError::AlreadyExists,
        ),
        (
            create(201, PIPE, PRODUCER, fresh()),
            CommandError::AlreadyExists,
        ),
        (create(201, PIPE, other, fresh()), CommandError::InvalidSpec),
        (
            create(201, PIPE, other, three.clone()),
            CommandError::InvalidSpec,
        ),
        (create(201, PIPE, single, twice), CommandError::InvalidSpec),
        (
            create(201, client.transport, single, fresh()),
            CommandError::InvalidState,
        ),
        (
            create(201, TransportId(99), single, fresh()),
            CommandError::NotFound,
        ),
        (
            create(201, PIPE, ProducerId(99), fresh()),
            CommandError::NotFound,
        ),
        (
            Command::SetPipedEncodings {
                consumer: PIPED,
                encodings: vec![true; 2],
            },
            CommandError::InvalidSpec,
        ),
        (
            Command::PauseConsumer { consumer: PIPED },
            CommandError::InvalidState,
        ),
        (
            Command::CreateConsumer {
                consumer: ConsumerId(202),
                transport: PIPE,
                producer: PRODUCER,
                spec: video_consumer(9000),
            },
            CommandError::InvalidState,
        ),
        (
            Command::CreateConsumer {
                consumer: PIPED,
                transport: client.transport,
                producer: PRODUCER,
                spec: video_consumer(9000),
            },
            CommandError::AlreadyExists,
        ),
        (
            Command::ConnectTransport { transport: PIPE },
            CommandError::InvalidState,
        ),
    ];
    for (command, error) in refusals {
        assert_eq!(origin.command(command.clone()), Err(error), "{command:?}");
    }
    // SSRC 8000 was refused together with what came with it, so it is unused.
    origin.execute(create(201, PIPE, single, fresh()));
    for (index, encoding) in three.encodings.iter_mut().enumerate() {
        encoding.ssrc = 9000 + 2 * index as u32;
        encoding.rtx_ssrc = Some(encoding.ssrc + 1);
    }
    origin.execute(create(203, PIPE, other, three));
    // A pipe producer is known by its SSRCs alone.
    let mut learned = video();
    learned.mid = None;
    learned.encodings[0].ssrc = None;
    for spec in [learned, video()] {
        let refused = pipe.far.command(Command::CreateProducer {
            producer: ProducerId(9),
            transport: PIPE,
            spec,
        });
        assert_eq!(refused, Err(CommandError::InvalidSpec));
    }
    assert_eq!(
        pipe.far.command(Command::SetPipedEncodings {
            consumer,
            encodings: vec![true],
        }),
        Err(CommandError::InvalidState)
    );
    assert!(viewer.transport.0 > 0);
}

#[test]
fn garbage_from_a_ring_is_dropped() {
    let mut pipe = Pipe::new(video());
    for datagram in [
        &[][..],
        &[0x80],
        &[0x80; 12],
        &[0x80, 200, 0],
        &[0; 20],
        &[22, 254],
    ] {
        pipe.far.datagram(TO_ORIGIN, datagram);
        pipe.origin.datagram(TO_FAR, datagram);
    }
    let counters = pipe.far.worker.counters();
    assert_eq!((counters.faults, counters.packets_received), (0, 6));
}

#[test]
fn a_fault_in_a_packet_from_a_ring_closes_its_producer_and_not_the_pipes_of_others() {
    let mut pipe = Pipe::new(video());
    let (_viewer, _) = pipe.watch(1, video_consumer(5000));
    pipe.send([vp8(0, true)]);
    closed(&mut pipe.far);
    // Simulates a panic in the middle of the packet.
    pipe.far.datagram(TO_ORIGIN, &pipe.crossed[0].clone());
    pipe.far
        .worker
        .recover_from_panic("index out of bounds".into());
    pipe.far.advance(10);
    assert_eq!(
        closed(&mut pipe.far),
        [
            ("consumer", 1, WITH_PRODUCER),
            ("producer", 1, CloseReason::Internal)
        ]
    );
    // What is not of one producer closes the pipe.
    pipe.far.datagram(TO_ORIGIN, &[0x80, 200, 0, 0]);
    pipe.far
        .worker
        .recover_from_panic("index out of bounds".into());
    pipe.far.advance(10);
    assert_eq!(
        closed(&mut pipe.far),
        [("transport", 200, CloseReason::Internal)]
    );
    assert_eq!(pipe.origin.worker.counters().faults, 0);
}
