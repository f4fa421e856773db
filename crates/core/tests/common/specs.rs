//! Negotiated parameters of producers and consumers.

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec, TransportId,
};
use hubbub_wire::ExtensionKind;

use super::World;

/// MID extension of every client.
pub const MID: u8 = 9;
/// Transport-cc extension of every client.
pub const TRANSPORT_CC: u8 = 4;
/// RID extension of every client.
pub const RID: u8 = 10;
/// Repaired RID extension of every client.
pub const REPAIRED_RID: u8 = 11;
/// Audio level extension of every client.
pub const AUDIO_LEVEL: u8 = 1;
/// Dependency descriptor extension of every client.
pub const DEPENDENCIES: u8 = 13;
/// Extensions towards consumers, with the router's ids.
pub const OUT_MID: u8 = 1;
pub const OUT_TRANSPORT_CC: u8 = 5;
pub const OUT_ABS_SEND_TIME: u8 = 4;
pub const OUT_AUDIO_LEVEL: u8 = 10;
pub const OUT_DEPENDENCIES: u8 = 8;

pub const VP8: u8 = 96;
pub const VP8_RTX: u8 = 97;
pub const OPUS: u8 = 111;
pub const OUT_VP8: u8 = 101;
pub const OUT_VP8_RTX: u8 = 102;
pub const OUT_OPUS: u8 = 100;

/// The media SSRC of [`video`] and [`audio`]; RTX is one above.
pub const SSRC: u32 = 1000;

pub fn extension(kind: ExtensionKind, id: u8) -> ExtensionMapping {
    ExtensionMapping { kind, id }
}

fn codec(of: Codec, payload_type: u8, rtx: Option<u8>, router: u8) -> CodecMapping {
    let is_video = of != Codec::Opus;
    CodecMapping {
        codec: of,
        clock_rate: if is_video { 90_000 } else { 48_000 },
        payload_type,
        rtx_payload_type: rtx,
        router_payload_type: router,
        nack: is_video,
        pli: is_video,
        fir: is_video,
        inband_fec: of == Codec::Opus,
    }
}

fn producer_extensions() -> Vec<ExtensionMapping> {
    vec![
        extension(ExtensionKind::Mid, MID),
        extension(ExtensionKind::TransportCc, TRANSPORT_CC),
        extension(ExtensionKind::Rid, RID),
        extension(ExtensionKind::RepairedRid, REPAIRED_RID),
        extension(ExtensionKind::AudioLevel, AUDIO_LEVEL),
        extension(ExtensionKind::AbsSendTime, 2),
    ]
}

/// VP8 with RTX; one encoding with known SSRCs.
pub fn video() -> ProducerSpec {
    ProducerSpec {
        kind: MediaKind::Video,
        mid: Some("0".into()),
        codecs: vec![codec(Codec::Vp8, VP8, Some(VP8_RTX), OUT_VP8)],
        extensions: producer_extensions(),
        encodings: vec![EncodingSpec {
            ssrc: Some(SSRC),
            rtx_ssrc: Some(SSRC + 1),
            rid: None,
        }],
        feedback: FeedbackKind::TransportCc,
        paused: false,
        is_microphone: true,
    }
}

/// As [`video`], with another codec and payload type, without RTX.
pub fn video_of(of: Codec, payload_type: u8, ssrc: u32) -> ProducerSpec {
    let mut extensions = producer_extensions();
    extensions.push(extension(ExtensionKind::DependencyDescriptor, DEPENDENCIES));
    ProducerSpec {
        codecs: vec![codec(of, payload_type, None, OUT_VP8)],
        extensions,
        encodings: vec![EncodingSpec {
            ssrc: Some(ssrc),
            ..EncodingSpec::default()
        }],
        ..video()
    }
}

