//! The microphone behind an audio producer.

use hubbub_wire::rtp::{AudioLevel, RtpPacket};

use crate::api::{MediaKind, Micros, ProducerSpec};
use crate::entities::header_extensions::IncomingExtensions;
use crate::speech::{PacketLoudness, SpeechLevels};

/// The levels of a microphone, and its place among the forwarded ones.
#[derive(Debug)]
pub(crate) struct Microphone {
    /// Id of the audio level extension.
    extension: u8,
    pub(crate) levels: SpeechLevels,
    /// The place in the router's `AudioSelection`.
    pub(crate) place: Option<usize>,
    /// The consumers get its packets. True until the selection leaves it out.
    pub(crate) is_forwarded: bool,
}

impl Microphone {
    /// `None` for a producer that is no microphone, or whose client sends no levels.
    pub(super) fn of(spec: &ProducerSpec, extensions: &IncomingExtensions) -> Option<Box<Self>> {
        let extension = extensions
            .audio_level
            .filter(|_| spec.kind == MediaKind::Audio && spec.is_microphone)?;
        Some(Box::new(Self {
            extension,
            levels: SpeechLevels::new(),
            place: None,
            is_forwarded: true,
        }))
    }

    /// Records the level of a packet, if it has one.
    pub(crate) fn record_level(
        &mut self,
        now: Micros,
        packet: &RtpPacket<'_>,
    ) -> Option<PacketLoudness> {
        let level = AudioLevel::parse(packet.extension(self.extension)?).ok()?;
        Some(self.levels.record(now, level))
    }

    /// Continues a microphone that this one replaces: what it has heard, and its place if it has one.
    pub(crate) fn continue_from(&mut self, former: Self) {
        self.levels = former.levels;
        if former.place.is_some() {
            self.place = former.place;
            self.is_forwarded = former.is_forwarded;
        }
    }

    /// The producer is paused: it is silent, and another one gets its place.
    pub(crate) fn pause(&mut self) {
        self.levels = SpeechLevels::new();
        self.place = None;
        self.is_forwarded = true;
    }
}
