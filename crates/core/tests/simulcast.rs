//! Layers of one producer: learned from their names, switched at key frames, one clean stream at the consumer.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test, to fail is to panic"
)]

mod common;

use std::collections::HashMap;

use common::media::{Packet, vp8};
use common::specs::*;
use common::{Client, Received, World};
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_core::api::{Command, ConsumerId, ProducerId};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

struct Call {
    world: World,
    sender: Client,
    receiver: Client,
}

fn call() -> Call {
    let mut world = World::new();
    let sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, simulcast());
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        video_consumer(5000),
    );
    Call {
        world,
        sender,
        receiver,
    }
}

const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];

/// A frame of a layer. Its numbers are the layer's own, far from those of the others.
fn frame(layer: u16, number: u16, is_key_frame: bool) -> Packet<'static> {
    let own = number + 1000 * (layer + 1);
    Packet {
        ssrc: 100 + u32::from(layer),
        timestamp: u32::from(number) * 3000 + u32::from(layer) * 1_000_000,
        extensions: vec![(MID, b"0"), (RID, RIDS[usize::from(layer)])],
        ..vp8(own, is_key_frame)
    }
}

impl Call {
    /// Frame `number` of these layers, then 33 ms.
    fn frames(&mut self, layers: &[u16], number: u16, is_key_frame: bool) {
        for layer in layers {
            self.sender.send(
                &mut self.world,
                &frame(*layer, number, is_key_frame).bytes(),
            );
        }
        self.world.advance(33);
    }

    fn received(&mut self) -> Vec<Received> {
        self.receiver.take_rtp(&mut self.world)
    }
}

/// Sequence numbers and picture ids run on without a gap, and time goes on.
fn assert_clean(received: &[Received]) {
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
    let mut call = call();
    for number in 0..10 {
        call.frames(&[0], number, number == 0);
    }
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    call.frames(&[0, 2], 40, false);
    assert_eq!(call.sender.take_plis(&mut call.world), [102]);
    call.frames(&[0, 2], 41, false);
    call.frames(&[0, 2], 42, true);
    call.frames(&[0, 2], 43, false);
    let received = call.received();
    assert_eq!(received.len(), 15);
    assert_clean(&received[..10]);
    assert_clean(&received[10..]);
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
fn when_the_layer_dies_a_lower_one_takes_over() {
    let mut call = call();
    for number in 0..10 {
        call.frames(&[0, 1, 2], number, number == 0);
    }
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    call.received();
    let mut asked = Vec::new();
    for number in 50..80 {
        call.frames(&[0, 1], number, false);
        asked.extend(call.sender.take_plis(&mut call.world));
    }
    assert_eq!(asked, [101]);
    assert_eq!(call.received(), []);
    call.frames(&[0, 1], 80, true);
    call.frames(&[0, 1], 81, false);
    let received = call.received();
    assert_eq!(received.len(), 2);
    assert_clean(&received);
}

#[test]
fn once_learned_a_stream_needs_no_names() {
    let mut call = call();
    call.frames(&[1], 0, true);
    for number in 1..5 {
        let packet = Packet {
            extensions: Vec::new(),
            ..frame(1, number, false)
        };
        call.sender.send(&mut call.world, &packet.bytes());
    }
    assert_eq!(call.received().len(), 5);
}

#[test]
fn rtx_is_learned_by_the_repaired_rid_even_before_its_media() {
    let mut call = call();
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
    call.sender.send(&mut call.world, &repair(0).bytes());
    call.frames(&[1], 1, true);
    call.frames(&[1], 3, false);
    call.sender.send(&mut call.world, &repair(2).bytes());
    let sequences: Vec<_> = call
        .received()
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    assert_eq!(
        sequences,
        [sequences[0], sequences[0] + 2, sequences[0] + 1]
    );
}

#[test]
fn media_before_its_producer_is_counted_and_does_no_harm() {
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
fn a_client_that_announces_layers_but_knows_no_rids_sends_the_first() {
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
fn a_name_of_another_media_section_is_not_ours() {
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

/// The capture has two layers of a browser, without the highest; the best is the one with more pixels.
#[test]
fn a_recorded_browser_arrives_as_one_clean_stream_with_a_pause_in_it() {
    const CAPTURE: &[u8] = include_bytes!("../../codec/tests/fixtures/vp8-simulcast.rtpdump");
    let mut call = call();
    let mut payloads: HashMap<Vec<u8>, u32> = HashMap::new();
    let packets: Vec<_> = records(CAPTURE).collect();
    let paused = packets.len() / 2..packets.len() * 3 / 4;
    let start = call.world.now;
    let mut received = Vec::new();
    for (index, record) in packets.iter().enumerate() {
        let due = start.plus(record.arrival_micros);
        call.world.advance(due.since(call.world.now) / 1000);
        let consumer = ConsumerId(1);
        if index == paused.start {
            call.world.done(Command::PauseConsumer { consumer });
        } else if index == paused.end {
            call.world.done(Command::ResumeConsumer { consumer });
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
    assert_clean(&received);
    for packet in &received {
        let descriptor = Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8");
        assert!(
            payloads.contains_key(&packet.rtp().payload()[descriptor.len..]),
            "a payload that nobody sent"
        );
    }
    let layer = payloads[&{
        let last = received.last().expect("packets").rtp();
        let descriptor = Vp8Descriptor::parse(last.payload()).expect("VP8");
        last.payload()[descriptor.len..].to_vec()
    }];
    let highest = call
        .world
        .producer_stats(ProducerId(1))
        .streams
        .last()
        .map(|stream| stream.ssrc);
    assert_eq!(Some(layer), highest);
}
