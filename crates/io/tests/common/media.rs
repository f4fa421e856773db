//! A VP8 producer, its consumers and its packets.

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec, TransportId,
};
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpPacket;

use super::{Client, Line, Node};

pub const PRODUCER: ProducerId = ProducerId(1);
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
        inband_fec: false,
    }
}

/// The codec with the payload types of the router.
pub fn router_codec() -> CodecMapping {
    codec(101)
}

fn extension(kind: ExtensionKind, id: u8) -> ExtensionMapping {
    ExtensionMapping { kind, id }
}

/// Creates a VP8 producer on the client's transport.
pub fn produce<L: Line>(node: &mut Node, client: &Client<L>) {
    produce_on(node, client.transport);
}

/// As [`produce`], on any transport.
pub fn produce_on(node: &mut Node, transport: TransportId) {
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
        is_microphone: true,
    };
    node.done(Command::CreateProducer {
        producer: PRODUCER,
        transport,
        spec,
    });
}

/// Ids of header extensions in a consumer's packets: the time of sending, and the transport-wide number.
pub const ABS_SEND_TIME: u8 = 4;
pub const TRANSPORT_CC: u8 = 5;

/// Creates a running consumer on the client's transport, with the header extensions that a browser gets. Without RTX, its
/// packets carry no transport-wide number.
pub fn consume<L: Line>(node: &mut Node, client: &Client<L>) {
    consume_on(node, client.transport);
}

/// As [`consume`], on any transport.
pub fn consume_on(node: &mut Node, transport: TransportId) {
    consume_by(node, transport, None);
}

/// As [`consume`], with RTX.
pub fn consume_with_rtx<L: Line>(node: &mut Node, client: &Client<L>) {
    consume_by(node, client.transport, Some(102));
}

fn consume_by(node: &mut Node, transport: TransportId, rtx_payload_type: Option<u8>) {
    let consumer = ConsumerId(transport.0);
    let spec = ConsumerSpec {
        kind: MediaKind::Video,
        mid: "0".into(),
        codecs: vec![CodecMapping {
            rtx_payload_type,
            ..codec(101)
        }],
        extensions: vec![
            extension(ExtensionKind::Mid, 1),
            extension(ExtensionKind::AbsSendTime, ABS_SEND_TIME),
            extension(ExtensionKind::TransportCc, TRANSPORT_CC),
        ],
        ssrc: 5000,
        rtx_ssrc: rtx_payload_type.map(|_| 5001),
        cname: "someone".into(),
        feedback: FeedbackKind::TransportCc,
    };
    node.done(Command::CreateConsumer {
        consumer,
        transport,
        producer: PRODUCER,
        spec,
    });
    node.done(Command::ResumeConsumer { consumer });
}

/// Connects both clients and sends a burst from one to the other. It must arrive complete and in order.
pub fn exchange<S: Line, R: Line>(node: &mut Node, mut sender: Client<S>, mut receiver: Client<R>) {
    sender.connect(node);
    receiver.connect(node);
    produce(node, &sender);
    consume(node, &receiver);
    let sent: Vec<_> = (1..=40).map(|sequence| vp8(sequence, 1100)).collect();
    for packet in &sent {
        let protected = sender.protect(packet);
        sender.socket.send(&protected).expect("loopback");
    }
    for packet in &sent {
        let received = receiver.receive_rtp();
        let rtp = RtpPacket::parse(&received).expect("RTP");
        assert_eq!(rtp.payload(), &packet[12..]);
    }
}

/// A packet of `len` bytes with a 12-byte header. Each packet starts a key frame, so that each is forwarded.
pub fn vp8(sequence: u16, len: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 0x80 | PAYLOAD_TYPE];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 3000).to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    // A descriptor with a 15-bit picture id and TL0PICIDX, then the header of a key frame (RFC 7741, RFC 6386).
    let [high, low] = (sequence | 0x8000).to_be_bytes();
    packet.extend([
        0x90, 0xC0, high, low, low, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00,
    ]);
    packet.resize(len, 0x55);
    packet
}
