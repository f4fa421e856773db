//! A consumer: one track that a client receives, made from one stream of the producer at a time.
//!
//! | state of a video consumer | packet                                    | action                            |
//! |---------------------------|-------------------------------------------|-----------------------------------|
//! | forwards no stream        | starts a key frame                        | starts to forward its stream (1)  |
//! | forwards no stream        | other, of the best layer                  | requests a key frame              |
//! | forwards a stream         | of that stream                            | forwards it                       |
//! | forwards a stream         | starts a key frame of the best layer      | switches to that layer (1)        |
//! | forwards a stream         | other, of the best layer                  | requests a key frame              |
//! | paused                    | any                                       | forwards no stream                |
//!
//! For audio, every packet counts as the start of a key frame.
//!
//! (1) If the packet was repaired, packets after it have arrived already. They are sent with it. A packet that more than
//! [`MAX_BACKLOG`] packets have overtaken counts as "other": a new key frame costs less than sending them.

use hubbub_codec::Codec;
use hubbub_codec::vp8_rewriter::Vp8Rewriter;

use super::header_extensions::OutgoingExtensions;
use super::keys::{ProducerKey, TransportKey};
use super::producer::Producer;
use super::producer_stream::ProducerStream;
use crate::api::{ConsumerId, ConsumerSpec, ConsumerStats, MediaKind, Micros};
use crate::receive::{PacketMeta, RateMeter};
use crate::send::{
    Random, RetransmissionBudget, RtxSequence, SentReports, SequenceRewriter, TimestampRewriter,
};

/// Packets that a start or switch may send at once: half a second of a stream of 5 Mbit/s.
const MAX_BACKLOG: u64 = 256;

/// How long a loss report counts, microseconds: browsers report on audio every five seconds.
const LOSS_REPORT_LIFETIME_US: u64 = 10_000_000;

/// How one codec of the producer is sent to this consumer.
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

