//! Recorded streams of each video codec: a consumer starts with a key frame and gets from there on every packet that the
//! highest layers need.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::media::Packet;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_codec::{Codec, Describer, Layer};
use hubbub_core::api::{Command, ConsumerId};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

/// Forwards one stream of a capture to a consumer that is resumed after the first key frame. Asserts that the consumer
/// starts with a later key frame and gets what the highest layers need from there on. Returns the number of these packets.
fn joined_late(codec: Codec, capture: &[u8]) -> usize {
    let first = records(capture).next().expect("a packet").data;
    let (ssrc, payload_type) = {
        let first = RtpPacket::parse(first).expect("RTP");
        (first.ssrc(), first.payload_type())
    };
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let spec = video_of(codec, payload_type, ssrc);
    let producer = produce(&mut world, sender.transport, 1, spec);
    let consumer = consume(
        &mut world,
        receiver.transport,
        producer,
        1,
        video_consumer_of(codec, 5000),
    );
    assert_eq!(consumer, ConsumerId(1));
    let packets: Vec<RtpPacket<'_>> = records(capture)
        .map(|record| RtpPacket::parse(record.data).expect("RTP"))
        .filter(|packet| packet.ssrc() == ssrc && !packet.payload().is_empty())
        .collect();

    let mut resumed_at = None;
    for (index, packet) in packets.iter().enumerate() {
        sender.send(&mut world, packet.data());
        if index == 20 {
            world.execute(Command::ResumeConsumer { consumer });
            resumed_at = Some(world.producer_stats(producer).streams[0].key_frames);
        }
    }
    let key_frames = world.producer_stats(producer).streams[0].key_frames;
    assert!(
        resumed_at < Some(key_frames),
        "no key frame after the consumer was resumed"
    );

    let received = receiver.take_rtp(&mut world);
    let mut describer = Describer::new(codec);
    let described = packets.iter().map(|packet| {
        let extension = packet.extension(DEPENDENCIES);
        let info = describer.describe(packet.payload(), packet.marker(), extension);
        (packet, info.expect("a frame"))
    });
    let needed: Vec<_> = described
        .filter(|(_, info)| info.targets.contains(Layer::TOP))
        .collect();
    let sent = &needed[needed.len() - received.len()..];
    let info = sent[0].1;
    assert!(info.key_frame(), "the first packet is {info:?}");
    for (got, (sent, _)) in received.iter().zip(sent) {
        let got = got.rtp();
        assert_eq!(got.payload_type(), OUT_VP8);
        assert_eq!(
            (got.marker(), got.timestamp()),
            (sent.marker(), sent.timestamp())
        );
        assert_eq!(got.payload(), sent.payload());
        assert_eq!(
            got.extension(OUT_DEPENDENCIES),
            sent.extension(DEPENDENCIES)
        );
    }
    received.len()
}

#[test]
fn h264_starts_with_its_parameter_sets() {
    let capture = include_bytes!("../../codec/tests/fixtures/h264-simulcast.rtpdump");
    assert!(joined_late(Codec::H264, capture) > 10);
}

#[test]
fn vp9_keeps_its_layers() {
    let capture = include_bytes!("../../codec/tests/fixtures/vp9-svc-l3t3-key.rtpdump");
    assert!(joined_late(Codec::Vp9, capture) > 10);
}

#[test]
fn av1_keeps_its_dependency_descriptors_including_long_ones() {
    let capture = include_bytes!("../../codec/tests/fixtures/av1-l3t3.rtpdump");
    assert!(joined_late(Codec::Av1, capture) > 10);
}

#[test]
fn packets_of_a_codec_that_the_consumer_lacks_are_skipped_without_a_gap() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let mut spec = audio();
    let comfort_noise = hubbub_core::api::CodecMapping {
        codec: Codec::Other,
        payload_type: 13,
        router_payload_type: 113,
        ..spec.codecs[0].clone()
    };
    spec.codecs.push(comfort_noise);
    let producer = produce(&mut world, sender.transport, 1, spec);
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        audio_consumer(5000),
    );
    for (sequence, payload_type) in (0..).zip([OPUS, 13, OPUS, 13, 13, OPUS]) {
        let packet = Packet {
            ssrc: SSRC,
            payload_type,
            sequence,
            timestamp: u32::from(sequence) * 960,
            marker: false,
            extensions: Vec::new(),
            payload: vec![1, 2, 3],
            padding: 0,
        };
        sender.send(&mut world, &packet.bytes());
    }
    let sequences: Vec<_> = receiver
        .take_rtp(&mut world)
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    assert_eq!(
        sequences,
        [sequences[0], sequences[0] + 1, sequences[0] + 2]
    );
}
