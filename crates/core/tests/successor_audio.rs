//! A microphone is replaced by another one: nobody hears a pause, and the same person speaks.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::OUT_SSRC;
use crate::common::media::{Packet, vp8};
use crate::common::microphones::{NOISE, Room, SPEECH, out_ssrc};
use crate::common::replacement::*;
use crate::common::specs::*;
use crate::common::{Client, Received};
use hubbub_core::api::{Command, EncodingSpec, Event, ProducerId, ProducerSpec};

/// Packet `number` of 20 ms.
fn opus(number: u16) -> Packet<'static> {
    Packet {
        payload_type: OPUS,
        timestamp: u32::from(number) * 960,
        payload: number.to_be_bytes().repeat(20),
        ..vp8(number, false)
    }
}

#[test]
fn audio_moves_at_the_next_packet() {
    let mut track = Replacement::new(audio(), audio_consumer(OUT_SSRC));
    for number in 0..10 {
        track.call.send([opus(number)]);
        track.call.world.advance(20);
    }
    track.replace();
    track.call.send([opus(10)]);
    assert_eq!(track.replaced(), []);
    track.call.world.advance(20);
    track.send_both([opus(11)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    track.call.world.advance(20);
    track.send_both([opus(12)]);
    let received = track.call.received();
    assert_eq!(frames_of(&received), Vec::from_iter(0..13));
    let first = received[0].rtp().sequence_number();
    let numbers = received.iter().map(|packet| packet.rtp().sequence_number());
    assert!(numbers.eq((0..13).map(|number| first.wrapping_add(number))));
    assert_eq!(track.new_plis(), []);
    assert_eq!(steps_of(&received), [960; 12]);
}

#[test]
fn with_sender_reports_the_clock_goes_on_exactly() {
    let mut track = Replacement::new(audio(), audio_consumer(OUT_SSRC));
    track.call.send((0..10).map(opus));
    track.send_new([opus(8)]);
    track.report_clocks_at(hubbub_wire::NtpTime(0xe800_0000_0000_0000), 9 * 960);
    track.replace();
    // Two packets were lost on the way.
    track.send_new([opus(12), opus(13)]);
    let steps = steps_of(&track.call.received());
    assert_eq!(steps[9..], [3 * 960, 960]);
}

/// The second microphone of a person in a room.
struct Moved {
    client: Client,
    producer: ProducerId,
    sequence: u16,
}

const MOVED_SSRC: u32 = 9000;

impl Moved {
    /// Replaces microphone `index` of the room.
    fn new(room: &mut Room, index: usize) -> Self {
        let client = Client::connected(&mut room.world, 99);
        let spec = ProducerSpec {
            encodings: vec![EncodingSpec {
                ssrc: Some(MOVED_SSRC),
                ..EncodingSpec::default()
            }],
            ..audio()
        };
        let producer = produce(&mut room.world, client.transport, 99, spec);
        room.world.execute(Command::ReplaceProducer {
            producer: room.microphones[index].producer,
            successor: producer,
        });
        Self {
            client,
            producer,
            sequence: 0,
        }
    }

    fn send(&mut self, room: &mut Room, level: u8) {
        self.sequence += 1;
        let level = [level];
        let packet = Packet {
            ssrc: MOVED_SSRC,
            timestamp: (room.world.now.0 / 1000 * 48) as u32,
            extensions: vec![(AUDIO_LEVEL, level.as_slice())],
            ..opus(self.sequence)
        };
        self.client.send(&mut room.world, &packet.bytes());
    }

    /// The room goes on for this time: these microphones carry speech, the others noise; this one has this level.
    fn run(&mut self, room: &mut Room, milliseconds: u64, speakers: &[usize], level: u8) {
        for _ in 0..milliseconds / 20 {
            self.send(room, level);
            room.speak(20, speakers);
        }
    }

    /// Whether an event names this microphone.
    fn is_named(&self, event: &Event) -> bool {
        match event {
            Event::ActiveSpeaker { speaker, .. } => speaker.producer == self.producer,
            Event::AudioLevels { levels, .. } => {
                levels.iter().any(|level| level.producer == self.producer)
            }
            _ => false,
        }
    }
}

fn count_of(received: &[Received], of: usize) -> usize {
    let ssrcs = received.iter().map(|packet| packet.rtp().ssrc());
    ssrcs.filter(|ssrc| *ssrc == out_ssrc(of)).count()
}

/// Both places are taken, and the other speaker is as loud.
#[test]
fn the_successor_has_the_place_of_the_old_microphone() {
    let mut room = Room::new(2, 5);
    room.speak(1_000, &[1, 2]);
    let mut moved = Moved::new(&mut room, 1);
    room.forget_received();
    // Both send for a while.
    moved.run(&mut room, 1_000, &[1, 2], SPEECH);
    let received = room.received(0);
    assert_eq!(count_of(&received, 1), 50);
    assert_eq!(count_of(&received, 2), 50);
    let producer = room.microphones[1].producer;
    room.world.execute(Command::CloseProducer { producer });
    moved.run(&mut room, 1_000, &[2], SPEECH);
    assert_eq!(count_of(&room.received(0), 1), 50);
    // It is a microphone like any other: another speaker gets its place when it is quiet.
    moved.run(&mut room, 1_000, &[2, 4], NOISE);
    room.forget_received();
    moved.run(&mut room, 200, &[2, 4], NOISE);
    assert_eq!(room.heard(0), [2, 4]);
}

#[test]
fn the_old_microphone_takes_no_place_any_more() {
    let mut room = Room::new(2, 4);
    room.speak(1_000, &[1, 2]);
    let mut moved = Moved::new(&mut room, 1);
    moved.run(&mut room, 1_000, &[1], SPEECH);
    // The old one still sends speech.
    moved.run(&mut room, 200, &[1, 3], SPEECH);
    room.forget_received();
    moved.run(&mut room, 1_000, &[1, 3], SPEECH);
    assert_eq!(room.heard(0), [1, 3]);
}

#[test]
fn the_successor_of_a_microphone_that_is_left_out_competes_as_others_do() {
    let mut room = Room::new(1, 3);
    room.speak(1_000, &[1]);
    let mut moved = Moved::new(&mut room, 2);
    moved.run(&mut room, 200, &[1], NOISE);
    room.forget_received();
    moved.run(&mut room, 200, &[1], NOISE);
    assert_eq!(room.heard(0), [1]);
    moved.run(&mut room, 200, &[], SPEECH);
    room.forget_received();
    moved.run(&mut room, 200, &[], SPEECH);
    assert_eq!(room.heard(0), [2]);
}

#[test]
fn the_active_speaker_stays_who_it_is() {
    let mut room = Room::new(0, 3);
    room.speak(2_000, &[1]);
    assert_eq!(room.active_speakers(), [1]);
    let mut moved = Moved::new(&mut room, 1);
    moved.run(&mut room, 2_000, &[1], SPEECH);
    let events = std::mem::take(&mut room.world.events);
    let is_speaker = |event: &Event| matches!(event, Event::ActiveSpeaker { .. });
    assert!(!events.iter().any(is_speaker), "the same person speaks");
    // One person speaks, not two.
    for event in &events {
        if let Event::AudioLevels { levels, .. } = event {
            assert_eq!(levels.len(), 1);
            assert!(moved.is_named(event));
        }
    }
    // Somebody else, then the successor.
    moved.run(&mut room, 2_000, &[2], NOISE);
    assert_eq!(room.active_speakers(), [2]);
    moved.run(&mut room, 2_000, &[], SPEECH);
    assert!(room.world.events.iter().any(|event| moved.is_named(event)));
}

#[test]
fn a_paused_successor_has_no_place() {
    let mut room = Room::new(1, 3);
    room.speak(1_000, &[1]);
    let moved = Moved::new(&mut room, 1);
    let former = room.microphones[1].producer;
    for command in [
        Command::PauseProducer {
            producer: moved.producer,
        },
        Command::CloseProducer { producer: former },
    ] {
        room.world.execute(command);
    }
    room.forget_received();
    room.run(200, |index| (index == 2).then_some(NOISE));
    assert_eq!(room.heard(0), [2]);
}
