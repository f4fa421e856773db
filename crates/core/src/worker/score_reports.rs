//! Reports of how well streams arrive, once a second.

use crate::api::{Event, Micros};
use crate::entities::{DanglingKey, TransportKey};

use super::Worker;

const INTERVAL_US: u64 = 1_000_000;

impl Worker {
    /// Reports the scores of the transport's producers and consumers that have changed, if that is due.
    pub(super) fn report_scores(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if now < transport.next_scores {
            return Ok(());
        }
        transport.next_scores = now.plus(INTERVAL_US);
        // What comes through a pipe is scored where it comes from.
        let is_pipe = transport.link.pipe().is_some();
        for producer in transport.producers.iter().filter(|_| !is_pipe) {
            let producer = self.tables.producers.get_mut(*producer)?;
            if let Some(scores) = producer.changed_scores() {
                let event = Event::ProducerScore {
                    producer: producer.id,
                    scores,
                };
                self.events.replace(&mut producer.score_event, event);
            }
        }
        for consumer in &transport.consumers {
            let consumer = self.tables.consumers.get_mut(*consumer)?;
            let producer = self.tables.producers.get(consumer.producer)?;
            if let Some((score, encoding)) = consumer.changed_scores(producer) {
                let event = Event::ConsumerScore {
                    consumer: consumer.id,
                    score,
                    encoding,
                    producer_scores: (0..producer.encodings.len())
                        .map(|encoding| producer.score(encoding))
                        .collect(),
                };
                self.events.replace(&mut consumer.score_event, event);
            }
        }
        Ok(())
    }
}
