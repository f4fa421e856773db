//! How much a stream sounds like speech, after Volfin and Cohen, "Dominant speaker identification for multipoint
//! videoconferencing" (Computer Speech and Language 27, 2013).
//!
//! Three windows end now: a frame of 20 ms, 100 ms, and one second. A unit of a window is active if enough of it is:
//!
//! | window    | units                  | a unit is active if                       |
//! |-----------|------------------------|-------------------------------------------|
//! | immediate | 13 steps of 10 dB      | the frame is that loud                    |
//! | medium    | 5 frames               | its frame is above -47 dBov               |
//! | long      | 10 times 100 ms        | all its frames are                        |
//!
//! Sizes and thresholds are those of jitsi-utils and mediasoup.

/// Frames of a second.
pub(super) const FRAMES: usize = IMMEDIATE_FRAMES * LONG_UNITS as usize;

const IMMEDIATE_UNITS: u8 = 13;
const MEDIUM_UNITS: u8 = 5;
const LONG_UNITS: u8 = 10;
const IMMEDIATE_FRAMES: usize = MEDIUM_UNITS as usize;

/// Loudness of a step, dB.
const STEP: u8 = 10;
/// Steps above which a frame is active.
const ACTIVE_STEPS: u8 = 7;
/// Active frames above which 100 ms are active.
const ACTIVE_FRAMES: u8 = 4;

/// Frames in which somebody who speaks is loud: longer than the pauses between words.
const SPEAKING_FRAMES: usize = 40;
/// Loud frames of speech; fewer are a click.
const MIN_LOUD_FRAMES: usize = 3;

/// The score of a window without activity; scores are positive.
const NO_ACTIVITY: f64 = 1e-10;

/// The activity of one stream in the second before a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpeechActivity {
    /// Active units of each window.
    immediate: u8,
    medium: u8,
    long: u8,
    /// The loudest of the last 800 ms, dBov: -127 to 0.
    pub(crate) volume: i8,
    /// Somebody speaks, or did so less than 800 ms ago.
    pub(crate) is_speaking: bool,
}

/// The likelihood of speech in each window, from short to long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scores(pub(crate) [f64; 3]);

impl SpeechActivity {
    pub(crate) const SILENT: Self = Self {
        immediate: 0,
        medium: 0,
        long: 0,
        volume: -127,
        is_speaking: false,
    };

    /// From the loudness of each frame, newest first: dB above -127 dBov, or 0 if it is noise.
    pub(super) fn of(frames: [u8; FRAMES]) -> Self {
        let is_active = |loudness: &u8| loudness / STEP > ACTIVE_STEPS;
        let mut mediums = frames
            .chunks(IMMEDIATE_FRAMES)
            .map(|frames| frames.iter().filter(|&frame| is_active(frame)).count() as u8);
        let medium = mediums.clone().next().unwrap_or(0);
        let long = mediums.by_ref().filter(|&active| active > ACTIVE_FRAMES);
        let recent = frames.iter().take(SPEAKING_FRAMES);
        Self {
            immediate: frames.first().map_or(0, |frame| frame / STEP),
            medium,
            long: long.count() as u8,
            volume: recent
                .clone()
                .max()
                .map_or(-127, |&loudness| loudness as i8 - 127),
            is_speaking: recent.filter(|&&frame| frame > 0).count() >= MIN_LOUD_FRAMES,
        }
    }

    /// The likelihoods of speech.
    pub(super) fn scores(self) -> Scores {
        Scores([
            score(self.immediate, IMMEDIATE_UNITS, 0.78),
            score(self.medium, MEDIUM_UNITS, 24.0),
            score(self.long, LONG_UNITS, 47.0),
        ])
    }
}

/// The logarithm of the likelihood ratio of speech and silence for a window with `active` of `units` active units: binomial
/// with probability 1/2 under speech, exponential with rate `lambda` under silence.
fn score(active: u8, units: u8, lambda: f64) -> f64 {
    let binomial: f64 = (0..active)
        .map(|k| f64::from(units - k) / f64::from(active - k))
        .product();
    let score = binomial.ln() - f64::from(units) * std::f64::consts::LN_2 - lambda.ln()
        + lambda * f64::from(active);
    score.max(NO_ACTIVITY)
}
