//! Commands about producers.

use crate::api::{
    CodecMapping, CommandError, ExtensionMapping, Micros, ProducerId, ProducerSpec, ReplyBody,
    TransportId,
};
use crate::producer::Producer;
use crate::transport::{IncomingStream, Transport};

use super::Worker;

/// Producers that a transport may have at a time.
const MAX_PRODUCERS: usize = 64;

/// Encodings of a producer: one bit each in a `u32`, and more than any client sends.
const MAX_ENCODINGS: usize = 8;

/// Entries of any other list in a spec.
pub(super) const MAX_LIST: usize = 64;

/// Bytes of a MID or RID.
pub(super) const MAX_NAME: usize = 32;

impl Worker {
    pub(super) fn create_producer(
        &mut self,
        id: ProducerId,
        transport: TransportId,
        spec: ProducerSpec,
    ) -> Result<ReplyBody, CommandError> {
        if self.tables.producer_ids.contains_key(&id) {
            return Err(CommandError::AlreadyExists);
        }
        let transport_key = self.transport_key(transport)?;
        let transport = self
            .tables
            .transports
            .get_mut(transport_key)
            .ok_or(CommandError::NotFound)?;
        if transport.producers.len() >= MAX_PRODUCERS {
            return Err(CommandError::LimitReached);
        }
        check(&spec)?;
        let mut mids = transport
            .producers
            .iter()
            .filter_map(|key| self.tables.producers.get(*key)?.mid.as_deref());
        if spec.mid.is_some() && mids.any(|mid| Some(mid) == spec.mid.as_deref()) {
            return Err(CommandError::InvalidSpec);
        }
        check_ssrcs(transport, &spec)?;

        let producer = Producer::new(id, transport_key, transport.router, spec);
        let streams: Vec<_> = producer.bound().collect();
        transport.transport_cc = producer.extensions.transport_cc.or(transport.transport_cc);
        let key = self.tables.producers.insert(producer);
        self.tables.producer_ids.insert(id, key);
        transport.producers.push(key);
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
        Ok(ReplyBody::Done {})
    }

    pub(super) fn set_producer_paused(
        &mut self,
        now: Micros,
        id: ProducerId,
        paused: bool,
    ) -> Result<ReplyBody, CommandError> {
        let key = self.producer_key(id)?;
        let producer = self
            .tables
            .producers
            .get_mut(key)
            .ok_or(CommandError::NotFound)?;
        if producer.paused != paused {
            producer.paused = paused;
            for consumer in &producer.consumers {
                if let Some(consumer) = self.tables.consumers.get_mut(*consumer) {
                    consumer.halt();
                }
            }
            if !paused {
                self.await_key_frame(now, key);
            }
        }
        Ok(ReplyBody::Done {})
    }
}

/// What must hold of a spec by itself.
fn check(spec: &ProducerSpec) -> Result<(), CommandError> {
    let encodings = &spec.encodings;
    let rids_differ = encodings.iter().enumerate().all(|(index, encoding)| {
        encoding.rid.is_none()
            || encodings
                .iter()
                .skip(index + 1)
                .all(|other| other.rid != encoding.rid)
    });
    let is_found =
        |encoding: &crate::api::EncodingSpec| encoding.ssrc.is_some() || encoding.rid.is_some();
    let names = encodings
        .iter()
        .filter_map(|encoding| encoding.rid.as_ref())
        .chain(&spec.mid);
    let fine = (1..=MAX_ENCODINGS).contains(&encodings.len())
        && (encodings.len() == 1 || encodings.iter().all(is_found))
        && rids_differ
        && names
            .into_iter()
            .all(|name| (1..=MAX_NAME).contains(&name.len()))
        && are_codecs_fine(&spec.codecs)
        && are_extensions_fine(&spec.extensions);
    if fine {
        Ok(())
    } else {
        Err(CommandError::InvalidSpec)
    }
}

/// Each payload type is of 7 bits and means one thing.
pub(super) fn are_codecs_fine(codecs: &[CodecMapping]) -> bool {
    let mut seen = [false; 128];
    let types = codecs
        .iter()
        .flat_map(|codec| [Some(codec.payload_type), codec.rtx_payload_type])
        .flatten();
    let mut is_new = |number: u8| {
        seen.get_mut(usize::from(number))
            .is_some_and(|seen| !std::mem::replace(seen, true))
    };
    (1..=MAX_LIST).contains(&codecs.len())
        && types.into_iter().all(&mut is_new)
        && codecs.iter().all(|codec| codec.clock_rate > 0)
}

/// Each id means one thing, and each extension has one id.
pub(super) fn are_extensions_fine(extensions: &[ExtensionMapping]) -> bool {
    extensions.len() <= MAX_LIST
        && extensions.iter().enumerate().all(|(index, one)| {
            one.id != 0
                && extensions
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.id != one.id && other.kind != one.kind)
        })
}

/// No SSRC of the spec stands in it twice or is another producer's.
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
