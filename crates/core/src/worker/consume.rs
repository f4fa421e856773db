//! Commands about consumers, and who needs a key frame when.

use crate::api::{
    CommandError, ConsumerId, ConsumerSpec, MediaKind, Micros, ProducerId, ReplyBody, TransportId,
};
use crate::consumer::Consumer;
use crate::tables::{ConsumerKey, ProducerKey, TransportKey};
use crate::transport::Transport;

use super::Worker;
use super::produce::{MAX_NAME, are_codecs_fine, are_extensions_fine};

/// Consumers that a transport may have at a time.
const MAX_CONSUMERS: usize = 4_096;

/// Bytes of a CNAME: its length field has one byte (RFC 3550 section 6.5).
const MAX_CNAME: usize = 255;

impl Worker {
    pub(super) fn create_consumer(
        &mut self,
        id: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: ConsumerSpec,
    ) -> Result<ReplyBody, CommandError> {
        if self.tables.consumer_ids.contains_key(&id) {
            return Err(CommandError::AlreadyExists);
        }
        let transport_key = self.transport_key(transport)?;
        let producer_key = self.producer_key(producer)?;
        let transport = self
            .tables
            .transports
            .get_mut(transport_key)
            .ok_or(CommandError::NotFound)?;
        let producer = self
            .tables
            .producers
            .get_mut(producer_key)
            .ok_or(CommandError::NotFound)?;
        if producer.router != transport.router {
            return Err(CommandError::InvalidState);
        }
        let fine = spec.kind == producer.kind
            && spec.mid.len() <= MAX_NAME
            && spec.cname.len() <= MAX_CNAME
            && are_codecs_fine(&spec.codecs)
            && are_extensions_fine(&spec.extensions);
        if !fine {
            return Err(CommandError::InvalidSpec);
        }
        if transport.consumers.len() >= MAX_CONSUMERS {
            return Err(CommandError::LimitReached);
        }
        transport.take_ssrcs(spec.ssrc, spec.rtx_ssrc)?;

        let (ssrc, rtx_ssrc) = (spec.ssrc, spec.rtx_ssrc);
        let consumer = Consumer::new(
            id,
            producer_key,
            producer,
            transport_key,
            spec,
            &mut self.random,
        );
        let key = self.tables.consumers.insert(consumer);
        self.tables.consumer_ids.insert(id, key);
        producer.consumers.push(key);
        transport.consumers.push(key);
        transport.outgoing.insert(ssrc, key);
        if let Some(rtx_ssrc) = rtx_ssrc {
            transport.outgoing.insert(rtx_ssrc, key);
        }
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_consumer_paused(
        &mut self,
        now: Micros,
        id: ConsumerId,
        paused: bool,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.consumer_key(id)?;
        let consumer = self
            .tables
            .consumers
            .get_mut(key)
            .ok_or(CommandError::NotFound)?;
        if consumer.paused != paused {
            consumer.paused = paused;
            consumer.halt();
            if !paused {
                self.request_key_frame(now, key);
            }
        }
        Ok(ReplyBody::Done {})
    }

    /// This consumer needs a key frame of what it receives or shall receive. As long as its transport carries nothing,
    /// a key frame would be lost on it; [`Self::await_key_frames_of_transport`] asks when it does.
    pub(super) fn request_key_frame(&mut self, now: Micros, key: ConsumerKey) {
        let Some(consumer) = self.tables.consumers.get(key) else {
            return;
        };
        let transport = self.tables.transports.get(consumer.transport);
        if !transport.is_some_and(Transport::is_ready) {
            return;
        }
        let producer_key = consumer.producer;
        let Some(producer) = self.tables.producers.get_mut(producer_key) else {
            return;
        };
        let current = consumer
            .current()
            .and_then(|source| producer.encoding_of_source(source));
        let encoding = current.unwrap_or(producer.layers.best());
        producer.want_key_frame(encoding);
        self.ask_for_key_frames(now, producer_key);
    }

    /// Whoever consumes this producer begins anew.
    pub(super) fn await_key_frame(&mut self, now: Micros, key: ProducerKey) {
        let Some(producer) = self.tables.producers.get_mut(key) else {
            return;
        };
        producer.want_key_frame(producer.layers.best());
        self.ask_for_key_frames(now, key);
    }

    /// Media can be sent to this transport from now on: its consumers that wait for it begin.
    pub(super) fn await_key_frames_of_transport(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self
            .tables
            .transports
            .get(key)
            .filter(|transport| transport.is_ready())
        else {
            return;
        };
        for consumer in transport.consumers.clone() {
            let waits = |consumer: &&Consumer| {
                consumer.kind == MediaKind::Video
                    && !consumer.paused
                    && consumer.current().is_none()
            };
            if self
                .tables
                .consumers
                .get(consumer)
                .as_ref()
                .is_some_and(waits)
            {
                self.request_key_frame(now, consumer);
            }
        }
    }
}
