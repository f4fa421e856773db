//! A producer of VP8, its consumers, and its packets.

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec,
};
use hubbub_wire::ExtensionKind;

use super::{Client, Node};

const PRODUCER: ProducerId = ProducerId(1);
const PAYLOAD_TYPE: u8 = 96;
const SSRC: u32 = 1000;

fn codec(payload_type: u8) -> CodecMapping {
    CodecMapping {
        codec: Codec::Vp8,
        clock_rate: 90_000,
        payload_type,
        rtx_payload_type: None,
        router_payload_type: 101,
        nack: true,
        pli: true,
        fir: false,
    }
}

fn extension(kind: ExtensionKind, id: u8) -> ExtensionMapping {
    ExtensionMapping { kind, id }
}

/// Makes the client a producer of VP8.
pub fn produce(node: &mut Node, client: &Client) {
    let spec = ProducerSpec {
        kind: MediaKind::Video,
        mid: None,
        codecs: vec![codec(PAYLOAD_TYPE)],
        extensions: Vec::new(),
        encodings: vec![EncodingSpec {
            ssrc: Some(SSRC),
            ..EncodingSpec::default()
        }],
        feedback: FeedbackKind::GoogRemb,
        paused: false,
    };
    node.done(Command::CreateProducer {
        producer: PRODUCER,
        transport: client.transport,
        spec,
    });
}

/// Makes the client a running consumer, with the extensions that a browser gets.
pub fn consume(node: &mut Node, client: &Client) {
    let consumer = ConsumerId(client.transport.0);
    let spec = ConsumerSpec {
        kind: MediaKind::Video,
        mid: "0".into(),
        codecs: vec![codec(101)],
        extensions: vec![
            extension(ExtensionKind::Mid, 1),
            extension(ExtensionKind::AbsSendTime, 4),
            extension(ExtensionKind::TransportCc, 5),
        ],
        ssrc: 5000,
        rtx_ssrc: None,
        cname: "someone".into(),
        feedback: FeedbackKind::TransportCc,
    };
    node.done(Command::CreateConsumer {
        consumer,
        transport: client.transport,
        producer: PRODUCER,
        spec,
    });
    node.done(Command::ResumeConsumer { consumer });
}

/// A packet of `len` bytes whose header has 12; each begins a key frame, so that each is forwarded.
pub fn vp8(sequence: u16, len: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 0x80 | PAYLOAD_TYPE];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 3000).to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    // Descriptor with a picture id of 15 bits and TL0PICIDX, then the head of a key frame (RFC 7741, RFC 6386).
    let [high, low] = (sequence | 0x8000).to_be_bytes();
    packet.extend([
        0x90, 0xC0, high, low, low, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00,
    ]);
    packet.resize(len, 0x55);
    packet
}
