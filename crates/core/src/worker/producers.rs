//! Commands about producers.

use crate::api::{CommandError, Micros, ProducerId, ProducerSpec, ReplyBody, TransportId};
use crate::entities::{IncomingStream, Origin, Producer, Transport};

use super::Worker;
use super::spec_rules::check_producer;

/// Producers per transport of a client, and per pipe: those of a room.
const MAX_PRODUCERS: usize = 64;
const MAX_PIPE_PRODUCERS: usize = 4_096;

impl Worker {
    pub(super) fn create_producer(
        &mut self,
        now: Micros,
        id: ProducerId,
        transport: TransportId,
        spec: ProducerSpec,
    ) -> Result<ReplyBody, CommandError> {
        if self.tables.producer_ids.contains_key(&id) {
            return Err(CommandError::AlreadyExists);
        }
        let transport_key = self.transport_key(transport)?;
        let transport = self.tables.transports.get_mut(transport_key)?;
        let (origin, max) = match transport.link.pipe() {
            Some(_) => (Origin::Pipe, MAX_PIPE_PRODUCERS),
            None => (Origin::Client, MAX_PRODUCERS),
        };
        if transport.producers.len() >= max {
            return Err(CommandError::LimitReached);
        }
        check_producer(&spec)?;
        // What a pipe carries is known by its SSRCs alone.
        if origin == Origin::Pipe
            && (spec.mid.is_some()
                || spec
                    .encodings
                    .iter()
                    .any(|encoding| encoding.ssrc.is_none()))
        {
            return Err(CommandError::InvalidSpec);
        }
        for other in &transport.producers {
            let other = self.tables.producers.get(*other)?;
            if spec.mid.is_some() && other.mid == spec.mid {
                return Err(CommandError::InvalidSpec);
            }
        }
        check_ssrcs(transport, &spec)?;

        let producer = Producer::new(id, transport_key, transport.router, origin, spec);
        let router = producer.microphone.is_some().then_some(producer.router);
        let streams: Vec<_> = producer.bound_ssrcs().collect();
        transport.transport_cc = producer.extensions.transport_cc.or(transport.transport_cc);
        let key = self.tables.producers.insert(producer);
        self.tables.producer_ids.insert(id, key);
        transport.producers.push(key);
        if let Some(router) = router {
            self.tables
                .routers
                .get_mut(router)?
                .speakers
                .microphones
                .push(key);
        }
        for (encoding, is_rtx, ssrc) in streams {
            transport.incoming.insert(
                ssrc,
                IncomingStream {
                    producer: key,
                    encoding,
                    is_rtx,
                },
            );
        }
        self.update_wanted_encodings(now, key)?;
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_producer_paused(
        &mut self,
        now: Micros,
        id: ProducerId,
        paused: bool,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.producer_key(id)?;
        let producer = self.tables.producers.get_mut(key)?;
        if producer.paused != paused {
            producer.paused = paused;
            for consumer in &producer.consumers {
                self.tables.consumers.get_mut(*consumer)?.stop_forwarding();
            }
            for pipe in &producer.pipes {
                self.tables.pipe_consumers.get_mut(*pipe)?.stop();
            }
            if paused && let Some(microphone) = &mut producer.microphone {
                microphone.pause();
                self.tables
                    .routers
                    .get_mut(producer.router)?
                    .speakers
                    .pause(key);
            }
            if !paused {
                // Packets lost during the pause are of no use to anybody.
                for stream in producer.streams.iter_mut().flatten() {
                    stream.nacks.clear();
                }
                for pipe in self.tables.producers.get(key)?.pipes.clone() {
                    let transport = self.tables.pipe_consumers.get(pipe)?.transport;
                    self.allocate(now, transport)?;
                }
                self.update_wanted_encodings(now, key)?;
                self.request_key_frame_of_producer(now, key)?;
            }
        }
        Ok(ReplyBody::Done {})
    }
}

/// Checks that every SSRC of the spec is unique in it and unused by other producers of the transport.
fn check_ssrcs(transport: &Transport, spec: &ProducerSpec) -> Result<(), CommandError> {
    let ssrcs = || {
        spec.encodings
            .iter()
            .flat_map(|encoding| [encoding.ssrc, encoding.rtx_ssrc])
            .flatten()
    };
    let is_taken = |(index, ssrc): (usize, u32)| {
        transport.incoming.contains_key(&ssrc) || ssrcs().skip(index + 1).any(|other| other == ssrc)
    };
    if ssrcs().enumerate().any(is_taken) {
        Err(CommandError::InvalidSpec)
    } else {
        Ok(())
    }
}
