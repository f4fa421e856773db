//! Simulcast: layers are learned by RID and switched at key frames, and the consumer gets one continuous stream.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::HashMap;

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, layer_frame as frame};
use crate::common::specs::*;
use crate::common::{Client, Received, World};
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_core::api::{Command, ProducerId};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

fn simulcast_call() -> Call {
    Call::new(simulcast(), video_consumer(OUT_SSRC))
}

/// Sends frame `number` of these layers, then waits 33 ms.
fn send_frames(call: &mut Call, layers: &[u16], number: u16, is_key_frame: bool) {
    call.send(
        layers
            .iter()
            .map(|layer| frame(*layer, number, is_key_frame)),
    );
    call.world.advance(33);
}

/// Asserts that sequence numbers and picture ids have no gap and timestamps increase.
fn assert_continuous(received: &[Received]) {
    let descriptor = |packet: &Received| Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8");
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
        let step = two.timestamp().wrapping_sub(one.timestamp());
        assert!(step < 90_000, "a step of {step}");
        let (one, two) = (descriptor(&pair[0]), descriptor(&pair[1]));
        let ids = (
            one.picture_id.expect("id").value,
            two.picture_id.expect("id").value,
        );
        assert!(
            ids.1.wrapping_sub(ids.0) & 0x7fff <= 1,
            "picture ids {ids:?}"
        );
        let tl0 = (
            one.tl0_pic_idx.expect("index"),
            two.tl0_pic_idx.expect("index"),
        );
        assert!(tl0.1.wrapping_sub(tl0.0) <= 1, "indices {tl0:?}");
    }
}

#[test]
fn a_higher_layer_takes_over_at_its_key_frame() {
    let mut call = simulcast_call();
    for number in 0..10 {
        send_frames(&mut call, &[0], number, number == 0);
    }
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    send_frames(&mut call, &[0, 2], 40, false);
    assert_eq!(call.plis(), [102]);
    send_frames(&mut call, &[0, 2], 41, false);
    send_frames(&mut call, &[0, 2], 42, true);
    send_frames(&mut call, &[0, 2], 43, false);
    let received = call.received();
    assert_eq!(received.len(), 15);
    assert_continuous(&received[..10]);
    assert_continuous(&received[10..]);
    let frames: Vec<_> = received[10..]
        .iter()
        .map(|packet| packet.rtp().payload()[6..].to_vec())
        .collect();
    let sent: Vec<_> = [(0, 40), (0, 41), (0, 42), (2, 42), (2, 43)]
        .iter()
        .map(|(layer, number)| frame(*layer, *number, *number == 42).payload[6..].to_vec())
        .collect();
    assert_eq!(frames, sent);
}

#[test]
fn until_the_first_key_frame_the_best_layer_alone_is_asked_for_one() {
    let mut call = simulcast_call();
    for number in 0..40 {
        send_frames(&mut call, &[0, 2], number, false);
    }
    // The lower one was asked while it was the only one.
    call.send([frame(0, 40, true)]);
    let consumer = call.consumer;
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.execute(Command::ResumeConsumer { consumer });
    call.plis();
    let mut asked = Vec::new();
    for number in 41..141 {
        send_frames(&mut call, &[0, 2], number, false);
        asked.extend(call.plis());
    }
    asked.dedup();
    assert_eq!(asked, [102]);
}

#[test]
fn a_lower_layer_takes_over_when_the_best_one_dies() {
    let mut call = simulcast_call();
    for number in 0..10 {
        send_frames(&mut call, &[0, 1, 2], number, number == 0);
    }
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    call.received();
    let mut asked = Vec::new();
    for number in 50..80 {
        send_frames(&mut call, &[0, 1], number, false);
        asked.extend(call.plis());
    }
    assert_eq!(asked, [101]);
    assert_eq!(call.received(), []);
    send_frames(&mut call, &[0, 1], 80, true);
    send_frames(&mut call, &[0, 1], 81, false);
    let received = call.received();
    assert_eq!(received.len(), 2);
    assert_continuous(&received);
}

#[test]
fn a_learned_stream_needs_no_mid_or_rid() {
    let mut call = simulcast_call();
    send_frames(&mut call, &[1], 0, true);
    for number in 1..5 {
        let packet = Packet {
            extensions: Vec::new(),
            ..frame(1, number, false)
        };
        call.send([packet]);
    }
    assert_eq!(call.received().len(), 5);
}

