//! Events of who speaks.

use crate::common::microphones::{NOISE, Room, SILENCE, SPEECH};
use hubbub_core::api::{Command, ProducerSpec};

#[test]
fn a_speaker_is_active_after_a_second_and_stays_so_in_silence() {
    let mut room = Room::new(0, 3);
    room.speak(2000, &[]);
    assert_eq!(room.active_speakers(), []);
    room.speak(1000, &[1]);
    room.speak(5000, &[]);
    assert_eq!(room.active_speakers(), [1]);
    room.speak(1500, &[2]);
    assert_eq!(room.active_speakers(), [2]);
}

#[test]
fn levels_are_reported_while_somebody_speaks() {
    let mut room = Room::new(0, 4);
    room.speak(3000, &[]);
    assert_eq!(room.levels(), [] as [Vec<_>; 0]);
    room.run(600, |index| {
        Some([NOISE, SPEECH, SPEECH - 5, SILENCE][index])
    });
    assert_eq!(room.levels(), [[(2, -20), (1, -25)]]);
    room.run(1200, |_| Some(NOISE));
    assert_eq!(room.levels(), [vec![]]);
    room.run(60_000, |_| Some(NOISE));
    assert_eq!(room.levels(), [] as [Vec<_>; 0]);
}

#[test]
fn levels_of_the_same_speakers_are_reported_once_in_1200_ms() {
    let mut room = Room::new(0, 2);
    room.speak(12_000, &[0]);
    let reports = room.levels().len();
    assert!((9..=11).contains(&reports), "{reports} reports in 12 s");
}

#[test]
fn a_microphone_without_packets_falls_silent() {
    let mut room = Room::new(0, 2);
    room.speak(1000, &[0]);
    room.levels();
    room.run(1500, |index| (index == 1).then_some(NOISE));
    assert_eq!(room.levels().last(), Some(&vec![]));
}

#[test]
fn a_paused_microphone_is_silent_at_once() {
    let mut room = Room::new(0, 2);
    room.speak(1000, &[0]);
    room.levels();
    room.pause(0);
    room.speak(400, &[0]);
    assert_eq!(room.levels(), [vec![]]);
    room.resume(0);
    room.speak(400, &[0]);
    assert_eq!(room.levels().len(), 1);
}

#[test]
fn the_sound_of_a_shared_screen_is_no_speaker() {
    let mut room = Room::with(0, 2, |index, spec| ProducerSpec {
        is_microphone: index != 0,
        ..spec
    });
    room.speak(2000, &[0]);
    assert_eq!(room.active_speakers(), []);
}

#[test]
fn a_speaker_who_returns_is_active_again() {
    let mut room = Room::new(0, 2);
    room.speak(2000, &[0]);
    assert_eq!(room.active_speakers(), [0]);
    let producer = room.microphones[0].producer;
    room.world.execute(Command::CloseProducer { producer });
    room.run(1500, |index| (index == 1).then_some(SPEECH));
    assert_eq!(room.active_speakers(), [1]);
}
