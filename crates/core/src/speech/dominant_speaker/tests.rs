use hubbub_wire::rtp::AudioLevel;

use super::super::SpeechLevels;
use super::*;
use crate::api::Micros;

const SILENCE: u8 = 127;
const NOISE: u8 = 75;
const SPEECH: u8 = 25;

/// Streams that send a packet every 20 ms, and the decisions on them every 300 ms.
struct Room {
    streams: Vec<SpeechLevels>,
    dominant: DominantSpeaker<usize>,
    now: u64,
    /// Milliseconds and new dominant speaker.
    changes: Vec<(u64, usize)>,
}

impl Room {
    fn new(count: usize) -> Self {
        Self {
            streams: vec![SpeechLevels::new(); count],
            dominant: DominantSpeaker::new(),
            now: 0,
            changes: Vec::new(),
        }
    }

    /// Lets this time pass. `level`: of a stream at a time, -dBov; `None` sends no packet.
    fn run(&mut self, milliseconds: u64, level: impl Fn(usize, u64) -> Option<u8>) {
        for at in (self.now..self.now + milliseconds).step_by(20) {
            let now = Micros(at * 1000);
            for (id, stream) in self.streams.iter_mut().enumerate() {
                if let Some(level) = level(id, at) {
                    stream.record(
                        now,
                        AudioLevel {
                            voice: false,
                            level,
                        },
                    );
                }
            }
            if at % 300 == 0 {
                let activities = self.streams.iter().map(|stream| stream.activity(now));
                if let Some((id, _)) = self.dominant.decide(activities.enumerate()) {
                    self.changes.push((at, id));
                }
            }
        }
        self.now += milliseconds;
    }

    fn speakers(&self) -> Vec<usize> {
        self.changes.iter().map(|(_, id)| *id).collect()
    }
}

/// Words of half a second with pauses.
const fn speech(at: u64) -> u8 {
    if at % 700 < 500 { SPEECH } else { NOISE }
}

#[test]
fn nobody_is_dominant_until_somebody_speaks() {
    let mut room = Room::new(2);
    room.run(5000, |_, _| Some(NOISE));
    assert_eq!(room.speakers(), []);
    room.run(1000, |id, at| {
        Some(if id == 1 { speech(at) } else { NOISE })
    });
    assert_eq!(room.speakers(), [1]);
}

#[test]
fn the_one_who_speaks_after_the_other_is_dominant_within_one_and_a_half_seconds() {
    let mut room = Room::new(3);
    for speaker in [0, 2, 1] {
        let start = room.now;
        room.run(6000, |id, at| {
            Some(if id == speaker { speech(at) } else { NOISE })
        });
        let (at, id) = *room.changes.last().unwrap();
        assert_eq!(id, speaker);
        assert!(at - start <= 1500, "after {} ms", at - start);
    }
    assert_eq!(room.speakers(), [0, 2, 1]);
}

#[test]
fn short_sounds_of_others_change_nothing() {
    let mut room = Room::new(2);
    room.run(20_000, |id, at| {
        Some(match id {
            0 => speech(at),
            // A cough of 100 ms, louder than the speaker.
            _ if at % 1500 < 100 => 5,
            _ => NOISE,
        })
    });
    assert_eq!(room.speakers(), [0]);
}

#[test]
fn the_last_speaker_stays_dominant_in_silence() {
    let mut room = Room::new(2);
    room.run(3000, |id, at| {
        Some(if id == 0 { speech(at) } else { NOISE })
    });
    room.run(60_000, |_, _| Some(SILENCE));
    assert_eq!(room.speakers(), [0]);
}

#[test]
fn two_who_speak_at_once_do_not_alternate() {
    let mut room = Room::new(2);
    room.run(3000, |id, at| {
        Some(if id == 0 { speech(at) } else { NOISE })
    });
    room.run(30_000, |id, at| Some(speech(at + id as u64 * 350)));
    assert!(
        room.changes.len() <= 30,
        "{} changes in 30 s",
        room.changes.len()
    );
}

#[test]
fn a_stream_that_claims_to_be_loud_forever_loses_to_a_speaker() {
    let mut room = Room::new(2);
    room.run(15_100, |id, _| Some(if id == 0 { 0 } else { NOISE }));
    assert_eq!(room.speakers(), [0]);
    room.run(60_000, |id, at| Some(if id == 0 { 0 } else { speech(at) }));
    assert_eq!(room.speakers(), [0, 1]);
    assert!(room.changes[1].0 <= 17_000, "{:?}", room.changes);
}

#[test]
fn a_speaker_with_gaps_of_silence_is_not_taken_for_noise() {
    let mut room = Room::new(1);
    room.run(60_000, |_, at| {
        Some(if at % 1000 < 600 { SPEECH } else { SILENCE })
    });
    let now = Micros(room.now * 1000);
    assert!(room.streams[0].activity(now).is_speaking);
}

#[test]
fn silence_without_packets_is_silence() {
    let mut room = Room::new(1);
    room.run(2000, |_, at| Some(speech(at)));
    let at = |ms: u64| Micros((room.now + ms) * 1000);
    assert!(room.streams[0].activity(at(0)).is_speaking);
    assert!(!room.streams[0].activity(at(900)).is_speaking);
    assert_eq!(room.streams[0].activity(at(5000)), SpeechActivity::SILENT);
}

#[test]
fn packets_of_60_ms_count_as_much_as_packets_of_20_ms() {
    let mut room = Room::new(2);
    room.run(3000, |id, at| (id == 0 || at % 60 == 0).then_some(SPEECH));
    let now = Micros(room.now * 1000);
    assert_eq!(room.streams[0].activity(now), room.streams[1].activity(now));
    assert_eq!(room.streams[0].activity(now).volume, -25);
}

#[test]
fn a_removed_speaker_is_not_dominant() {
    let mut room = Room::new(2);
    room.run(3000, |id, at| {
        Some(if id == 0 { speech(at) } else { NOISE })
    });
    room.dominant.remove(0);
    room.run(1000, |id, at| {
        Some(if id == 0 { speech(at) } else { NOISE })
    });
    assert_eq!(room.speakers(), [0, 0]);
}
