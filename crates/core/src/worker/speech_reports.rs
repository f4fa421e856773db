//! Who speaks in each room: the choice of the forwarded microphones, and reports of active speaker and levels.

use hubbub_wire::rtp::RtpPacket;

use crate::api::{AudioVolume, Event, Micros};
use crate::entities::{DanglingKey, ProducerKey, RouterKey};
use crate::speech::Offer;

use super::Worker;

/// Ticks from one decision on a router to the next: 300 ms. Each tick decides on a share of the routers.
const TICKS: usize = 30;

/// Time between two reports of levels while the same people speak.
const LEVELS_INTERVAL_US: u64 = 1_200_000;

/// Levels in one report; the loudest.
const MAX_LEVELS: usize = 10;

impl Worker {
    /// Records the audio level of a packet of a running producer. Returns whether its stream is to be forwarded: always,
    /// unless last-N audio leaves its microphone out. Plain transports get it also then.
    pub(super) fn admit_audio(
        &mut self,
        now: Micros,
        key: ProducerKey,
        packet: &RtpPacket<'_>,
    ) -> Result<bool, DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        let Some(microphone) = &mut producer.microphone else {
            return Ok(true);
        };
        let loudness = microphone.record_level(now, packet);
        let speakers = &mut self.tables.routers.get_mut(producer.router)?.speakers;
        let Some(selection) = &mut speakers.selection else {
            return Ok(true);
        };
        let Some(loudness) = loudness else {
            return Ok(microphone.is_forwarded);
        };
        let (place, deselected) = match selection.offer(now, key, microphone.place, loudness) {
            Offer::Selected(place) => (Some(place), None),
            Offer::Taken(place, former) => (Some(place), Some(former)),
            // Until its first level, it was forwarded.
            Offer::Refused => (None, microphone.is_forwarded.then_some(key)),
        };
        microphone.place = place;
        microphone.is_forwarded = place.is_some();
        if let Some(deselected) = deselected {
            self.deselect(deselected)?;
        }
        Ok(place.is_some())
    }

    /// Decides on the routers whose turn it is, and reports to their rooms.
    pub(super) fn report_speakers(&mut self, now: Micros) {
        let first = self.speaker_turn;
        self.speaker_turn = (first + 1) % TICKS;
        for slot in (first..self.tables.routers.slot_count()).step_by(TICKS) {
            if let Some(key) = self.tables.routers.key_at(slot) {
                let outcome = self.report_speakers_of(now, key);
                self.count_fault(outcome);
            }
        }
    }

    fn report_speakers_of(&mut self, now: Micros, key: RouterKey) -> Result<(), DanglingKey> {
        let router = self.tables.routers.get_mut(key)?;
        self.activities.clear();
        for key in &router.speakers.microphones {
            let producer = self.tables.producers.get(*key)?;
            let activity = producer
                .microphone
                .as_ref()
                .map(|microphone| microphone.levels.activity(now))
                .filter(|activity| activity.is_speaking);
            if let Some(activity) = activity {
                self.activities.push((*key, activity));
            }
        }
        let speakers = &mut router.speakers;
        if let Some((speaker, activity)) = speakers.dominant.decide(self.activities.iter().copied())
        {
            let event = Event::ActiveSpeaker {
                router: router.id,
                speaker: AudioVolume {
                    producer: self.tables.producers.get(speaker)?.id,
                    volume: activity.volume,
                },
            };
            self.events.replace(&mut speakers.speaker_event, event);
        }
        self.activities
            .sort_unstable_by_key(|(_, activity)| std::cmp::Reverse(activity.volume));
        self.activities.truncate(MAX_LEVELS);
        let reported = &mut speakers.reported;
        let is_same = self.activities.len() == reported.len()
            && self
                .activities
                .iter()
                .all(|(key, _)| reported.contains(key));
        if is_same && (reported.is_empty() || now.since(speakers.reported_at) < LEVELS_INTERVAL_US)
        {
            return Ok(());
        }
        speakers.reported_at = now;
        reported.clear();
        let mut levels = Vec::with_capacity(self.activities.len());
        for (key, activity) in &self.activities {
            reported.push(*key);
            levels.push(AudioVolume {
                producer: self.tables.producers.get(*key)?.id,
                volume: activity.volume,
            });
        }
        let event = Event::AudioLevels {
            router: router.id,
            levels,
        };
        self.events.replace(&mut speakers.levels_event, event);
        Ok(())
    }

    /// Stops forwarding a microphone to all but plain transports until it is selected again.
    fn deselect(&mut self, key: ProducerKey) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        if let Some(microphone) = &mut producer.microphone {
            microphone.place = None;
            microphone.is_forwarded = false;
        }
        for consumer in &producer.consumers {
            let consumer = self.tables.consumers.get_mut(*consumer)?;
            if !self
                .tables
                .transports
                .get(consumer.transport)?
                .link
                .is_plain()
            {
                consumer.stop_forwarding();
            }
        }
        Ok(())
    }
}
