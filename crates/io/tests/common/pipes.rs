//! Two workers, of one process or of two nodes, and pipes between them.

use std::net::SocketAddr;

use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, EncodingSpec, Event, ExtensionMapping, FeedbackKind,
    IceCredentials, IceState, MediaKind, PipeConsumerSpec, PipeLink, PipedEncodingSpec, ProducerId,
    ProducerSpec, TransportId,
};

use hubbub_wire::ExtensionKind;

use super::{Node, PROFILE, ROUTER};

const PAIR: u32 = 9;

/// The pipe transport between two workers, by their indices, has this id in both.
pub fn between(one: usize, other: usize) -> TransportId {
    TransportId(1 << 40 | (one.min(other) << 8 | one.max(other)) as u64)
}

/// Joins two workers by a pipe transport.
pub fn join(nodes: &mut [Node]) {
    for (index, other) in [(0, 1), (1, 0)] {
        nodes[index].done(Command::CreatePipeTransport {
            transport: between(0, 1),
            router: ROUTER,
            link: PipeLink::Worker {
                worker: other,
                pair: PAIR,
            },
        });
    }
}

/// Joins the first two workers, which are of different nodes, by a pipe transport, each of which reaches the other at an address.
/// Waits until it is connected.
pub fn join_nodes(nodes: &mut [Node], reached_at: [SocketAddr; 2]) {
    join_two_nodes(nodes, (0, 1), reached_at);
}

/// Joins each two workers, which are of different nodes.
pub fn join_all_nodes(nodes: &mut [Node]) {
    for one in 0..nodes.len() {
        for other in one + 1..nodes.len() {
            let reached_at = [nodes[one].worker.address(), nodes[other].worker.address()];
            join_two_nodes(nodes, (one, other), reached_at);
        }
    }
}

fn join_two_nodes(nodes: &mut [Node], (one, other): (usize, usize), reached_at: [SocketAddr; 2]) {
    let transport = between(one, other);
    let ice = |here: usize, there: usize| IceCredentials {
        ufrag: format!("fragment of the side {here} to {there}"),
        pwd: format!("password of the side {here} to {there}"),
    };
    let keys = |side: u8| vec![side; PROFILE.key_len() + PROFILE.salt_len()];
    for (here, there, remote, ours, theirs) in [
        (one, other, reached_at[1], 1, 2),
        (other, one, reached_at[0], 2, 1),
    ] {
        nodes[here].done(Command::CreatePipeTransport {
            transport,
            router: ROUTER,
            link: PipeLink::Node {
                ice: ice(here, there),
                remote_ice: ice(there, here),
                remote,
                local: None,
            },
        });
        nodes[here].done(Command::SetSrtpKeys {
            transport,
            profile: PROFILE,
            outbound: keys(ours),
            inbound: keys(theirs),
        });
    }
    for node in [one, other] {
        let state = await_state_of(&mut nodes[node], transport);
        assert_eq!(state, IceState::Connected);
    }
}

/// Waits for the next change of the state of the link between the first two workers.
pub fn await_state(node: &mut Node) -> IceState {
    await_state_of(node, between(0, 1))
}

fn await_state_of(node: &mut Node, link: TransportId) -> IceState {
    loop {
        let changed = node.events.iter().position(
            |event| matches!(event, Event::IceSelected { transport, .. } if *transport == link),
        );
        if let Some(at) = changed
            && let Event::IceSelected { state, .. } = node.events.remove(at)
        {
            return state;
        }
        node.await_events();
    }
}

/// Carries a producer with one encoding from one worker to another, where it gets the same id.
pub fn carry(
    nodes: &mut [Node],
    (from, to): (usize, usize),
    producer: ProducerId,
    kind: MediaKind,
    codec: CodecMapping,
    extensions: &[ExtensionMapping],
) {
    let transport = between(from, to);
    let consumer = ConsumerId(producer.0 | 1 << 62 | (to as u64) << 56);
    let has_feedback = extensions
        .iter()
        .any(|extension| extension.kind == ExtensionKind::TransportCc);
    let encoding = PipedEncodingSpec {
        ssrc: 2 * producer.0 as u32,
        rtx_ssrc: codec.rtx_payload_type.map(|_| 2 * producer.0 as u32 + 1),
    };
    nodes[from].done(Command::CreatePipeConsumer {
        consumer,
        transport,
        producer,
        spec: PipeConsumerSpec {
            kind,
            codecs: vec![codec.clone()],
            extensions: extensions.to_vec(),
            encodings: vec![encoding],
            cname: "someone".into(),
        },
    });
    nodes[to].done(Command::CreateProducer {
        producer,
        transport,
        spec: ProducerSpec {
            kind,
            mid: None,
            codecs: vec![codec],
            extensions: extensions.to_vec(),
            encodings: vec![EncodingSpec {
                ssrc: Some(encoding.ssrc),
                rtx_ssrc: encoding.rtx_ssrc,
                rid: None,
            }],
            feedback: if has_feedback {
                FeedbackKind::TransportCc
            } else {
                FeedbackKind::None
            },
            paused: false,
            is_microphone: true,
        },
    });
    nodes[from].done(Command::SetPipedEncodings {
        consumer,
        encodings: vec![true],
    });
}
