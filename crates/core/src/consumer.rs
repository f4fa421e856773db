//! A consumer: one track that a client receives, whatever streams of the producer it is made from.
//!
//! | state of a consumer of video | packet                                     | then                              |
//! |------------------------------|--------------------------------------------|-----------------------------------|
//! | forwards nothing             | begins a key frame                         | forwards its stream               |
//! | forwards nothing             | other, of the best layer                   | asks for a key frame              |
//! | forwards a stream            | of that stream                             | sent                              |
//! | forwards a stream            | begins a key frame of the best layer       | forwards that layer instead       |
//! | forwards a stream            | other, of the best layer                   | asks for a key frame              |
//! | paused                       | any                                        | forwards nothing                  |
//!
//! Audio is the same, but each of its packets counts as a key frame.

use hubbub_codec::Codec;
use hubbub_codec::vp8_rewriter::Vp8Rewriter;

use crate::api::{ConsumerId, ConsumerSpec, MediaKind, Micros};
use crate::extensions::OutgoingExtensions;
use crate::producer::Producer;
use crate::producer_stream::ProducerStream;
use crate::random::Random;
use crate::stats::ConsumerStats;
use crate::stream::{
    RateMeter, RetransmissionBudget, RtxSequence, SentReports, SequenceRewriter, TimestampRewriter,
};
use crate::tables::{ProducerKey, TransportKey};

/// How one of the producer's codecs reaches this consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    pub(crate) rtx_payload_type: Option<u8>,
}

/// The consumer's RTX stream.
pub(crate) struct RtxStream {
    pub(crate) ssrc: u32,
    pub(crate) sequence: RtxSequence,
}

/// What is to become of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is sent.
    Forward,
    /// It is not of the stream that is forwarded.
    Ignore,
    /// It is of the stream that should be forwarded, once a key frame begins.
    AwaitKeyFrame,
}

/// What a consumer is and holds.
pub(crate) struct Consumer {
    pub(crate) id: ConsumerId,
    pub(crate) producer: ProducerKey,
    pub(crate) transport: TransportKey,
    pub(crate) kind: MediaKind,
    pub(crate) paused: bool,
    pub(crate) ssrc: u32,
    /// By the producer's codec index.
    routes: Vec<Option<Route>>,
    pub(crate) extensions: OutgoingExtensions,
    pub(crate) mid: String,
    pub(crate) cname: String,
    /// The producer's stream that is forwarded, by its source name.
    current: Option<u32>,
    /// The one that was forwarded last.
    last_source: Option<u32>,
    pub(crate) sequence: SequenceRewriter,
    /// The first output number of the current run: what came before it stands before a key frame.
    run_start: u64,
    pub(crate) timestamps: TimestampRewriter,
    pub(crate) vp8: Vp8Rewriter,
    pub(crate) rtx: Option<RtxStream>,
    /// Without RTX a lost packet is sent again as it was.
    pub(crate) resends_verbatim: bool,
    pub(crate) budget: RetransmissionBudget,
    pub(crate) rate: RateMeter,
    pub(crate) reports: SentReports,
    /// When the next sender report is due; `None` until something was sent.
    pub(crate) next_report: Option<Micros>,
    pub(crate) stats: ConsumerStats,
}

