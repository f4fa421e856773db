//! The state of a producer, and its reception of packets.

use hubbub_wire::rtp::RtpPacket;

use super::key_frames::{KeyFrameRequestKind, KeyFrames};
use super::liveness::Layers;
use super::media_packet::Received;
use super::microphone::Microphone;
use super::origin::Origin;
use super::payload_types::PayloadTypes;
use super::stream::ProducerStream;
use super::wanted_encodings::WantedEncodings;
use crate::api::{
    CodecMapping, EncodingSpec, FeedbackKind, MediaKind, Micros, ProducerId, ProducerSpec,
    ProducerStats, StreamStats,
};
use crate::entities::event_queue::LatestEvent;
use crate::entities::header_extensions::IncomingExtensions;
use crate::entities::keys::{ConsumerKey, PipeConsumerKey, ProducerKey, RouterKey, TransportKey};
use crate::entities::stream_score::BEST_SCORE;

/// The state of a producer. Its fields are in this order in memory: a tick reads the first ones of every producer, and each
/// packet those up to the payload types.
#[repr(C)]
pub(crate) struct Producer {
    /// When the consumers are asked next what they want.
    pub(crate) next_wanted: Micros,
    /// When kept groups of pictures are offered next.
    pub(crate) next_offer: Micros,
    /// A stream may miss packets.
    pub(crate) misses_packets: bool,
    /// A stream has had several spatial layers.
    has_spatial_layers: bool,
    pub(crate) paused: bool,
    /// Consumers of other producers wait for this one.
    pub(super) is_awaited: bool,
    pub(crate) kind: MediaKind,
    pub(crate) origin: Origin,
    key_frames: KeyFrames,
    pub(crate) layers: Layers,
    /// By encoding; `None` before its first packet.
    pub(crate) streams: Vec<Option<ProducerStream>>,
    pub(crate) consumers: Vec<ConsumerKey>,
    /// At most one for each pipe transport.
    pub(crate) pipes: Vec<PipeConsumerKey>,
    /// `None` for video, and for audio without levels.
    pub(crate) microphone: Option<Box<Microphone>>,
    pub(crate) codecs: Vec<CodecMapping>,
    pub(crate) encodings: Vec<EncodingSpec>,
    pub(crate) extensions: IncomingExtensions,
    pub(super) payload_types: PayloadTypes,
    pub(crate) id: ProducerId,
    pub(crate) transport: TransportKey,
    pub(crate) router: RouterKey,
    pub(crate) mid: Option<String>,
    pub(crate) feedback: FeedbackKind,
    /// By encoding: the SSRCs of media and of RTX.
    pub(super) ssrcs: Vec<(Option<u32>, Option<u32>)>,
    /// The producer that replaces this one, and since when. It may have been closed.
    pub(super) successor: Option<(ProducerKey, Micros)>,
    /// The producers with consumers that wait for this one.
    pub(super) predecessors: Vec<ProducerKey>,
    /// By encoding: what the producer that this one replaces needed, bit/s.
    pub(super) inherited: Vec<Option<u64>>,
    /// The encodings that the client, or the origin of a pipe, is asked to send.
    pub(crate) wanted: WantedEncodings,
    /// The last `LayersWanted` event.
    pub(crate) wanted_event: LatestEvent,
    /// By encoding: the scores that were reported last.
    pub(super) reported_scores: Vec<u8>,
    /// The last `ProducerScore` event.
    pub(crate) score_event: LatestEvent,
}

