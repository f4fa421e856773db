//! Who speaks in a room, from the audio levels of its microphones (RFC 6464). Pure: no I/O, and time is an argument.
//!
//! [`SpeechLevels`] keeps the levels of one stream and reduces them to a [`SpeechActivity`]. [`DominantSpeaker`] compares
//! the activities of all streams of a room, wherever they were measured. [`AudioSelection`] chooses the streams to forward.

mod activity;
mod dominant_speaker;
mod levels;
mod noise_floor;
mod selection;

pub(crate) use activity::SpeechActivity;
pub(crate) use dominant_speaker::DominantSpeaker;
pub(crate) use levels::{PacketLoudness, SpeechLevels};
pub(crate) use selection::{AudioSelection, Offer};
