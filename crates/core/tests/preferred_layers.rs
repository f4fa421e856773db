//! The layers that a consumer prefers: encodings of simulcast, temporal layers, and what the control plane learns of them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Received, World};
use hubbub_codec::Codec;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_core::api::{Command, CommandError, ConsumerSpec, Event, ProducerSpec};
use hubbub_wire::PacketKind;

const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];

/// Temporal layer and Y bit of each frame of a group, as libvpx orders three layers.
const PATTERN: [(u8, bool); 4] = [(0, false), (2, true), (1, true), (2, false)];

/// A packet of a VP8 frame with three temporal layers. `part` of 2.
fn packet(encoding: u16, number: u16, part: u16, is_key_frame: bool) -> Packet<'static> {
    let (temporal, sync) = match is_key_frame {
        true => (0, false),
        false => PATTERN[usize::from(number) % 4],
    };
    let [high, low] = ((number & 0x7fff) | 0x8000).to_be_bytes();
    // S on the first packet; I, L, T, K; KEYIDX 3.
    let start = if part == 0 { 0x90 } else { 0x80 };
    let layer = temporal << 6 | u8::from(sync) << 5 | 3;
    let tag = u8::from(!is_key_frame);
    let group = (number / 4) as u8;
    let mut payload = vec![start, 0xf0, high, low, group, layer, tag];
    payload.extend(encoding.to_be_bytes());
    payload.extend(number.to_be_bytes());
    payload.extend(part.to_be_bytes());
    Packet {
        ssrc: 100 + u32::from(encoding),
        sequence: 1_000 * encoding + 2 * number + part,
        timestamp: u32::from(number) * 3_000 + u32::from(encoding) * 1_000_000,
        marker: part == 1,
        extensions: vec![(MID, b"0"), (RID, RIDS[usize::from(encoding)])],
        payload,
        ..vp8(0, is_key_frame)
    }
}

struct Sender {
    call: Call,
    number: u16,
}

impl Sender {
    fn new(producer: ProducerSpec, consumer: ConsumerSpec) -> Self {
        Self {
            call: Call::new(producer, consumer),
            number: 0,
        }
    }

    fn simulcast() -> Self {
        Self::new(simulcast(), video_consumer(OUT_SSRC))
    }

    /// Sends this many frames of the encodings; the first is a key frame of `keys`.
    fn send(&mut self, encodings: &[u16], count: u16, keys: &[u16]) {
        for index in 0..count {
            for encoding in encodings {
                let is_key = index == 0 && keys.contains(encoding);
                let parts = [0, 1].map(|part| packet(*encoding, self.number, part, is_key));
                self.call.send(parts);
            }
            self.number += 1;
            self.call.world.advance(33);
        }
    }

    fn received(&mut self) -> Vec<Received> {
        self.call.received()
    }

    /// The layers that the control plane was told since the last call.
    fn reported(&mut self) -> Vec<(u8, u8)> {
        reported(&mut self.call.world)
    }
}

fn reported(world: &mut World) -> Vec<(u8, u8)> {
    let events = std::mem::take(&mut world.events);
    let layers = events.into_iter().filter_map(|event| match event {
        Event::LayersChanged {
            spatial, temporal, ..
        } => Some((spatial, temporal)),
        _ => None,
    });
    layers.collect()
}

fn descriptor(packet: &Received) -> Vp8Descriptor {
    Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8")
}

/// The encoding of a packet.
fn encoding(packet: &Received) -> u16 {
    let rtp = packet.rtp();
    u16::from_be_bytes([rtp.payload()[7], rtp.payload()[8]])
}

fn encodings(received: &[Received]) -> Vec<u16> {
    let mut encodings: Vec<u16> = received.iter().map(encoding).collect();
    encodings.dedup();
    encodings
}

fn temporals(received: &[Received]) -> Vec<u8> {
    received
        .iter()
        .filter(|packet| descriptor(packet).start_of_frame())
        .map(|packet| descriptor(packet).temporal.expect("TID"))
        .collect()
}

