//! The state of a pipe consumer.

use hubbub_congestion::Allocation;

use super::encoding::PipedEncoding;
use crate::api::{ConsumerId, ConsumerStats, FeedbackKind, MediaKind, Micros, PipeConsumerSpec};
use crate::entities::consumer::{OutgoingExtensions, Route, routes_of};
use crate::entities::keys::{ProducerKey, TransportKey};
use crate::entities::producer::{EncodingSet, Producer};
use crate::send::Random;

/// How long a loss report counts, microseconds.
const LOSS_REPORT_LIFETIME_US: u64 = 10_000_000;

/// The state of a pipe consumer.
pub(crate) struct PipeConsumer {
    pub(crate) id: ConsumerId,
    pub(crate) producer: ProducerKey,
    pub(crate) transport: TransportKey,
    pub(crate) kind: MediaKind,
    /// By the producer's codec index.
    routes: Vec<Option<Route>>,
    pub(crate) clock_rate: u32,
    pub(super) extensions: OutgoingExtensions,
    pub(crate) cname: String,
    /// What the other side wants.
    pub(crate) wanted: EncodingSet,
    /// The estimate of the link decides which of them are sent; else all are.
    pub(crate) is_allocated: bool,
    pub(crate) allocation: Allocation,
    /// As many as the producer has.
    pub(crate) encodings: Vec<PipedEncoding>,
    /// When the other side last reported its loss.
    pub(crate) loss_reported: Option<Micros>,
    /// Of all encodings, without packets and bytes.
    pub(crate) stats: ConsumerStats,
}

impl PipeConsumer {
    /// A pipe consumer that sends nothing.
    pub(crate) fn new(
        id: ConsumerId,
        producer_key: ProducerKey,
        producer: &Producer,
        transport: TransportKey,
        spec: PipeConsumerSpec,
        random: &mut Random,
    ) -> Self {
        let has_rtx = spec
            .codecs
            .iter()
            .any(|codec| codec.rtx_payload_type.is_some());
        let encodings: Vec<_> = spec
            .encodings
            .iter()
            .map(|encoding| PipedEncoding::new(*encoding, has_rtx, random))
            .collect();
        let resends_verbatim = encodings.iter().any(|encoding| encoding.rtx.is_none());
        Self {
            id,
            producer: producer_key,
            transport,
            kind: spec.kind,
            routes: routes_of(producer, &spec.codecs),
            clock_rate: spec.codecs.first().map_or(90_000, |codec| codec.clock_rate),
            extensions: OutgoingExtensions::new(
                &spec.extensions,
                FeedbackKind::TransportCc,
                resends_verbatim,
            ),
            cname: spec.cname,
            stats: ConsumerStats {
                ssrc: encodings.first().map_or(0, |encoding| encoding.ssrc),
                ..ConsumerStats::default()
            },
            encodings,
            wanted: 0,
            is_allocated: false,
            allocation: Allocation::Unavailable,
            loss_reported: None,
        }
    }

    /// Every SSRC.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> {
        self.encodings.iter().flat_map(PipedEncoding::ssrcs)
    }

    /// How the codec with this index in the producer's list is sent.
    pub(crate) fn route(&self, codec: u8) -> Option<Route> {
        self.routes.get(usize::from(codec)).copied().flatten()
    }

    /// Whether the other side reports on what arrives.
    pub(crate) fn has_feedback(&self) -> bool {
        self.extensions.transport_cc.is_some()
    }

    /// The encodings that are sent. They count as received.
    pub(crate) fn sent_encodings(&self) -> EncodingSet {
        self.encodings
            .iter()
            .enumerate()
            .filter(|(_, encoding)| encoding.is_sent)
            .fold(0, |set, (encoding, _)| set | 1 << encoding)
    }

    /// Sends nothing until the next key frame of each encoding: the producer is paused, or the link is down.
    pub(crate) fn stop(&mut self) {
        for encoding in &mut self.encodings {
            encoding.numbers.stop();
        }
    }

    /// The fraction lost (1/256) at the receivers behind the pipe, by its last report; 0 if that is old.
    pub(crate) fn reported_loss(&self, now: Micros) -> u8 {
        let is_recent = self
            .loss_reported
            .is_some_and(|at| now.since(at) <= LOSS_REPORT_LIFETIME_US);
        if is_recent {
            self.stats.fraction_lost
        } else {
            0
        }
    }

    pub(crate) fn stats(&mut self, now: Micros) -> ConsumerStats {
        let encodings = &mut self.encodings;
        ConsumerStats {
            packets: encodings.iter().map(|encoding| encoding.packets).sum(),
            bytes: encodings.iter().map(|encoding| encoding.bytes).sum(),
            bitrate: encodings
                .iter_mut()
                .map(|encoding| encoding.rate.bits_per_second(now))
                .sum(),
            ..self.stats.clone()
        }
    }
}
