//! Only the loudest microphones are forwarded.

use crate::common::microphones::{NOISE, Room, SPEECH, out_ssrc};
use hubbub_core::api::{ExtensionMapping, ProducerSpec};
use hubbub_wire::ExtensionKind;

/// The microphones that client 0 hears in a second in which these carry speech.
fn heard_in_a_second(room: &mut Room, speakers: &[usize]) -> Vec<usize> {
    room.speak(100, speakers);
    room.forget_received();
    room.speak(1000, speakers);
    room.heard(0)
}

#[test]
fn as_many_as_n_are_forwarded_and_they_are_those_who_speak() {
    let mut room = Room::new(3, 8);
    room.speak(1000, &[]);
    assert_eq!(heard_in_a_second(&mut room, &[5, 6, 7]), [5, 6, 7]);
    assert_eq!(heard_in_a_second(&mut room, &[2, 6, 7]), [2, 6, 7]);
    assert_eq!(heard_in_a_second(&mut room, &[1, 3, 4]), [1, 3, 4]);
}

#[test]
fn with_n_microphones_all_are_forwarded() {
    let mut room = Room::new(4, 4);
    assert_eq!(heard_in_a_second(&mut room, &[]), [1, 2, 3]);
}

#[test]
fn without_a_limit_all_are_forwarded() {
    let mut room = Room::new(0, 8);
    assert_eq!(heard_in_a_second(&mut room, &[]), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn nobody_receives_its_own_microphone() {
    let mut room = Room::new(2, 4);
    room.speak(200, &[2, 3]);
    room.forget_received();
    room.speak(1000, &[2, 3]);
    assert_eq!(room.heard(2), [3]);
    assert_eq!(room.heard(3), [2]);
    assert_eq!(room.heard(1), [2, 3]);
}

#[test]
fn the_first_loud_packet_of_a_speaker_is_forwarded() {
    let mut room = Room::new(2, 5);
    room.speak(2000, &[1, 2]);
    room.speak(100, &[1]);
    room.forget_received();
    room.send(4, SPEECH);
    assert_eq!(room.heard(0), [4]);
}

/// The worst case: those who have the places have spoken until now.
#[test]
fn a_speaker_is_let_in_within_60_ms_when_another_one_stops() {
    let mut room = Room::new(2, 5);
    room.speak(2000, &[1, 2]);
    room.forget_received();
    room.speak(60, &[1, 4]);
    assert!(room.heard(0).contains(&4));
}

#[test]
fn a_receiver_sees_a_pause_and_no_loss() {
    let mut room = Room::new(1, 3);
    let mut expected: Option<(u16, u32)> = None;
    for speaker in [1, 2, 1, 2, 1] {
        room.speak(800, &[speaker]);
        let packets = room.received(0);
        let packets: Vec<_> = packets
            .iter()
            .map(|packet| packet.rtp())
            .filter(|packet| packet.ssrc() == out_ssrc(1))
            .collect();
        for packet in packets {
            let (sequence, timestamp) = (packet.sequence_number(), packet.timestamp());
            if let Some((former, former_timestamp)) = expected {
                assert_eq!(sequence, former.wrapping_add(1));
                // The producer's clock: the pause is in the timestamps.
                assert!(timestamp > former_timestamp);
                assert_eq!((timestamp - former_timestamp) % 960, 0);
            }
            expected = Some((sequence, timestamp));
        }
    }
    let (_, last) = expected.expect("packets");
    assert!(u64::from(last) > 48 * 1600, "the timeline continues");
}

#[test]
fn a_microphone_that_is_left_out_stays_connected_to_its_consumer() {
    let mut room = Room::new(1, 3);
    room.speak(25_000, &[1]);
    room.forget_received();
    room.speak(200, &[2]);
    assert!(room.heard(0).contains(&2));
}

#[test]
fn a_stream_that_claims_to_be_loud_forever_loses_its_place() {
    let mut room = Room::new(1, 3);
    room.run(16_000, |index| Some(if index == 1 { 0 } else { NOISE }));
    room.forget_received();
    room.run(200, |index| Some([NOISE, 0, SPEECH][index]));
    room.forget_received();
    room.run(1000, |index| Some([NOISE, 0, SPEECH][index]));
    assert_eq!(room.heard(0), [2]);
}

#[test]
fn the_place_of_a_paused_microphone_is_given_away() {
    let mut room = Room::new(2, 4);
    room.speak(1000, &[1, 2]);
    room.pause(2);
    room.forget_received();
    room.speak(200, &[2]);
    assert_eq!(room.heard(3), [0, 1]);
    room.resume(2);
    assert_eq!(heard_in_a_second(&mut room, &[1, 2]), [1, 2]);
}

#[test]
fn streams_without_levels_are_forwarded_and_do_not_count() {
    let without_levels = |spec: ProducerSpec| ProducerSpec {
        extensions: vec![ExtensionMapping {
            kind: ExtensionKind::AbsSendTime,
            id: 2,
        }],
        ..spec
    };
    let mut room = Room::with(1, 4, |index, spec| match index {
        2 => without_levels(spec),
        3 => ProducerSpec {
            is_microphone: false,
            ..spec
        },
        _ => spec,
    });
    assert_eq!(heard_in_a_second(&mut room, &[1]), [1, 2, 3]);
    assert_eq!(heard_in_a_second(&mut room, &[0]), [2, 3]);
}

#[test]
fn a_stream_is_exempt_until_it_has_sent_a_level() {
    let mut room = Room::new(1, 3);
    room.speak(1000, &[1]);
    room.forget_received();
    room.send_with(2, &[]);
    // Client 2 has sent levels, so a packet without one changes nothing.
    assert_eq!(room.heard(0), []);
    let mut room = Room::new(1, 3);
    for _ in 0..3 {
        room.send_with(2, &[]);
    }
    room.run(100, |index| (index < 2).then_some(NOISE));
    room.send_with(2, &[]);
    assert!(room.heard(0).contains(&2));
    room.send(2, NOISE);
    room.forget_received();
    room.send_with(2, &[]);
    assert_eq!(room.heard(0), []);
    // It left no gap.
    room.speak(100, &[2]);
    room.speak(100, &[1]);
    let packets = room.received(0);
    let numbers: Vec<u16> = packets
        .iter()
        .map(|packet| packet.rtp())
        .filter(|packet| packet.ssrc() == out_ssrc(2))
        .map(|packet| packet.sequence_number())
        .collect();
    assert!(
        numbers
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
}
