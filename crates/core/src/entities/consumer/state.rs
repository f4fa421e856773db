//! The state of a consumer.

use hubbub_codec::vp8_rewriter::Vp8Rewriter;
use hubbub_codec::{Codec, Layer, SwitchedCounter};
use hubbub_congestion::Allocation;
use hubbub_wire::rtcp::ReportBlock;

use super::allowance::{ALL_LAYERS, Allowance};
use super::header::OutgoingExtensions;
use super::redundancy::Redundancy;
use super::reported_loss::{Reported, ReportedLoss, SentSoFar};
use super::rewrite_vp9::Vp9Ids;
use super::selector_svc::SvcSelector;
use crate::api::{CodecMapping, ConsumerId, ConsumerSpec, ConsumerStats, MediaKind, Micros};
use crate::entities::event_queue::LatestEvent;
use crate::entities::keys::{ProducerKey, TransportKey};
use crate::entities::producer::Producer;
use crate::entities::stream_score::{BEST_SCORE, StreamScore};
use crate::receive::{ClockMapping, RateMeter};
use crate::send::{
    Random, RetransmissionBudget, RtxSequence, SentReports, SequenceRewriter, TimestampRewriter,
};

/// How long a loss report counts, microseconds: browsers report on audio every five seconds.
const LOSS_REPORT_LIFETIME_US: u64 = 10_000_000;

/// How one codec of the producer is sent to this consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    pub(crate) rtx_payload_type: Option<u8>,
}

/// By the producer's codec index: how it is sent with these codecs; `None` if it is not.
pub(crate) fn routes_of(producer: &Producer, codecs: &[CodecMapping]) -> Vec<Option<Route>> {
    let route = |router_payload_type| {
        codecs
            .iter()
            .find(|codec| codec.router_payload_type == router_payload_type)
            .map(|codec| Route {
                codec: codec.codec,
                payload_type: codec.payload_type,
                rtx_payload_type: codec.rtx_payload_type,
            })
    };
    producer
        .codecs
        .iter()
        .map(|codec| route(codec.router_payload_type))
        .collect()
}

/// The consumer's RTX stream.
pub(crate) struct RtxStream {
    pub(crate) ssrc: u32,
    pub(crate) sequence: RtxSequence,
}

