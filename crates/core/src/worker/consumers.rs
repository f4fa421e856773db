//! Commands about consumers.

use hubbub_codec::Layer;

use crate::api::{
    CommandError, ConsumerId, ConsumerSpec, MediaKind, Micros, ProducerId, ReplyBody, TransportId,
};
use crate::entities::{CongestionControl, Consumer};

use super::Worker;
use super::spec_rules::check_consumer;

/// Consumers per transport.
const MAX_CONSUMERS: usize = 4_096;

impl Worker {
    pub(super) fn create_consumer(
        &mut self,
        now: Micros,
        id: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: ConsumerSpec,
    ) -> Result<ReplyBody, CommandError> {
        if self.is_consumer_id_used(id) {
            return Err(CommandError::AlreadyExists);
        }
        let transport_key = self.transport_key(transport)?;
        let named = self.producer_key(producer)?;
        let producer_key = self.newest(named);
        let transport = self.tables.transports.get_mut(transport_key)?;
        let producer = self.tables.producers.get_mut(producer_key)?;
        if producer.router != transport.router || transport.link.pipe().is_some() {
            return Err(CommandError::InvalidState);
        }
        if spec.kind != producer.kind {
            return Err(CommandError::InvalidSpec);
        }
        check_consumer(&spec)?;
        if transport.consumers.len() >= MAX_CONSUMERS {
            return Err(CommandError::LimitReached);
        }
        let ssrcs: Vec<_> = std::iter::once(spec.ssrc).chain(spec.rtx_ssrc).collect();
        transport.claim_ssrcs(&ssrcs)?;

        let ssrc = spec.ssrc;
        let consumer = Consumer::new(
            id,
            producer_key,
            producer,
            transport_key,
            spec,
            &mut self.random,
        );
        // For a server nothing is estimated, paced or left out for lack of bandwidth.
        let is_estimated = consumer.is_allocated() && !transport.link.is_plain();
        if is_estimated && transport.congestion.is_none() {
            let limits = self.config.outgoing_bitrate;
            let control = CongestionControl::new(now, limits, consumer.has_feedback());
            transport.congestion = Some(Box::new(control));
        }
        let rtx_ssrc = consumer.rtx.as_ref().map(|rtx| rtx.ssrc);
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
        let consumer = self.tables.consumers.get_mut(key)?;
        if consumer.paused != paused {
            consumer.paused = paused;
            consumer.stop_forwarding();
            consumer.forget_reported_layers();
            let (transport, producer) = (consumer.transport, consumer.producer);
            self.allocate(now, transport)?;
            self.update_wanted_encodings(now, producer)?;
            if !paused {
                self.request_key_frame_of_consumer(now, key)?;
            }
        }
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_consumer_priority(
        &mut self,
        now: Micros,
        id: ConsumerId,
        priority: u8,
    ) -> Result<ReplyBody, CommandError> {
        if priority == 0 {
            return Err(CommandError::InvalidSpec);
        }
        let key = self.consumer_key(id)?;
        let consumer = self.tables.consumers.get_mut(key)?;
        consumer.priority = priority;
        let transport = consumer.transport;
        self.allocate(now, transport)?;
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_preferred_layers(
        &mut self,
        now: Micros,
        id: ConsumerId,
        spatial: u8,
        temporal: Option<u8>,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.consumer_key(id)?;
        let consumer = self.tables.consumers.get_mut(key)?;
        if consumer.kind != MediaKind::Video {
            return Err(CommandError::InvalidState);
        }
        let producer_key = consumer.producer;
        let producer = self.tables.producers.get_mut(producer_key)?;
        let preferred = Layer {
            spatial,
            temporal: temporal.unwrap_or(u8::MAX),
        };
        consumer.prefer(preferred, producer);
        let transport = consumer.transport;
        self.allocate(now, transport)?;
        self.update_wanted_encodings(now, producer_key)?;
        let consumer = self.tables.consumers.get_mut(key)?;
        let producer = self.tables.producers.get_mut(producer_key)?;
        let forwarded = consumer.forwarded_encoding(producer);
        let target = consumer.target_encoding(producer);
        match forwarded {
            Some(forwarded) if forwarded > target => producer.expect_key_frame_of_less(target),
            Some(forwarded) if forwarded < target => producer.expect_key_frame(target),
            _ => {}
        }
        self.send_key_frame_requests(now, producer_key)?;
        Ok(ReplyBody::Done {})
    }
}
