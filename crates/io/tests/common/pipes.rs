//! Two workers, of one process or of two nodes, and pipes between them.

use std::net::SocketAddr;

use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, EncodingSpec, Event, ExtensionMapping, FeedbackKind,
    IceCredentials, IceState, MediaKind, PipeConsumerSpec, PipeLink, PipedEncodingSpec, ProducerId,
    ProducerSpec, TransportId,
};

use hubbub_wire::ExtensionKind;

use super::{Node, PROFILE, ROUTER};

/// The pipe transport between two workers has this id in both.
pub const PIPE: TransportId = TransportId(1 << 40);
const PAIR: u32 = 9;

/// Joins two workers by a pipe transport.
pub fn join(nodes: &mut [Node]) {
    for (index, other) in [(0, 1), (1, 0)] {
        nodes[index].done(Command::CreatePipeTransport {
            transport: PIPE,
            router: ROUTER,
            link: PipeLink::Worker {
                worker: other,
                pair: PAIR,
            },
        });
    }
}

/// Joins two workers of different nodes by a pipe transport, each of which reaches the other at an address. Waits until it is
/// connected.
pub fn join_nodes(nodes: &mut [Node], reached_at: [SocketAddr; 2]) {
    let ice = |side: usize| IceCredentials {
        ufrag: format!("fragment of the side {side}"),
        pwd: format!("password of the side {side}"),
    };
    let keys = |side: usize| vec![side as u8 + 1; PROFILE.key_len() + PROFILE.salt_len()];
    for (index, other) in [(0, 1), (1, 0)] {
        nodes[index].done(Command::CreatePipeTransport {
            transport: PIPE,
            router: ROUTER,
            link: PipeLink::Node {
                ice: ice(index),
                remote_ice: ice(other),
                remote: reached_at[other],
                local: None,
            },
        });
        nodes[index].done(Command::SetSrtpKeys {
            transport: PIPE,
            profile: PROFILE,
            outbound: keys(index),
            inbound: keys(other),
        });
    }
    for node in nodes {
        assert_eq!(await_state(node), IceState::Connected);
    }
}

/// Waits for the next change of the link's state.
pub fn await_state(node: &mut Node) -> IceState {
    loop {
        let changed = node.events.iter().position(
            |event| matches!(event, Event::IceSelected { transport, .. } if *transport == PIPE),
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
    let consumer = ConsumerId(producer.0 | 1 << 41);
    let has_feedback = extensions
        .iter()
        .any(|extension| extension.kind == ExtensionKind::TransportCc);
    let encoding = PipedEncodingSpec {
        ssrc: 2 * producer.0 as u32,
        rtx_ssrc: codec.rtx_payload_type.map(|_| 2 * producer.0 as u32 + 1),
    };
    nodes[from].done(Command::CreatePipeConsumer {
        consumer,
        transport: PIPE,
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
        transport: PIPE,
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