/// A consumer's decision on a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Forward it.
    Forward,
    /// Forward it and the packets that have overtaken it: forwarding of its stream starts with it.
    Start,
    /// Skip it: it belongs to another stream than the forwarded one.
    Ignore,
    /// Skip it and request a key frame: its stream is to be forwarded, but only from a key frame on.
    AwaitKeyFrame,
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
    routes: Vec<Option<Route>>,
    pub(crate) extensions: OutgoingExtensions,
    pub(crate) mid: String,
    pub(crate) cname: String,
    /// The forwarded stream of the producer ([`ProducerStream::source`]).
    current_source: Option<u32>,
    /// The stream that was forwarded last, also while none is.
    last_source: Option<u32>,
    pub(crate) sequence: SequenceRewriter,
    /// The first output number since the last start, switch or clock jump. Packets before it precede the key frame or
    /// have another timestamp offset.
    segment_start: u64,
    pub(crate) timestamps: TimestampRewriter,
    /// [`PacketMeta::clock_jumps`] of the packets that the timestamp offset holds for.
    clock_jumps: u16,
    pub(crate) vp8: Vp8Rewriter,
    pub(crate) rtx: Option<RtxStream>,
    /// Without RTX, a retransmission repeats the original packet byte for byte.
    pub(crate) resends_verbatim: bool,
    pub(crate) budget: RetransmissionBudget,
    pub(crate) rate: RateMeter,
    pub(crate) reports: SentReports,
    /// When the client last reported its loss.
    pub(crate) loss_reported: Option<Micros>,
    /// When the next sender report is due; `None` before the first packet.
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
            current_source: None,
            last_source: None,
            sequence: SequenceRewriter::new(0, random.sequence()),
            segment_start: 0,
            timestamps: TimestampRewriter::new(first.map_or(90_000, |codec| codec.clock_rate)),
            clock_jumps: 0,
            vp8: Vp8Rewriter::new(),
            rtx: spec.rtx_ssrc.filter(|_| has_rtx).map(|ssrc| RtxStream {
                ssrc,
                sequence: RtxSequence::new(random.sequence()),
            }),
            resends_verbatim,
            budget: RetransmissionBudget::new(),
            rate: RateMeter::new(),
            reports: SentReports::new(),
            loss_reported: None,
            next_report: None,
            stats: ConsumerStats {
                ssrc: spec.ssrc,
                ..ConsumerStats::default()
            },
            mid: spec.mid,
            cname: spec.cname,
        }
    }

    /// How the codec with this index in the producer's list is sent; `None` if the client does not receive it.
    pub(crate) fn route(&self, codec: u8) -> Option<Route> {
        self.routes.get(usize::from(codec)).copied().flatten()
    }

    /// The forwarded stream of the producer.
    pub(crate) fn current_source(&self) -> Option<u32> {
        self.current_source
    }

    /// Forwards no stream until [`Self::admit`] starts one again.
    pub(crate) fn stop_forwarding(&mut self) {
        self.current_source = None;
    }

    /// Decides what to do with a packet of `stream`, the producer's stream of this encoding; see the module's table.
    pub(crate) fn admit(
        &mut self,
        now: Micros,
        producer: &Producer,
        encoding: usize,
        stream: &ProducerStream,
        packet: &PacketMeta,
        starts_key_frame: bool,
    ) -> Admission {
        if self.current_source == Some(stream.source) {
            return Admission::Forward;
        }
        let forwards = self
            .current_source
            .is_some_and(|source| producer.stream_of_source(source).is_some());
        let is_best = encoding == producer.layers.best();
        if forwards && !is_best {
            return Admission::Ignore;
        }
        let is_overtaken = stream.highest().saturating_sub(packet.sequence) > MAX_BACKLOG;
        if !starts_key_frame || is_overtaken {
            return if is_best {
                Admission::AwaitKeyFrame
            } else {
                Admission::Ignore
            };
        }
        self.start_forwarding(now, producer, stream, packet);
        Admission::Start
    }

    /// Starts to forward `stream` with this packet.
    fn start_forwarding(
        &mut self,
        now: Micros,
        producer: &Producer,
        stream: &ProducerStream,
        packet: &PacketMeta,
    ) {
        self.sequence.switch_source(stream.source);
        self.segment_start = self.sequence.highest().map_or(0, |highest| highest + 1);
        if self.last_source != Some(stream.source) {
            let old = self
                .last_source
                .and_then(|source| producer.stream_of_source(source)?.clock);
            self.timestamps.switch_source(
                packet.timestamp,
                now,
                old.as_ref(),
                stream.clock.as_ref(),
            );
        } else if self.clock_jumps != packet.clock_jumps {
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
        } else {
            self.timestamps.resume_source(packet.timestamp, now);
        }
        self.clock_jumps = packet.clock_jumps;
        self.vp8.on_switch();
        self.current_source = Some(stream.source);
        self.last_source = Some(stream.source);
        // The client can synchronize streams only after a sender report on each.
        self.next_report = Some(now);
    }

    /// The extended output number of a packet of the forwarded stream; `None` if the packet must not be sent.
    ///
    /// At the first packet after a jump of the producer's RTP clock, the timestamps continue as at a switch. Packets before
    /// the jump are not sent after it: their timestamp offset is gone.
    pub(crate) fn output_sequence(&mut self, now: Micros, packet: &PacketMeta) -> Option<u64> {
        let output = self
            .sequence
            .forward(packet.sequence)
            .filter(|output| *output >= self.segment_start)?;
        let jumps = packet.clock_jumps.wrapping_sub(self.clock_jumps) as i16;
        if jumps < 0 {
            return None;
        }
        if jumps > 0 {
            self.clock_jumps = packet.clock_jumps;
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
            self.segment_start = output;
        }
        Some(output)
    }

    /// Finds the packet that was sent with this number: its extended output number and its number in the source.
    ///
    /// Returns `None` for packets before the last start, switch or clock jump: the client cannot use them, and their
    /// timestamp offset is gone.
    pub(crate) fn find_sent(&self, sequence: u16) -> Option<(u64, u64)> {
        let highest = self.sequence.highest()?;
        let output = highest.checked_sub(u64::from((highest as u16).wrapping_sub(sequence)))?;
        let packet = self.sequence.lookup(sequence)?;
        (output >= self.segment_start && Some(packet.source) == self.current_source)
            .then_some((output, packet.sequence))
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
            ..self.stats.clone()
        }
    }
}