impl Consumer {
    /// A paused consumer.
    pub(crate) fn new(
        id: ConsumerId,
        producer_key: ProducerKey,
        producer: &Producer,
        transport: TransportKey,
        spec: ConsumerSpec,
        random: &mut Random,
    ) -> Self {
        let route = |router_payload_type| {
            spec.codecs
                .iter()
                .find(|codec| codec.router_payload_type == router_payload_type)
                .map(|codec| Route {
                    codec: codec.codec,
                    payload_type: codec.payload_type,
                    rtx_payload_type: codec.rtx_payload_type,
                })
        };
        let first = spec.codecs.first();
        let has_rtx = spec.rtx_ssrc.is_some()
            && spec
                .codecs
                .iter()
                .any(|codec| codec.rtx_payload_type.is_some());
        let resends_verbatim = !has_rtx && spec.codecs.iter().any(|codec| codec.nack);
        Self {
            id,
            producer: producer_key,
            transport,
            kind: spec.kind,
            paused: true,
            ssrc: spec.ssrc,
            routes: producer
                .codecs
                .iter()
                .map(|codec| route(codec.router_payload_type))
                .collect(),
            extensions: OutgoingExtensions::new(&spec, resends_verbatim),
            current: None,
            last_source: None,
            sequence: SequenceRewriter::new(0, random.sequence()),
            run_start: 0,
            timestamps: TimestampRewriter::new(first.map_or(90_000, |codec| codec.clock_rate)),
            vp8: Vp8Rewriter::new(),
            rtx: spec.rtx_ssrc.filter(|_| has_rtx).map(|ssrc| RtxStream {
                ssrc,
                sequence: RtxSequence::new(random.sequence()),
            }),
            resends_verbatim,
            budget: RetransmissionBudget::new(),
            rate: RateMeter::new(),
            reports: SentReports::new(),
            next_report: None,
            stats: ConsumerStats {
                ssrc: spec.ssrc,
                ..ConsumerStats::default()
            },
            mid: spec.mid,
            cname: spec.cname,
        }
    }

    /// How the producer's codec with this index is sent.
    pub(crate) fn route(&self, codec: u8) -> Option<Route> {
        self.routes.get(usize::from(codec)).copied().flatten()
    }

    /// The source that is forwarded.
    pub(crate) fn current(&self) -> Option<u32> {
        self.current
    }

    /// Forwards nothing more until it is admitted anew.
    pub(crate) fn halt(&mut self) {
        self.current = None;
    }

    /// Decides about a packet of `stream`, the producer's stream of this encoding; see the table above.
    pub(crate) fn admit(
        &mut self,
        now: Micros,
        producer: &Producer,
        encoding: usize,
        stream: &ProducerStream,
        timestamp: u32,
        starts_key_frame: bool,
    ) -> Admission {
        if self.current == Some(stream.source) {
            return Admission::Forward;
        }
        let forwards = self
            .current
            .is_some_and(|source| producer.stream_of_source(source).is_some());
        let is_best = encoding == producer.layers.best();
        if forwards && !is_best {
            return Admission::Ignore;
        }
        if !starts_key_frame {
            return if is_best {
                Admission::AwaitKeyFrame
            } else {
                Admission::Ignore
            };
        }
        self.begin(now, producer, stream, timestamp);
        Admission::Forward
    }

    /// From now on `stream` is forwarded, beginning with a packet of this timestamp.
    fn begin(&mut self, now: Micros, producer: &Producer, stream: &ProducerStream, timestamp: u32) {
        self.sequence.switch_source(stream.source);
        self.run_start = self.sequence.highest().map_or(0, |highest| highest + 1);
        if self.last_source != Some(stream.source) {
            let old = self
                .last_source
                .and_then(|source| producer.stream_of_source(source)?.clock);
            self.timestamps
                .switch_source(timestamp, now, old.as_ref(), stream.clock.as_ref());
        }
        self.vp8.on_switch();
        self.current = Some(stream.source);
        self.last_source = Some(stream.source);
        // The client can only put streams in step once it has a report of each.
        self.next_report = Some(now);
    }

    /// The output number of the current stream's packet; `None` when it must not be sent.
    pub(crate) fn output(&mut self, sequence: u64) -> Option<u64> {
        self.sequence
            .forward(sequence)
            .filter(|output| *output >= self.run_start)
    }

    /// The extended output number and the source number of the packet that was sent as `sequence`, if it belongs to
    /// the current run: what came before it is of no use to the client, and its offsets are forgotten.
    pub(crate) fn sent_as(&self, sequence: u16) -> Option<(u64, u64)> {
        let highest = self.sequence.highest()?;
        let output = highest.checked_sub(u64::from((highest as u16).wrapping_sub(sequence)))?;
        let packet = self.sequence.lookup(sequence)?;
        (output >= self.run_start && Some(packet.source) == self.current)
            .then_some((output, packet.sequence))
    }

    pub(crate) fn stats(&mut self, now: Micros) -> ConsumerStats {
        ConsumerStats {
            bitrate: self.rate.bits_per_second(now),
            ..self.stats.clone()
        }
    }
}
