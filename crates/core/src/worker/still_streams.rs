//! Streams that stand still: who joins gets the last group of pictures, since no key frame comes.

use crate::api::Micros;
use crate::entities::{ConsumerKey, DanglingKey, ProducerKey};

use super::Worker;
use super::datagram::Audience;

const INTERVAL_US: u64 = 100_000;
/// A client that asks for key frames gets the group again after this long.
const REPEAT_US: u64 = 1_000_000;

impl Worker {
    /// Lets the consumers that wait for a stream which stands still start with its kept group of pictures.
    pub(super) fn offer_kept_groups(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get_mut(key)?;
        if producer.paused || now < producer.next_offer {
            return Ok(());
        }
        producer.next_offer = now.plus(INTERVAL_US);
        // The highest encoding that a consumer may receive comes first.
        for encoding in (0..producer.streams.len()).rev() {
            let stream = self.tables.producers.get(key)?.stream(encoding);
            if let Some(sequence) = stream.and_then(|stream| stream.still_since(now)) {
                self.start_successor(now, key, encoding, sequence)?;
                self.forward(now, key, encoding, sequence, true, Audience::Waiting)?;
                self.forward_to_pipes(now, key, encoding, sequence, true, true)?;
            }
        }
        Ok(())
    }

    /// A client asks for a key frame: if its stream stands still, it starts again with the kept group.
    pub(super) fn start_again(&mut self, now: Micros, key: ConsumerKey) -> Result<(), DanglingKey> {
        let consumer = self.tables.consumers.get_mut(key)?;
        let producer = self.tables.producers.get(consumer.producer)?;
        let forwarded = consumer
            .current_source()
            .and_then(|source| producer.stream_of_source(source));
        let is_still = forwarded.is_some_and(|stream| stream.still_since(now).is_some());
        if is_still && consumer.next_restart <= now {
            consumer.next_restart = now.plus(REPEAT_US);
            consumer.stop_forwarding();
        }
        Ok(())
    }
}