/// A consumer of [`video_of`].
pub fn video_consumer_of(of: Codec, ssrc: u32) -> ConsumerSpec {
    let mut extensions = consumer_extensions();
    extensions.push(extension(
        ExtensionKind::DependencyDescriptor,
        OUT_DEPENDENCIES,
    ));
    ConsumerSpec {
        codecs: vec![codec(of, OUT_VP8, Some(OUT_VP8_RTX), OUT_VP8)],
        extensions,
        ..video_consumer(ssrc)
    }
}

/// VP8 in three layers, `r0` to `r2`, whose SSRCs are learned.
pub fn simulcast() -> ProducerSpec {
    let encoding = |rid: &str| EncodingSpec {
        rid: Some(rid.into()),
        ..EncodingSpec::default()
    };
    ProducerSpec {
        encodings: vec![encoding("r0"), encoding("r1"), encoding("r2")],
        ..video()
    }
}

/// Opus with a known SSRC.
pub fn audio() -> ProducerSpec {
    ProducerSpec {
        kind: MediaKind::Audio,
        codecs: vec![codec(Codec::Opus, OPUS, None, OUT_OPUS)],
        encodings: vec![EncodingSpec {
            ssrc: Some(SSRC),
            ..EncodingSpec::default()
        }],
        feedback: FeedbackKind::None,
        ..video()
    }
}

fn consumer_extensions() -> Vec<ExtensionMapping> {
    vec![
        extension(ExtensionKind::Mid, OUT_MID),
        extension(ExtensionKind::TransportCc, OUT_TRANSPORT_CC),
        extension(ExtensionKind::AbsSendTime, OUT_ABS_SEND_TIME),
        extension(ExtensionKind::AudioLevel, OUT_AUDIO_LEVEL),
    ]
}

/// A consumer of [`video`] or [`simulcast`]. RTX is one SSRC above.
pub fn video_consumer(ssrc: u32) -> ConsumerSpec {
    ConsumerSpec {
        kind: MediaKind::Video,
        mid: "7".into(),
        codecs: vec![codec(Codec::Vp8, OUT_VP8, Some(OUT_VP8_RTX), OUT_VP8)],
        extensions: consumer_extensions(),
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
        cname: "someone".into(),
        feedback: FeedbackKind::TransportCc,
    }
}

/// As [`video_consumer`], without RTX: retransmissions repeat the original packet.
pub fn without_rtx(ssrc: u32) -> ConsumerSpec {
    ConsumerSpec {
        rtx_ssrc: None,
        ..video_consumer(ssrc)
    }
}

/// A consumer of [`audio`].
pub fn audio_consumer(ssrc: u32) -> ConsumerSpec {
    ConsumerSpec {
        kind: MediaKind::Audio,
        codecs: vec![codec(Codec::Opus, OUT_OPUS, None, OUT_OPUS)],
        rtx_ssrc: None,
        feedback: FeedbackKind::GoogRemb,
        ..video_consumer(ssrc)
    }
}

/// Creates a producer.
pub fn produce(
    world: &mut World,
    transport: TransportId,
    number: u64,
    spec: ProducerSpec,
) -> ProducerId {
    let producer = ProducerId(number);
    world.execute(Command::CreateProducer {
        producer,
        transport,
        spec,
    });
    producer
}

/// Creates a paused consumer.
pub fn consume(
    world: &mut World,
    transport: TransportId,
    producer: ProducerId,
    number: u64,
    spec: ConsumerSpec,
) -> ConsumerId {
    let consumer = ConsumerId(number);
    world.execute(Command::CreateConsumer {
        consumer,
        transport,
        producer,
        spec,
    });
    consumer
}

/// Creates a consumer and resumes it.
pub fn consume_running(
    world: &mut World,
    transport: TransportId,
    producer: ProducerId,
    number: u64,
    spec: ConsumerSpec,
) -> ConsumerId {
    let consumer = consume(world, transport, producer, number, spec);
    world.execute(Command::ResumeConsumer { consumer });
    consumer
}