/// The state of a consumer.
pub(crate) struct Consumer {
    pub(crate) id: ConsumerId,
    pub(crate) producer: ProducerKey,
    pub(crate) transport: TransportKey,
    pub(crate) kind: MediaKind,
    pub(crate) paused: bool,
    pub(crate) ssrc: u32,
    /// By the producer's codec index.
    pub(super) routes: Vec<Option<Route>>,
    pub(crate) extensions: OutgoingExtensions,
    pub(crate) mid: String,
    pub(crate) cname: String,
    /// The forwarded stream of the producer (`ProducerStream::source`).
    pub(super) current_source: Option<u32>,
    /// No packet was sent since the last start of `current_source`.
    pub(super) start_pending: bool,
    /// The stream of which a packet was sent last, also while none is forwarded.
    pub(super) last_source: Option<u32>,
    /// The clock of that stream, if it is one of a producer that was replaced.
    pub(super) left_clock: Option<Box<ClockMapping>>,
    /// The layers that the client is to receive at most. `spatial` is that of the encodings, or of a single encoding.
    pub(crate) preferred: Layer,
    /// What bandwidth allows.
    pub(super) allowance: Allowance,
    /// The share of the transport's bandwidth.
    pub(crate) allocation: Allocation,
    /// Streams with a higher one are served first, 1 to 255.
    pub(crate) priority: u8,
    /// The last `BandwidthPause` event.
    pub(crate) pause_event: LatestEvent,
    /// Layers within the forwarded stream.
    pub(crate) svc: SvcSelector,
    /// The layers that were reported last. `None` while the client receives nothing.
    pub(super) reported_layers: Option<Layer>,
    /// The last `LayersChanged` event.
    pub(crate) layers_event: LatestEvent,
    pub(crate) sequence: SequenceRewriter,
    /// The first output number since the last start, switch or clock jump. Packets before it precede the key frame or
    /// have another timestamp offset.
    pub(super) segment_start: u64,
    pub(crate) timestamps: TimestampRewriter,
    /// `PacketMeta::clock_jumps` of the packets that the timestamp offset holds for.
    pub(super) clock_jumps: u16,
    pub(crate) vp8: Vp8Rewriter,
    pub(super) vp9: Vp9Ids,
    /// The frame numbers in dependency descriptors.
    pub(super) frame_numbers: SwitchedCounter,
    pub(crate) rtx: Option<RtxStream>,
    /// Without RTX, a retransmission repeats the original packet byte for byte.
    pub(crate) resends_verbatim: bool,
    /// If the client negotiated RED, and gets no exact repetitions.
    pub(crate) redundancy: Option<Redundancy>,
    /// When the last key frame for the client started.
    pub(crate) key_frame_started: Option<Micros>,
    /// The client has asked for a key frame. If none starts before, the request is followed then.
    pub(crate) postponed_request: Option<Micros>,
    /// By PLI or FIR.
    pub(crate) requests_key_frames: bool,
    pub(crate) budget: RetransmissionBudget,
    pub(crate) rate: RateMeter,
    pub(crate) reports: SentReports,
    pub(super) reported: ReportedLoss,
    pub(crate) score: StreamScore,
    /// The retransmissions that the score covers: see [`RetransmissionBudget::allowed`].
    pub(super) scored_repairs: (u64, u64),
    /// The score, and that of the producer's stream, that were reported last.
    pub(super) reported_scores: (u8, u8),
    /// The last `ConsumerScore` event.
    pub(crate) score_event: LatestEvent,
    /// When the client last reported its loss.
    pub(crate) loss_reported: Option<Micros>,
    /// A kept group of pictures is not sent again before.
    pub(crate) next_restart: Micros,
    /// When the next sender report is due; `None` before the first packet.
    pub(crate) next_report: Option<Micros>,
    pub(crate) stats: ConsumerStats,
    /// Those that the client receives.
    pub(super) codecs: Box<[CodecMapping]>,
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
        let first = spec.codecs.first();
        let has_rtx = spec.rtx_ssrc.is_some()
            && spec
                .codecs
                .iter()
                .any(|codec| codec.rtx_payload_type.is_some());
        let resends_verbatim = !has_rtx && spec.codecs.iter().any(|codec| codec.nack);
        let redundancy = Redundancy::of(&spec).filter(|_| !resends_verbatim);
        Self {
            id,
            producer: producer_key,
            transport,
            kind: spec.kind,
            paused: true,
            ssrc: spec.ssrc,
            routes: routes_of(producer, &spec.codecs),
            extensions: OutgoingExtensions::new(&spec.extensions, spec.feedback, resends_verbatim)
                .with_template(&spec.mid),
            current_source: None,
            start_pending: false,
            last_source: None,
            left_clock: None,
            preferred: ALL_LAYERS,
            allowance: Allowance::ALL,
            allocation: Allocation::default(),
            priority: 1,
            pause_event: LatestEvent::default(),
            svc: SvcSelector::new(),
            reported_layers: None,
            layers_event: LatestEvent::default(),
            sequence: SequenceRewriter::new(0, random.sequence()),
            segment_start: 0,
            timestamps: TimestampRewriter::new(
                spec.kind,
                first.map_or(90_000, |codec| codec.clock_rate),
            ),
            clock_jumps: 0,
            vp8: Vp8Rewriter::new(),
            vp9: Vp9Ids::default(),
            frame_numbers: SwitchedCounter::default(),
            rtx: spec.rtx_ssrc.filter(|_| has_rtx).map(|ssrc| RtxStream {
                ssrc,
                sequence: RtxSequence::new(random.sequence()),
            }),
            resends_verbatim,
            redundancy,
            key_frame_started: None,
            postponed_request: None,
            requests_key_frames: spec.codecs.iter().any(|codec| codec.pli || codec.fir),
            budget: RetransmissionBudget::new(),
            rate: RateMeter::new(),
            reports: SentReports::new(),
            reported: ReportedLoss::default(),
            score: StreamScore::new(),
            scored_repairs: (0, 0),
            reported_scores: (BEST_SCORE, BEST_SCORE),
            score_event: LatestEvent::default(),
            loss_reported: None,
            next_restart: Micros(0),
            next_report: None,
            stats: ConsumerStats {
                ssrc: spec.ssrc,
                rtx_ssrc: spec.rtx_ssrc.filter(|_| has_rtx),
                ..ConsumerStats::default()
            },
            mid: spec.mid,
            cname: spec.cname,
            codecs: spec.codecs.into(),
        }
    }

    /// Whether transport-wide feedback covers this stream: it is paced, and probes may use it.
    pub(crate) fn has_feedback(&self) -> bool {
        self.kind == MediaKind::Video && self.extensions.transport_cc.is_some()
    }

    /// Whether the stream gets a share of the bandwidth.
    pub(crate) fn is_allocated(&self) -> bool {
        self.kind == MediaKind::Video
    }

    /// Takes a report block of the client. Returns what it says of what was sent since the last one, if anything.
    pub(crate) fn take_report(&mut self, block: &ReportBlock) -> Option<Reported> {
        let sent = SentSoFar {
            highest: self.sequence.highest()?,
            packets: self.stats.packets,
            bytes: self.stats.bytes,
        };
        self.reported.update(block, sent)
    }

    /// The SSRCs of media and RTX.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> {
        let rtx = self.rtx.as_ref().map(|rtx| rtx.ssrc);
        std::iter::once(self.ssrc).chain(rtx)
    }

    /// How the codec with this index in the producer's list is sent; `None` if the client does not receive it.
    pub(crate) fn route(&self, codec: u8) -> Option<Route> {
        self.routes.get(usize::from(codec)).copied().flatten()
    }

    /// A payload type of the RTX stream.
    pub(super) fn rtx_payload_type(&self) -> Option<u8> {
        let mut routes = self.routes.iter().flatten();
        routes.find_map(|route| route.rtx_payload_type)
    }

    /// The forwarded stream of the producer.
    pub(crate) fn current_source(&self) -> Option<u32> {
        self.current_source
    }

    /// The fraction lost (1/256) that the client reports; 0 while paused, or if the last report is old.
    pub(crate) fn reported_loss(&self, now: Micros) -> u8 {
        let is_recent = self
            .loss_reported
            .is_some_and(|at| now.since(at) <= LOSS_REPORT_LIFETIME_US);
        if is_recent && !self.paused {
            self.stats.fraction_lost
        } else {
            0
        }
    }

    pub(crate) fn stats(&mut self, now: Micros) -> ConsumerStats {
        ConsumerStats {
            bitrate: self.rate.bits_per_second(now),
            score: self.score.value(),
            ..self.stats.clone()
        }
    }
}