/// Asserts that a decoder sees one stream without loss: sequence numbers, picture ids and markers.
fn assert_continuous(received: &[Received]) {
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
        let id = |packet| descriptor(packet).picture_id.expect("id").value;
        let step = id(&pair[1]).wrapping_sub(id(&pair[0])) & 0x7fff;
        assert_eq!(step, u16::from(one.marker()), "picture ids");
        assert_eq!(two.marker(), !one.marker());
        let time = two.timestamp().wrapping_sub(one.timestamp());
        assert_eq!(time > 0, one.marker());
        assert!(time < 90_000, "{time}");
    }
}

#[test]
fn a_consumer_gets_the_encoding_that_it_prefers() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(1, None);
    sender.send(&[0, 1, 2], 20, &[0, 1, 2]);
    sender.send(&[0, 1, 2], 20, &[0, 1, 2]);
    let received = sender.received();
    assert_eq!(encodings(&received).last(), Some(&1));
    assert!(!encodings(&received).contains(&2));
    assert_continuous(&received);
}

#[test]
fn without_a_preference_a_consumer_gets_the_highest() {
    let mut sender = Sender::simulcast();
    sender.send(&[0, 1, 2], 20, &[0, 1, 2]);
    assert_eq!(encodings(&sender.received()).last(), Some(&2));
}

#[test]
fn a_switch_waits_for_a_key_frame_of_the_new_encoding_which_is_requested_at_once() {
    let mut sender = Sender::simulcast();
    sender.send(&[0, 1, 2], 40, &[0, 1, 2]);
    for (to, ssrc) in [(0, 100), (2, 102)] {
        sender.received();
        sender.call.world.advance(1_000);
        sender.call.plis();
        sender.call.prefer(to, None);
        assert_eq!(sender.call.plis(), [ssrc]);
        // The new encoding first: a frame that is on the way already is sent, too.
        let others = [u16::from(to), 1, 2 - u16::from(to)];
        sender.send(&others, 5, &[]);
        sender.send(&others, 5, &[u16::from(to)]);
        let received = sender.received();
        assert_eq!(received.len(), 20);
        assert_eq!(encodings(&received), [2 - u16::from(to), u16::from(to)]);
        assert_continuous(&received);
    }
}

#[test]
fn a_consumer_starts_with_no_encoding_above_its_preference() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(0, None);
    sender.send(&[0, 2], 10, &[2]);
    assert_eq!(sender.received(), []);
    sender.send(&[0, 2], 10, &[0]);
    assert_eq!(encodings(&sender.received()), [0]);
}

#[test]
fn a_preference_that_does_not_flow_falls_back_to_a_lower_encoding() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(1, None);
    sender.send(&[0, 2], 10, &[0, 2]);
    assert_eq!(encodings(&sender.received()), [0]);
}

#[test]
fn temporal_layers_are_dropped_and_leave_no_gap() {
    let mut sender = Sender::simulcast();
    sender.send(&[0], 41, &[0]);
    assert_continuous(&sender.received());
    sender.call.prefer(0, Some(1));
    sender.send(&[0], 40, &[]);
    sender.call.prefer(0, Some(0));
    sender.send(&[0], 40, &[]);
    let received = sender.received();
    assert_continuous(&received);
    let temporals = temporals(&received);
    assert_eq!(temporals.len(), 20 + 10);
    assert!(!temporals[..20].contains(&2) && temporals[..20].contains(&1));
    assert!(temporals[20..].iter().all(|temporal| *temporal == 0));
    // TL0PICIDX counts what the sender counts.
    let tl0 = |packet: &Received| descriptor(packet).tl0_pic_idx.expect("TL0PICIDX");
    let last = received.last().expect("packets");
    assert_eq!(tl0(last), (120 / 4) as u8);
}

