//! The encodings that somebody receives, of which the producing client, or the origin of a pipe, is told.

use crate::api::{Event, Micros};
use crate::entities::{DanglingKey, Origin, ProducerKey};

use super::Worker;

/// How often consumers are asked what they want. Commands that change it do not wait.
const INTERVAL_US: u64 = 100_000;

impl Worker {
    /// As [`Self::update_wanted_encodings`], if that is due.
    pub(super) fn tick_wanted_encodings(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        if now < producer.next_wanted {
            return Ok(());
        }
        producer.next_wanted = now.plus(INTERVAL_US);
        if producer.is_awaited() {
            self.tend_waiting(now, key)?;
        }
        self.update_wanted_encodings(now, key)
    }

    /// Reports when the encodings that the consumers of a producer want are others than those that its client is asked to
    /// send. A paused producer sends nothing, so nothing changes. A client's single encoding is always sent.
    pub(super) fn update_wanted_encodings(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get(key)?;
        let is_always_sent = producer.origin == Origin::Client && producer.encodings.len() < 2;
        if is_always_sent || producer.paused {
            return Ok(());
        }
        let (mut wanted, mut preferred) = (0, 0);
        // Those who wait for it count as well.
        for source in std::iter::once(&key).chain(producer.predecessors()) {
            for consumer in &self.tables.producers.get(*source)?.consumers {
                let consumer = self.tables.consumers.get(*consumer)?;
                wanted |= consumer.wanted_encodings(now, producer);
                preferred |= consumer.preferred_encodings();
            }
        }
        for pipe in &producer.pipes {
            wanted |= self.tables.pipe_consumers.get(*pipe)?.sent_encodings();
        }
        let producer = self.tables.producers.get_mut(key)?;
        wanted |= producer
            .wanted
            .on_trial(now, preferred, producer.seen_encodings());
        if producer.want_encodings(now, wanted) {
            let event = Event::LayersWanted {
                producer: producer.id,
                encodings: (0..producer.encodings.len())
                    .map(|encoding| producer.wanted.is_on(encoding))
                    .collect(),
            };
            self.events.replace(&mut producer.wanted_event, event);
        }
        Ok(())
    }
}
