//! The audio levels of one microphone over the last second.

use hubbub_wire::rtp::AudioLevel;

use super::activity::{FRAMES, SpeechActivity};
use super::noise_floor::NoiseFloor;
use crate::api::Micros;

/// Length of a frame of the history: that of most audio packets.
const FRAME_US: u64 = 20_000;

/// Frames between two packets of a continuous stream: the longest opus packet (60 ms) and some jitter.
const CONTINUOUS_FRAMES: u64 = 5;

/// Frames that may be missing at the end because their packet is still on its way.
const LATE_FRAMES: u64 = 3;

/// Speech is louder than the noise floor by this, dB.
const ABOVE_NOISE: u8 = 10;

/// Speech is at least this loud: -60 dBov.
const QUIETEST_SPEECH: u8 = 67;

/// Weight of a new packet in the smoothed loudness: 1/16, a third of a second at 20 ms.
const SMOOTHING: u16 = 16;

/// What a packet says of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketLoudness {
    /// The packet is loud enough for speech.
    pub(crate) is_loud: bool,
    /// Of the stream over the last third of a second, in 1/16 dB above -127 dBov.
    pub(crate) smoothed: u16,
}

/// The levels of one stream. Loudness is in dB above -127 dBov: 0 to 127.
#[derive(Debug, Clone)]
pub(crate) struct SpeechLevels {
    /// By frame number modulo [`FRAMES`].
    frames: [u8; FRAMES],
    /// The number of the newest frame, `time / FRAME_US`; `None` before the first packet.
    newest: Option<u64>,
    floor: NoiseFloor,
    smoothed: u16,
}

impl SpeechLevels {
    pub(crate) const fn new() -> Self {
        Self {
            frames: [0; FRAMES],
            newest: None,
            floor: NoiseFloor::new(),
            smoothed: 0,
        }
    }

    /// Records the level of a packet. Frames without a packet are as loud as the next one if the stream was continuous,
    /// else silent.
    pub(crate) fn record(&mut self, now: Micros, level: AudioLevel) -> PacketLoudness {
        let loudness = 127 - level.level.min(127);
        let frame = now.0 / FRAME_US;
        match self.newest {
            Some(newest) if frame <= newest => {
                let slot = self.slot(newest);
                *slot = loudness.max(*slot);
            }
            newest => {
                let missing = newest.map_or(0, |newest| frame - newest - 1);
                let fill = if missing < CONTINUOUS_FRAMES {
                    loudness
                } else {
                    0
                };
                for back in 1..=missing.min(FRAMES as u64) {
                    *self.slot(frame - back) = fill;
                }
                *self.slot(frame) = loudness;
                self.newest = Some(frame);
            }
        }
        self.floor.record(now, loudness);
        self.smoothed = self.smoothed - self.smoothed / SMOOTHING + u16::from(loudness);
        PacketLoudness {
            is_loud: self.is_loud(loudness),
            smoothed: self.smoothed,
        }
    }

    /// The activity of the last second.
    pub(crate) fn activity(&self, now: Micros) -> SpeechActivity {
        let Some(newest) = self.newest else {
            return SpeechActivity::SILENT;
        };
        let frame = now.0 / FRAME_US;
        let silent = match frame.saturating_sub(newest) {
            late if late <= LATE_FRAMES => 0,
            silent => silent,
        };
        let loudness = |back: usize| {
            let back = (back as u64).checked_sub(silent)?;
            let number = newest.checked_sub(back)?;
            let loudness = *self.frames.get((number % FRAMES as u64) as usize)?;
            self.is_loud(loudness).then_some(loudness)
        };
        SpeechActivity::of(std::array::from_fn(|back| loudness(back).unwrap_or(0)))
    }

    fn is_loud(&self, loudness: u8) -> bool {
        loudness >= QUIETEST_SPEECH && loudness >= self.floor.loudness() + ABOVE_NOISE
    }

    #[allow(clippy::indexing_slicing, reason = "the index is below FRAMES")]
    fn slot(&mut self, frame: u64) -> &mut u8 {
        &mut self.frames[(frame % FRAMES as u64) as usize]
    }
}