impl Producer {
    pub(crate) fn new(
        id: ProducerId,
        transport: TransportKey,
        router: RouterKey,
        origin: Origin,
        spec: ProducerSpec,
    ) -> Self {
        let count = spec.encodings.len();
        let extensions = IncomingExtensions::new(&spec.extensions);
        let microphone = Microphone::of(&spec, &extensions);
        Self {
            id,
            transport,
            router,
            origin,
            kind: spec.kind,
            mid: spec.mid,
            feedback: spec.feedback,
            paused: spec.paused,
            payload_types: PayloadTypes::new(&spec.codecs),
            codecs: spec.codecs,
            extensions,
            microphone,
            ssrcs: spec
                .encodings
                .iter()
                .map(|encoding| (encoding.ssrc, encoding.rtx_ssrc))
                .collect(),
            encodings: spec.encodings,
            streams: (0..count).map(|_| None).collect(),
            layers: match origin {
                Origin::Client => Layers::new(count),
                Origin::Pipe => Layers::all_off(count),
            },
            wanted: WantedEncodings::new(count, origin),
            next_wanted: Micros(0),
            next_offer: Micros(0),
            wanted_event: LatestEvent::default(),
            reported_scores: vec![BEST_SCORE; count],
            score_event: LatestEvent::default(),
            consumers: Vec::new(),
            pipes: Vec::new(),
            key_frames: KeyFrames::new(match spec.kind {
                MediaKind::Audio => 0,
                MediaKind::Video => count,
            }),
            is_awaited: false,
            successor: None,
            predecessors: Vec::new(),
            inherited: Vec::new(),
            misses_packets: false,
            has_spatial_layers: false,
        }
    }

    /// Every bound SSRC: encoding, whether RTX, SSRC.
    pub(crate) fn bound_ssrcs(&self) -> impl Iterator<Item = (usize, bool, u32)> {
        self.ssrcs
            .iter()
            .enumerate()
            .flat_map(|(encoding, (media, rtx))| {
                media
                    .map(|ssrc| (encoding, false, ssrc))
                    .into_iter()
                    .chain(rtx.map(|ssrc| (encoding, true, ssrc)))
            })
    }

    /// Whether the client adds in-band FEC to its packets when they are lost.
    pub(crate) fn has_inband_fec(&self) -> bool {
        self.codecs.iter().any(|codec| codec.inband_fec)
    }

    pub(crate) fn stream(&self, encoding: usize) -> Option<&ProducerStream> {
        self.streams.get(encoding)?.as_ref()
    }

    /// The stream with this [`ProducerStream::source`].
    pub(crate) fn stream_of_source(&self, source: u32) -> Option<&ProducerStream> {
        self.streams
            .iter()
            .flatten()
            .find(|stream| stream.source == source)
    }

    pub(crate) fn encoding_of_source(&self, source: u32) -> Option<usize> {
        self.streams.iter().position(|stream| {
            stream
                .as_ref()
                .is_some_and(|stream| stream.source == source)
        })
    }

    pub(crate) fn stream_of_ssrc(&mut self, ssrc: u32) -> Option<&mut ProducerStream> {
        self.streams
            .iter_mut()
            .flatten()
            .find(|stream| stream.ssrc == ssrc)
    }

    /// Receives a packet of one of this producer's SSRCs. `last_source`: of the worker, see [`ProducerStream::source`].
    pub(crate) fn receive(
        &mut self,
        now: Micros,
        encoding: usize,
        is_rtx: bool,
        packet: &RtpPacket<'_>,
        last_source: &mut u32,
    ) -> Received {
        let media = self.payload_types.media(packet, is_rtx, &self.codecs);
        let Some((media, clock_rate)) = media else {
            return Received::Dropped;
        };
        let Some(slot) = self.streams.get_mut(encoding) else {
            return Received::Dropped;
        };
        let mut is_first = false;
        if slot.is_none() {
            let (Some((Some(ssrc), _)), Some(spec)) =
                (self.ssrcs.get(encoding), self.encodings.get(encoding))
            else {
                return Received::Dropped;
            };
            if is_rtx {
                return Received::Dropped;
            }
            is_first = true;
            *last_source = last_source.wrapping_add(1);
            *slot = Some(ProducerStream::new(
                *ssrc,
                *last_source,
                spec.rid.clone(),
                self.kind,
                clock_rate,
            ));
        }
        let Some(stream) = slot else {
            return Received::Dropped;
        };
        let received = stream.receive(now, packet, &media, &self.extensions);
        self.misses_packets |= stream.nacks.missing() > 0;
        self.has_spatial_layers |= stream.top.spatial > 0;
        if let Received::Media {
            starts_key_frame,
            key_frame_needed,
            ..
        } = received
        {
            self.layers.received(encoding, now);
            if self.kind == MediaKind::Video {
                if starts_key_frame {
                    self.key_frames.arrived(encoding);
                    if self.origin == Origin::Client {
                        self.layers.key_frame_started(encoding, now);
                    }
                } else if is_first || key_frame_needed {
                    self.expect_key_frame(encoding);
                }
            }
        }
        received
    }