#[test]
fn rtx_is_learned_by_the_repaired_rid_even_before_its_media() {
    let mut call = simulcast_call();
    let repair = |number: u16| {
        let lost = frame(1, number, false);
        let payload = [lost.sequence.to_be_bytes().as_slice(), &lost.payload].concat();
        let extensions = vec![(MID, b"0".as_slice()), (REPAIRED_RID, b"r1".as_slice())];
        Packet {
            ssrc: 900,
            payload_type: VP8_RTX,
            sequence: number,
            payload,
            extensions,
            ..lost
        }
    };
    call.send([repair(0)]);
    send_frames(&mut call, &[1], 1, true);
    send_frames(&mut call, &[1], 3, false);
    call.send([repair(2)]);
    let sequences = call.sequences();
    assert_eq!(
        sequences,
        [sequences[0], sequences[0] + 2, sequences[0] + 1]
    );
}

#[test]
fn media_before_its_producer_exists_is_counted_and_harmless() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    sender.send(&mut world, &frame(0, 1, true).bytes());
    assert_eq!(world.transport_stats(sender.transport).unknown_ssrc, 1);
    produce(&mut world, sender.transport, 1, simulcast());
    sender.send(&mut world, &frame(0, 2, false).bytes());
    assert_eq!(sender.take_plis(&mut world), [100]);
    assert_eq!(
        world.producer_stats(ProducerId(1)).streams[0]
            .rid
            .as_deref(),
        Some("r0")
    );
}

#[test]
fn a_client_without_rids_sends_the_first_encoding() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let mut spec = simulcast();
    spec.extensions
        .retain(|extension| ![RID, REPAIRED_RID].contains(&extension.id));
    produce(&mut world, sender.transport, 1, spec);
    let packet = Packet {
        extensions: vec![(MID, b"0")],
        ..frame(0, 1, true)
    };
    sender.send(&mut world, &packet.bytes());
    let streams = world.producer_stats(ProducerId(1)).streams;
    assert_eq!((streams.len(), streams[0].packets), (1, 1));
}

#[test]
fn a_rid_with_another_mid_is_ignored() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    produce(&mut world, sender.transport, 1, simulcast());
    let packet = Packet {
        extensions: vec![(MID, b"5"), (RID, b"r0")],
        ..frame(0, 1, true)
    };
    sender.send(&mut world, &packet.bytes());
    assert_eq!(world.producer_stats(ProducerId(1)).streams.len(), 0);
}

/// The capture has two layers of a browser, without the highest. The best is the one with more pixels.
#[test]
fn a_recorded_simulcast_arrives_as_one_continuous_stream_across_a_pause() {
    const CAPTURE: &[u8] = include_bytes!("../../codec/tests/fixtures/vp8-simulcast.rtpdump");
    let mut call = simulcast_call();
    let consumer = call.consumer;
    let mut payloads: HashMap<Vec<u8>, u32> = HashMap::new();
    let packets: Vec<_> = records(CAPTURE).collect();
    let paused = packets.len() / 2..packets.len() * 3 / 4;
    let start = call.world.now;
    let mut received = Vec::new();
    for (index, record) in packets.iter().enumerate() {
        let due = start.plus(record.arrival_micros);
        call.world.advance(due.since(call.world.now) / 1000);
        if index == paused.start {
            call.world.execute(Command::PauseConsumer { consumer });
        } else if index == paused.end {
            call.world.execute(Command::ResumeConsumer { consumer });
        }
        let packet = RtpPacket::parse(record.data).expect("RTP");
        let descriptor = Vp8Descriptor::parse(packet.payload()).expect("VP8");
        payloads.insert(packet.payload()[descriptor.len..].to_vec(), packet.ssrc());
        call.sender.send(&mut call.world, record.data);
        received.extend(call.received());
    }
    assert!(
        received.len() > packets.len() / 10,
        "{} of {} packets",
        received.len(),
        packets.len()
    );
    assert_continuous(&received);
    for packet in &received {
        let descriptor = Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8");
        assert!(
            payloads.contains_key(&packet.rtp().payload()[descriptor.len..]),
            "a payload that the sender did not send"
        );
    }
    let layer = payloads[&{
        let last = received.last().expect("packets").rtp();
        let descriptor = Vp8Descriptor::parse(last.payload()).expect("VP8");
        last.payload()[descriptor.len..].to_vec()
    }];
    let highest = call
        .world
        .producer_stats(call.producer)
        .streams
        .last()
        .map(|stream| stream.ssrc);
    assert_eq!(Some(layer), highest);
}