#[test]
fn temporal_layers_return_at_sync_frames() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(0, Some(0));
    sender.send(&[0], 43, &[0]);
    sender.received();
    // The next frame is the second of layer 2 in its group, which refers to layer 1.
    sender.call.prefer(0, None);
    sender.send(&[0], 12, &[]);
    let received = sender.received();
    assert_continuous(&received);
    // Layer 1 at its sync frame, layer 2 at the first of its sync frames after that.
    assert_eq!(temporals(&received), [0, 1, 0, 2, 1, 2, 0, 2, 1]);
}

#[test]
fn a_frame_is_dropped_or_forwarded_as_a_whole() {
    let mut sender = Sender::simulcast();
    sender.send(&[0], 1, &[0]);
    let [first, second] = [0, 1].map(|part| packet(0, 1, part, false));
    sender.call.send([first]);
    sender.call.prefer(0, Some(0));
    sender.call.send([second]);
    sender.number = 2;
    sender.send(&[0], 3, &[]);
    let received = sender.received();
    assert_continuous(&received);
    assert_eq!(temporals(&received), [0, 2, 0]);
}

/// Frames of which some were sent with other layers than the last.
fn limited_sender(consumer: ConsumerSpec) -> Sender {
    let mut sender = Sender::new(simulcast(), consumer);
    sender.call.prefer(2, Some(1));
    sender.send(&[2], 21, &[2]);
    sender.call.prefer(2, Some(0));
    sender.send(&[2], 20, &[]);
    sender
}

#[test]
fn a_repeat_by_rtx_says_what_the_first_copy_said() {
    let mut sender = limited_sender(video_consumer(OUT_SSRC));
    let first = sender.received();
    let lost: Vec<u16> = first
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    sender.call.nack(&lost);
    let repeats = sender.received();
    assert_eq!(repeats.len(), first.len());
    for (repeat, first) in repeats.iter().zip(&first) {
        let (repeat, first) = (repeat.rtp(), first.rtp());
        assert_eq!(&repeat.payload()[2..], first.payload());
        assert_eq!(
            (repeat.timestamp(), repeat.marker()),
            (first.timestamp(), first.marker())
        );
    }
}

/// Another text under the same nonce would give the key away.
#[test]
fn a_repeat_without_rtx_is_the_same_datagram() {
    let mut sender = limited_sender(without_rtx(OUT_SSRC));
    let path = sender.call.receiver.path;
    let is_rtp = |datagram: &Vec<u8>| PacketKind::of(datagram) == PacketKind::Rtp;
    let mut first = sender.call.world.take_sent(path);
    first.retain(is_rtp);
    let number = |datagram: &Vec<u8>| u16::from_be_bytes([datagram[2], datagram[3]]);
    let lost: Vec<u16> = first.iter().map(number).collect();
    sender.call.nack(&lost);
    let mut repeats = sender.call.world.take_sent(path);
    repeats.retain(is_rtp);
    assert_eq!(repeats, first);
}

#[test]
fn a_packet_of_a_dropped_layer_is_not_repeated() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(0, Some(0));
    sender.send(&[0], 20, &[0]);
    let received = sender.received();
    let first = received[0].rtp().sequence_number();
    let all: Vec<u16> = (0..60).map(|step| first.wrapping_add(step)).collect();
    sender.call.nack(&all);
    assert_eq!(sender.received().len(), received.len());
}

#[test]
fn the_key_index_continues_across_encodings() {
    let mut sender = Sender::simulcast();
    sender.call.prefer(0, None);
    sender.send(&[0, 2], 4, &[0]);
    sender.call.prefer(2, None);
    sender.send(&[2, 0], 4, &[2]);
    let keys: Vec<u8> = sender
        .received()
        .iter()
        .map(|packet| descriptor(packet).key_idx.expect("KEYIDX"))
        .collect();
    assert_eq!(keys, [[3; 8], [4; 8]].concat());
}

