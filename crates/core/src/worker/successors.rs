//! Producers that are replaced by others with the same track: their consumers move to the successor without a pause.
//!
//! | a consumer of the replaced producer                | moves to the successor                                           |
//! |----------------------------------------------------|------------------------------------------------------------------|
//! | receives nothing: paused, without bandwidth or     | at once                                                          |
//! | keys, or its producer is paused                    |                                                                  |
//! | of audio                                           | at the successor's next packet                                   |
//! | of video                                           | at a key frame of the encoding that it is to receive, or higher; |
//! |                                                    | after two seconds, at one of any encoding within its limit       |
//! | any                                                | when the replaced producer is closed                             |
//!
//! Pipe consumers stay. When the successor is closed, the consumers that wait for it stay, too. A producer that others wait for
//! may be replaced itself: they wait for its successor then. So nobody waits for a producer that is replaced.

use crate::api::{CommandError, Event, MediaKind, Micros, ProducerId, ReplyBody};
use crate::entities::{Consumer, DanglingKey, Producer, ProducerKey, Transport};

use super::Worker;

/// How long video waits for the encoding that it is to receive.
const ENCODING_TIMEOUT_US: u64 = 2_000_000;

impl Worker {
    pub(super) fn replace_producer(
        &mut self,
        now: Micros,
        producer: ProducerId,
        successor: ProducerId,
    ) -> Result<ReplyBody, CommandError> {
        let named = self.producer_key(successor)?;
        let new_key = self.newest(named);
        let old_key = self.producer_key(producer)?;
        let (old, new) = (
            self.tables.producers.get(old_key)?,
            self.tables.producers.get(new_key)?,
        );
        // Also if the successor was replaced by this producer.
        if old_key == new_key || old.router != new.router {
            return Err(CommandError::InvalidState);
        }
        if old.kind != new.kind || old.encodings.len() != new.encodings.len() {
            return Err(CommandError::InvalidSpec);
        }
        if let Some(former) = self.successor_of(old_key) {
            let former = self.tables.producers.get_mut(former)?;
            former.remove_predecessor(old_key);
        }
        let old = self.tables.producers.get_mut(old_key)?;
        let needs = old.needs();
        let mut replaced = old.take_predecessors();
        replaced.push(old_key);
        self.tables.producers.get_mut(new_key)?.inherit(needs);
        for key in replaced {
            let producer = self.tables.producers.get_mut(key)?;
            producer.set_successor(new_key, now);
            self.tables.producers.get_mut(new_key)?.add_predecessor(key);
        }
        self.tend_waiting(now, new_key)?;
        self.update_wanted_encodings(now, new_key)?;
        self.send_key_frame_requests(now, new_key)?;
        Ok(ReplyBody::Done {})
    }

    /// The producer that consumers of this one are to consume: itself, unless it is replaced.
    pub(super) fn newest(&self, mut key: ProducerKey) -> ProducerKey {
        while let Some(successor) = self.successor_of(key) {
            key = successor;
        }
        key
    }

    fn successor_of(&self, key: ProducerKey) -> Option<ProducerKey> {
        let (successor, _) = self.tables.producers.get(key).ok()?.successor()?;
        self.tables.producers.get(successor).ok()?;
        Some(successor)
    }

    /// Moves the consumers that receive nothing to this producer, for which they wait, and asks it for the key frames that
    /// the others need.
    pub(super) fn tend_waiting(
        &mut self,
        now: Micros,
        key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let predecessors = self.tables.producers.get(key)?.predecessors().to_vec();
        for old_key in predecessors {
            self.move_consumers(old_key, key, |_, _| false)?;
            let old = self.tables.producers.get(old_key)?;
            let is_late = is_late(now, old);
            self.due.clone_from(&old.consumers);
            for consumer in &self.due {
                let consumer = self.tables.consumers.get(*consumer)?;
                if consumer.kind == MediaKind::Video {
                    let old = self.tables.producers.get(old_key)?;
                    let new = self.tables.producers.get(key)?;
                    let awaited = consumer.awaited_encoding(old, new, is_late);
                    let new = self.tables.producers.get_mut(key)?;
                    new.expect_key_frame(awaited);
                }
            }
            self.end_replacement(old_key)?;
        }
        Ok(())
    }

