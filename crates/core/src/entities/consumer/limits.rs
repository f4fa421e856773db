//! The layers that a consumer may receive: those that its client prefers, as far as bandwidth was allocated.

use hubbub_codec::Layer;

use super::allowance::{ALL_LAYERS, Allowance};
use super::state::Consumer;
use crate::api::Micros;
use crate::entities::producer::{EncodingSet, Origin, Producer};

impl Consumer {
    /// Limits the layers that the client receives: `spatial` counts the encodings, or the spatial layers of a producer with
    /// one encoding.
    pub(crate) fn prefer(&mut self, preferred: Layer, producer: &Producer) {
        self.preferred = preferred;
        self.apply_limits(producer);
    }

    /// Adopts what bandwidth allows. Returns whether that starts or ends a pause.
    pub(crate) fn allow(&mut self, allowance: Allowance, producer: &Producer) -> bool {
        let was_starved = self.is_starved();
        if self.allowance != allowance {
            self.allowance = allowance;
            self.apply_limits(producer);
        }
        let is_starved = self.is_starved();
        if is_starved {
            self.stop_forwarding();
            self.forget_reported_layers();
        }
        is_starved != was_starved
    }

    /// Whether the client receives nothing for lack of bandwidth.
    pub(crate) fn is_starved(&self) -> bool {
        self.allowance == Allowance::Nothing
    }

    /// The encoding that the client is to receive.
    pub(crate) fn target_encoding(&self, producer: &Producer) -> usize {
        producer.layers.target(self.ceiling().spatial)
    }

    /// The encodings that this consumer needs of a producer with several: the one that it forwards, and the highest that it
    /// may. While that one does not arrive, also the next lower one. Of a pipe, which starts each encoding when it is wanted,
    /// a consumer that receives nothing yet takes the one that arrives first; and one that has become silent may have been
    /// left out for lack of bandwidth, which shows only when another arrives.
    pub(crate) fn wanted_encodings(&self, now: Micros, producer: &Producer) -> EncodingSet {
        if self.paused || self.is_starved() {
            return 0;
        }
        let highest = producer.encodings.len().saturating_sub(1);
        let highest = highest.min(self.ceiling().spatial.into());
        let mut wanted = 1 << self.target_encoding(producer);
        let forwarded = self.forwarded_encoding(producer);
        if let Some(forwarded) = forwarded {
            wanted |= 1 << forwarded;
        }
        let is_piped = producer.origin == Origin::Pipe;
        let takes_any = is_piped && forwarded.is_none();
        for encoding in (0..=highest).rev() {
            wanted |= 1 << encoding;
            let is_enough = if takes_any {
                producer.layers.is_live(encoding)
            } else {
                let is_silent = is_piped && producer.layers.is_silent(encoding, now);
                producer.layers.is_available(encoding) && !is_silent
            };
            if is_enough {
                break;
            }
        }
        wanted
    }

    /// The encodings that this consumer would receive with enough bandwidth, and perhaps some that the producer does not have.
    pub(crate) const fn preferred_encodings(&self) -> EncodingSet {
        if self.paused {
            0
        } else {
            EncodingSet::MAX >> 7u8.saturating_sub(self.preferred.spatial)
        }
    }

    /// Whether the client receives a higher encoding than bandwidth allows, until a lower one starts. What it has lost of
    /// the higher one is not repeated: that would only lengthen the queue.
    pub(crate) fn is_leaving(&self, producer: &Producer) -> bool {
        let forwarded = self.forwarded_encoding(producer);
        forwarded.is_some_and(|forwarded| {
            forwarded > usize::from(self.allowed().spatial)
                && forwarded > self.target_encoding(producer)
        })
    }

    /// The highest layers that bandwidth and preference allow.
    pub(super) fn ceiling(&self) -> Layer {
        self.preferred.at_most(self.allowed())
    }

    /// Limits the layers within the forwarded stream. Before a lower encoding starts, the higher temporal layers are dropped
    /// at once; before a higher one starts, all fit.
    pub(super) fn apply_limits(&mut self, producer: &Producer) {
        let limit = self.ceiling();
        let wanted = if producer.encodings.len() == 1 {
            limit
        } else {
            let target = self.target_encoding(producer);
            let temporal = match self.forwarded_encoding(producer) {
                Some(forwarded) if forwarded < target => self.preferred.temporal,
                Some(_) if self.is_leaving(producer) => 0,
                _ => limit.temporal,
            };
            Layer {
                spatial: ALL_LAYERS.spatial,
                temporal,
            }
        };
        self.svc.want(wanted);
    }

    fn allowed(&self) -> Layer {
        match self.allowance {
            Allowance::UpTo(layers) => layers,
            Allowance::Nothing => ALL_LAYERS,
        }
    }

    /// The encoding that the client receives.
    pub(crate) fn forwarded_encoding(&self, producer: &Producer) -> Option<usize> {
        producer.encoding_of_source(self.current_source?)
    }
}
