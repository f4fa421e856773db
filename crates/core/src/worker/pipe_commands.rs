//! Commands about pipes.

use crate::api::{
    CommandError, ConsumerId, MediaKind, Micros, Path, PipeConsumerSpec, PipeLink as LinkSpec,
    ProducerId, ReplyBody, RouterId, TransportId,
};
use crate::entities::{
    CongestionControl, Inbound, Link, Outbound, PipeConsumer, PipeConsumerKey, PipeLink,
    PipedStream,
};

use super::Worker;
use super::spec_rules::check_pipe_consumer;

/// Pipe consumers per transport.
const MAX_PIPE_CONSUMERS: usize = 4_096;

impl Worker {
    pub(super) fn create_pipe_transport(
        &mut self,
        now: Micros,
        id: TransportId,
        router: RouterId,
        link: LinkSpec,
    ) -> Result<ReplyBody, CommandError> {
        let key = match link {
            LinkSpec::Worker { worker, pair } => {
                let path = Path::ring(worker, pair);
                if self.tables.paths.contains_key(&path) {
                    return Err(CommandError::AlreadyExists);
                }
                let key = self.add_transport(id, router, Link::Pipe(PipeLink::ring(path)))?;
                let transport = self.tables.transports.get_mut(key)?;
                transport.inbound = Some(Inbound::Clear);
                transport.outbound = Some(Outbound::Clear);
                self.tables.paths.insert(path, key);
                key
            }
            LinkSpec::Node {
                ice,
                remote_ice,
                remote,
                local,
            } => {
                self.router_key(router)?;
                let node = self.node_link(now, ice, &remote_ice, remote, local)?;
                let (connection, ufrag) = (node.id, node.ufrag.clone());
                let key = self.add_transport(id, router, Link::Pipe(PipeLink::to_node(node)))?;
                self.tables.connections.insert(connection, key);
                self.tables.ufrags.insert(ufrag, key);
                self.tend_node_link(now, key)?;
                key
            }
        };
        // The other side of a pipe is one of ours: it sends what was limited where it came from.
        self.tables.transports.get_mut(key)?.max_incoming_bitrate = None;
        Ok(ReplyBody::Done {})
    }

    pub(super) fn create_pipe_consumer(
        &mut self,
        now: Micros,
        id: ConsumerId,
        transport: TransportId,
        producer: ProducerId,
        spec: PipeConsumerSpec,
    ) -> Result<ReplyBody, CommandError> {
        if self.is_consumer_id_used(id) {
            return Err(CommandError::AlreadyExists);
        }
        let transport_key = self.transport_key(transport)?;
        let producer_key = self.producer_key(producer)?;
        let transport = self.tables.transports.get_mut(transport_key)?;
        let producer = self.tables.producers.get_mut(producer_key)?;
        let Some(link) = transport.link.pipe() else {
            return Err(CommandError::InvalidState);
        };
        if producer.router != transport.router {
            return Err(CommandError::InvalidState);
        }
        check_pipe_consumer(&spec)?;
        if spec.kind != producer.kind || spec.encodings.len() != producer.encodings.len() {
            return Err(CommandError::InvalidSpec);
        }
        let leads_to_node = link.node.is_some();
        // A packet crosses a link once.
        if producer
            .pipes
            .iter()
            .any(|pipe| link.consumers.contains(pipe))
        {
            return Err(CommandError::AlreadyExists);
        }
        if link.consumers.len() >= MAX_PIPE_CONSUMERS {
            return Err(CommandError::LimitReached);
        }
        let ssrcs: Vec<_> = spec
            .encodings
            .iter()
            .flat_map(|encoding| std::iter::once(encoding.ssrc).chain(encoding.rtx_ssrc))
            .collect();
        transport.claim_ssrcs(&ssrcs)?;

        let mut consumer = PipeConsumer::new(
            id,
            producer_key,
            producer,
            transport_key,
            spec,
            &mut self.random,
        );
        if leads_to_node && consumer.kind == MediaKind::Video && consumer.has_feedback() {
            consumer.is_allocated = true;
            let limits = self.config.link_bitrate;
            transport
                .congestion
                .get_or_insert_with(|| Box::new(CongestionControl::new(now, limits, true)));
        }
        let streams: Vec<_> = consumer
            .encodings
            .iter()
            .enumerate()
            .flat_map(|(index, encoding)| encoding.ssrcs().map(move |ssrc| (ssrc, index)))
            .collect();
        let key = self.tables.pipe_consumers.insert(consumer);
        self.tables.pipe_consumer_ids.insert(id, key);
        producer.pipes.push(key);
        if let Some(link) = transport.link.pipe_mut() {
            link.consumers.push(key);
            link.outgoing
                .extend(streams.into_iter().map(|(ssrc, encoding)| {
                    let stream = PipedStream {
                        consumer: key,
                        encoding,
                    };
                    (ssrc, stream)
                }));
        }
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_piped_encodings(
        &mut self,
        now: Micros,
        id: ConsumerId,
        encodings: &[bool],
    ) -> Result<ReplyBody, CommandError> {
        let key = self.pipe_consumer_key(id)?;
        let consumer = self.tables.pipe_consumers.get_mut(key)?;
        if consumer.encodings.len() != encodings.len() {
            return Err(CommandError::InvalidSpec);
        }
        consumer.wanted = encodings
            .iter()
            .enumerate()
            .fold(0, |set, (index, is_on)| set | u8::from(*is_on) << index);
        if consumer.is_allocated {
            let transport = consumer.transport;
            self.allocate(now, transport)?;
        } else {
            let wanted = consumer.wanted;
            self.send_encodings(now, key, wanted)?;
        }
        Ok(ReplyBody::Done {})
    }

    /// Whether a consumer of either kind has this id.
    pub(super) fn is_consumer_id_used(&self, id: ConsumerId) -> bool {
        self.tables.consumer_ids.contains_key(&id)
            || self.tables.pipe_consumer_ids.contains_key(&id)
    }

    /// Fails for a consumer of a client.
    fn pipe_consumer_key(&mut self, id: ConsumerId) -> Result<PipeConsumerKey, CommandError> {
        self.in_flight.pipe_consumer = self.tables.pipe_consumer_ids.get(&id).copied();
        match self.in_flight.pipe_consumer {
            Some(key) => Ok(key),
            None if self.tables.consumer_ids.contains_key(&id) => Err(CommandError::InvalidState),
            None => Err(CommandError::NotFound),
        }
    }
}