#[test]
fn the_control_plane_learns_of_the_layers_once() {
    let mut sender = Sender::simulcast();
    sender.send(&[0], 8, &[0]);
    assert_eq!(sender.reported().last(), Some(&(0, 2)));
    sender.send(&[0, 1], 8, &[1]);
    assert_eq!(sender.reported().last(), Some(&(1, 2)));
    sender.send(&[0, 1], 8, &[]);
    assert_eq!(sender.reported(), []);
    sender.call.prefer(1, Some(0));
    sender.send(&[0, 1], 8, &[]);
    assert_eq!(sender.reported(), [(1, 0)]);
}

#[test]
fn the_layers_are_reported_again_after_a_pause() {
    let mut sender = Sender::simulcast();
    let consumer = sender.call.consumer;
    sender.send(&[0], 8, &[0]);
    assert_eq!(sender.reported().last(), Some(&(0, 2)));
    sender
        .call
        .world
        .execute(Command::PauseConsumer { consumer });
    sender
        .call
        .world
        .execute(Command::ResumeConsumer { consumer });
    sender.send(&[0], 8, &[0]);
    assert_eq!(sender.reported(), [(0, 2)]);
}

#[test]
fn a_producer_without_layers_reports_none() {
    let mut call = Call::video();
    call.send([vp8(1, true), vp8(2, false)]);
    assert_eq!(call.received().len(), 2);
    assert_eq!(reported(&mut call.world), []);
}

#[test]
fn events_that_nobody_drains_do_not_accumulate() {
    let mut sender = Sender::simulcast();
    let consumer = sender.call.consumer;
    sender.send(&[0], 8, &[0]);
    let world = &mut sender.call.world;
    world.events.clear();
    let mut events = 0;
    for number in 0..200u16 {
        let command = Command::SetPreferredLayers {
            consumer,
            spatial: 0,
            temporal: Some((number % 2) as u8 * 2),
        };
        world.worker.handle_command(world.now, 1, command);
        for part in [0, 1] {
            let bytes = packet(0, 8 + number, part, number % 8 == 0).bytes();
            let mut datagram = sender.call.sender.protect(&bytes);
            let path = sender.call.sender.path;
            world.worker.handle_datagram(world.now, path, &mut datagram);
        }
        world.worker.outbox().clear();
    }
    for event in world.worker.drain_events() {
        events += usize::from(matches!(event, Event::LayersChanged { .. }));
    }
    assert_eq!(events, 1);
}

#[test]
fn audio_has_no_layers() {
    let mut call = Call::new(audio(), audio_consumer(OUT_SSRC));
    let consumer = call.consumer;
    let command = Command::SetPreferredLayers {
        consumer,
        spatial: 0,
        temporal: None,
    };
    assert_eq!(call.world.command(command), Err(CommandError::InvalidState));
}

/// H264 with a sequence parameter set in one packet and the picture in the next.
fn h264(encoding: u16, number: u16, unit: u8) -> Packet<'static> {
    Packet {
        payload: vec![unit, 0x88, 0, 0],
        marker: unit != 0x67,
        sequence: 1_000 * encoding + number,
        ..packet(encoding, number, 0, false)
    }
}

#[test]
fn h264_switches_at_a_parameter_set_and_never_at_a_bare_idr_picture() {
    let mut producer = simulcast();
    producer.codecs[0].codec = Codec::H264;
    let mut consumer = video_consumer(OUT_SSRC);
    consumer.codecs[0].codec = Codec::H264;
    let mut call = Call::new(producer, consumer);
    call.send([h264(0, 1, 0x67), h264(0, 2, 0x65), h264(2, 1, 0x41)]);
    assert_eq!(call.received().len(), 2);
    call.prefer(2, None);
    call.send([h264(2, 2, 0x65), h264(2, 3, 0x41)]);
    assert_eq!(call.received().len(), 0);
    call.send([h264(2, 4, 0x67), h264(2, 5, 0x65)]);
    assert_eq!(call.received().len(), 2);
}