    /// Marks silent encodings and spatial layers as dead.
    pub(crate) fn tick(&mut self, now: Micros) {
        self.layers.tick(now);
        // Spares most producers the access to their streams.
        if self.has_spatial_layers {
            for stream in self.streams.iter_mut().flatten() {
                stream.spatial.tick(now);
            }
        }
    }

    /// Whether the consumers are to be asked what they want, a kept group is to be offered or a key frame is needed.
    pub(crate) fn is_due(&self, now: Micros) -> bool {
        self.next_wanted <= now || self.next_offer <= now || self.key_frames.are_wanted()
    }

    /// Notes that a consumer asks for a key frame of this encoding. [`Self::key_frames_due`] tells when to request it.
    pub(crate) fn ask_for_key_frame(&mut self, encoding: usize) {
        self.key_frames.ask(encoding);
    }

    /// Notes that packets of this encoding are useless until a key frame arrives.
    pub(crate) fn expect_key_frame(&mut self, encoding: usize) {
        self.key_frames.expect(encoding);
    }

    /// As [`Self::expect_key_frame`], for a consumer that receives a higher encoding than it should.
    pub(crate) fn expect_key_frame_of_less(&mut self, encoding: usize) {
        self.key_frames.expect_less(encoding);
    }

    /// Whether a key frame is needed. If not, none is to be requested.
    pub(crate) const fn needs_key_frame(&self) -> bool {
        self.key_frames.are_wanted()
    }

    /// Replaces `due` by the SSRCs to request a key frame of now; none while paused. `rtt`: to the client, microseconds.
    pub(crate) fn key_frames_due(&mut self, now: Micros, rtt: u64, due: &mut Vec<u32>) {
        due.clear();
        if !self.paused {
            let ssrcs = self.ssrcs.iter().map(|(ssrc, _)| *ssrc);
            self.key_frames.due(now, rtt, ssrcs, due);
        }
    }

    /// How to request a key frame; `None` if the codec supports no requests.
    pub(crate) fn key_frame_request_kind(&mut self) -> Option<KeyFrameRequestKind> {
        self.key_frames.request_kind(self.codecs.first()?)
    }

    /// Counts key frame requests that are sent to the client.
    pub(crate) const fn count_key_frame_requests(
        &mut self,
        kind: KeyFrameRequestKind,
        requests: u64,
    ) {
        self.key_frames.count(kind, requests);
    }

    /// `rtt_us`: to the client, if it is known.
    pub(crate) fn stats(&mut self, now: Micros, rtt_us: Option<u64>) -> ProducerStats {
        let mut streams = Vec::new();
        for encoding in 0..self.streams.len() {
            let score = self.score(encoding);
            let rtx_ssrc = self.ssrcs.get(encoding).and_then(|(_, rtx)| *rtx);
            if let Some(Some(stream)) = self.streams.get_mut(encoding) {
                streams.push(StreamStats {
                    score,
                    rtx_ssrc,
                    ..stream.stats(now)
                });
            }
        }
        let (plis, firs) = self.key_frames.sent();
        ProducerStats {
            streams,
            plis,
            firs,
            rtt_us,
        }
    }
}
