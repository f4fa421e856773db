//! Producers and consumers as the negotiation makes them.

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec, TransportId,
};
use hubbub_wire::ExtensionKind;

use super::World;

/// Of every client: its MID extension.
pub const MID: u8 = 9;
/// Of every client: transport-cc.
pub const TRANSPORT_CC: u8 = 4;
/// Of every client: RID.
pub const RID: u8 = 10;
/// Of every client: repaired RID.
pub const REPAIRED_RID: u8 = 11;
/// Of every client: audio level.
pub const AUDIO_LEVEL: u8 = 1;
/// Of every client: dependency descriptor.
pub const DEPENDENCIES: u8 = 13;
/// Towards consumers, as the router numbers them.
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

fn extension(kind: ExtensionKind, id: u8) -> ExtensionMapping {
    ExtensionMapping { kind, id }
}

fn codec(codec: Codec, payload_type: u8, rtx: Option<u8>, router: u8) -> CodecMapping {
    let is_video = codec != Codec::Opus;
    CodecMapping {
        codec,
        clock_rate: if is_video { 90_000 } else { 48_000 },
        payload_type,
        rtx_payload_type: rtx,
        router_payload_type: router,
        nack: is_video,
        pli: is_video,
        fir: is_video,
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

/// VP8 with RTX, one encoding whose SSRCs are known.
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
    }
}

/// As [`video`], of another codec on another payload type, without RTX.
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

/// Of [`video_of`].
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

/// VP8 in three layers, `r0` to `r2`, whose SSRCs are to be learned.
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

/// Opus, its SSRC known.
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

/// Of [`video`] or [`simulcast`], with RTX one SSRC above.
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

/// Of [`audio`].
pub fn audio_consumer(ssrc: u32) -> ConsumerSpec {
    ConsumerSpec {
        kind: MediaKind::Audio,
        codecs: vec![codec(Codec::Opus, OUT_OPUS, None, OUT_OPUS)],
        rtx_ssrc: None,
        feedback: FeedbackKind::GoogRemb,
        ..video_consumer(ssrc)
    }
}

/// Makes a producer.
pub fn produce(
    world: &mut World,
    transport: TransportId,
    number: u64,
    spec: ProducerSpec,
) -> ProducerId {
    let producer = ProducerId(number);
    world.done(Command::CreateProducer {
        producer,
        transport,
        spec,
    });
    producer
}

/// Makes a consumer, paused.
pub fn consume(
    world: &mut World,
    transport: TransportId,
    producer: ProducerId,
    number: u64,
    spec: ConsumerSpec,
) -> ConsumerId {
    let consumer = ConsumerId(number);
    world.done(Command::CreateConsumer {
        consumer,
        transport,
        producer,
        spec,
    });
    consumer
}

/// Makes a consumer and lets it run.
pub fn consume_running(
    world: &mut World,
    transport: TransportId,
    producer: ProducerId,
    number: u64,
    spec: ConsumerSpec,
) -> ConsumerId {
    let consumer = consume(world, transport, producer, number, spec);
    world.done(Command::ResumeConsumer { consumer });
    consumer
}
