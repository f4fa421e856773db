//! Workers of one process, and pipes between them.

use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, EncodingSpec, ExtensionMapping, FeedbackKind, MediaKind,
    PipeConsumerSpec, PipeLink, PipedEncodingSpec, ProducerId, ProducerSpec, TransportId,
};

use super::{Node, ROUTER};

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
            feedback: FeedbackKind::None,
            paused: false,
            is_microphone: true,
        },
    });
    nodes[from].done(Command::SetPipedEncodings {
        consumer,
        encodings: vec![true],
    });
}
