//! Opus, forwarded from one client to another.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{Command, EncodingSpec, ProducerSpec};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

const CAPTURE: &[u8] = include_bytes!("../../codec/tests/fixtures/opus-audio.rtpdump");

#[test]
fn every_packet_with_a_payload_arrives_in_order_with_its_audio_level() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let packets: Vec<RtpPacket<'_>> = records(CAPTURE)
        .map(|record| RtpPacket::parse(record.data).expect("RTP"))
        .collect();
    let encodings = vec![EncodingSpec {
        ssrc: Some(packets[0].ssrc()),
        ..EncodingSpec::default()
    }];
    let producer = produce(
        &mut world,
        sender.transport,
        1,
        ProducerSpec {
            encodings,
            ..audio()
        },
    );
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        audio_consumer(5000),
    );
    for packet in &packets {
        sender.send(&mut world, packet.data());
    }

    let received = receiver.take_rtp(&mut world);
    let with_payload: Vec<_> = packets
        .iter()
        .filter(|packet| !packet.payload().is_empty())
        .collect();
    assert_eq!(received.len(), with_payload.len());
    let first = received[0].rtp().sequence_number();
    for (number, (got, sent)) in received.iter().zip(with_payload).enumerate() {
        let got = got.rtp();
        assert_eq!(
            got.sequence_number(),
            first.wrapping_add(u16::try_from(number).expect("fewer than 65,536 packets"))
        );
        assert_eq!(got.payload(), sent.payload());
        assert_eq!(got.timestamp(), sent.timestamp());
        assert_eq!(got.extension(OUT_AUDIO_LEVEL), sent.extension(AUDIO_LEVEL));
        assert_eq!(got.extension(OUT_MID), Some(b"7".as_slice()));
    }
}

/// Picture ids of VP8 refuse a late packet, too; opus has none.
#[test]
fn a_late_packet_from_before_a_pause_is_not_forwarded_after_it() {
    let mut call = Call::new(audio(), audio_consumer(OUT_SSRC));
    let consumer = call.consumer;
    let opus = |number| Packet {
        payload_type: OPUS,
        ..vp8(number, false)
    };
    call.send([10, 11, 13].map(opus));
    assert_eq!(call.received().len(), 3);
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.execute(Command::ResumeConsumer { consumer });
    call.send([opus(14)]);
    assert_eq!(call.received().len(), 1);
    call.send([opus(12)]);
    assert_eq!(call.received(), []);
}