    /// Moves the waiting consumers that can go on with this packet of their successor, which starts a key frame, to it.
    pub(super) fn start_successor(
        &mut self,
        now: Micros,
        key: ProducerKey,
        encoding: usize,
        sequence: u64,
    ) -> Result<(), DanglingKey> {
        let predecessors = self.tables.producers.get(key)?.predecessors().to_vec();
        for old_key in predecessors {
            self.move_consumers(old_key, key, |consumer, (old, new)| {
                let Some(stream) = new.stream(encoding) else {
                    return false;
                };
                stream.packet(sequence, now).is_some_and(|packet| {
                    let is_late = is_late(now, old);
                    consumer.can_follow(old, new, (encoding, stream), packet.meta(), is_late)
                })
            })?;
            self.end_replacement(old_key)?;
        }
        Ok(())
    }

    /// Moves all consumers of a replaced producer, which is about to be closed, to its successor.
    pub(super) fn leave_to_successor(&mut self, key: ProducerKey) -> Result<(), DanglingKey> {
        if let Some(successor) = self.successor_of(key) {
            self.move_consumers(key, successor, |_, _| true)?;
            self.end_replacement(key)?;
        }
        Ok(())
    }

    /// If no consumer of a replaced producer is left: nobody waits for its successor any more, which also takes its place
    /// among the microphones.
    pub(super) fn end_replacement(&mut self, key: ProducerKey) -> Result<(), DanglingKey> {
        let old = self.tables.producers.get(key)?;
        if !old.consumers.is_empty() {
            return Ok(());
        }
        let producer = old.id;
        let Some(new_key) = self.successor_of(key) else {
            return Ok(());
        };
        let new = self.tables.producers.get_mut(new_key)?;
        if !new.remove_predecessor(key) {
            return Ok(());
        }
        let successor = new.id;
        self.replace_microphone(key, new_key)?;
        self.events.push(Event::ProducerReplaced {
            producer,
            successor,
        });
        Ok(())
    }

    /// Moves the consumers of a replaced producer that receive nothing, and those that are `ready`, to its successor.
    fn move_consumers(
        &mut self,
        old_key: ProducerKey,
        new_key: ProducerKey,
        ready: impl Fn(&Consumer, (&Producer, &Producer)) -> bool,
    ) -> Result<(), DanglingKey> {
        let mut index = 0;
        loop {
            let old = self.tables.producers.get(old_key)?;
            let new = self.tables.producers.get(new_key)?;
            let Some(key) = old.consumers.get(index).copied() else {
                break;
            };
            self.in_flight.consumer = Some(key);
            let consumer = self.tables.consumers.get_mut(key)?;
            let transport = self.tables.transports.get(consumer.transport)?;
            if !receives_nothing(consumer, transport, old) && !ready(consumer, (old, new)) {
                index += 1;
                continue;
            }
            consumer.follow(new_key, old, new);
            self.tables.producers.get_mut(new_key)?.consumers.push(key);
            self.tables
                .producers
                .get_mut(old_key)?
                .consumers
                .swap_remove(index);
        }
        self.in_flight.consumer = None;
        Ok(())
    }

    /// Only the successor is heard as a microphone from now on.
    fn replace_microphone(
        &mut self,
        old_key: ProducerKey,
        new_key: ProducerKey,
    ) -> Result<(), DanglingKey> {
        let old = self.tables.producers.get_mut(old_key)?;
        let router = old.router;
        let Some(former) = old.microphone.take() else {
            return Ok(());
        };
        let new = self.tables.producers.get_mut(new_key)?;
        let speakers = &mut self.tables.routers.get_mut(router)?.speakers;
        match &mut new.microphone {
            Some(microphone) if !new.paused => {
                microphone.continue_from(*former);
                speakers.replace(old_key, new_key);
            }
            _ => speakers.remove(old_key),
        }
        Ok(())
    }
}

fn is_late(now: Micros, replaced: &Producer) -> bool {
    replaced
        .successor()
        .is_some_and(|(_, since)| now.since(since) >= ENCODING_TIMEOUT_US)
}

fn receives_nothing(consumer: &Consumer, transport: &Transport, producer: &Producer) -> bool {
    producer.paused || consumer.paused || consumer.is_starved() || !transport.is_ready()
}
