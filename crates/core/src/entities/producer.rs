//! A producer: one track that a client sends, as one stream or as several encodings of it.
//!
//! A stream is identified by its SSRC if the negotiation contains it, else by MID and RID (RFC 8852), and its RTX stream
//! by MID and repaired RID, or by MID and RID as some clients do. The first packet that carries those names binds its
//! SSRC to the stream.
//!
//! | a packet with another SSRC names | then                                                                   |
//! |----------------------------------|------------------------------------------------------------------------|
//! | a negotiated stream              | it is dropped: as in mediasoup, the negotiation decides                |
//! | a learned, flowing stream        | it is dropped: two SSRCs must not replace each other packet by packet  |
//! | a learned, silent stream         | its SSRC is bound instead, as in libwebrtc; a new stream starts        |
//! | a learned RTX stream             | its SSRC is bound instead                                              |

use hubbub_wire::rtp::{RtpPacket, parse_stream_id};

use super::header_extensions::IncomingExtensions;
use super::keys::{ConsumerKey, RouterKey, TransportKey};
use super::layers::Layers;
use super::producer_stream::{MediaPacket, ProducerStream, Received};
use crate::api::{
    CodecMapping, EncodingSpec, FeedbackKind, MediaKind, Micros, ProducerId, ProducerSpec,
    ProducerStats,
};
use crate::receive::{KeyFrameRequests, RtxPayload};

/// Silence of a learned stream after which it can be bound to another SSRC: the longest that a change of the SSRC may
/// stop the stream.
const REBIND_AFTER_US: u64 = 100_000;

/// The codec that a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PayloadType {
    /// Index in the producer's list.
    pub(crate) codec: u8,
    pub(crate) is_rtx: bool,
}

/// The state of a producer.
pub(crate) struct Producer {
    pub(crate) id: ProducerId,
    pub(crate) transport: TransportKey,
    pub(crate) router: RouterKey,
    pub(crate) kind: MediaKind,
    pub(crate) mid: Option<String>,
    pub(crate) feedback: FeedbackKind,
    pub(crate) paused: bool,
    pub(crate) codecs: Vec<CodecMapping>,
    payload_types: [Option<PayloadType>; 128],
    pub(crate) extensions: IncomingExtensions,
    pub(crate) encodings: Vec<EncodingSpec>,
    /// By encoding; `None` before its first packet.
    pub(crate) streams: Vec<Option<ProducerStream>>,
    /// By encoding: the SSRCs of media and of RTX.
    ssrcs: Vec<(Option<u32>, Option<u32>)>,
    streams_created: u32,
    pub(crate) layers: Layers,
    pub(crate) consumers: Vec<ConsumerKey>,
    /// By encoding.
    key_frames: Vec<KeyFrameRequests>,
    key_frame_requests: u64,
    fir_sequence: u8,
}

impl Producer {
    pub(crate) fn new(
        id: ProducerId,
        transport: TransportKey,
        router: RouterKey,
        spec: ProducerSpec,
    ) -> Self {
        let mut payload_types = [None; 128];
        let mut set = |number: u8, payload_type| {
            if let Some(slot) = payload_types.get_mut(usize::from(number)) {
                *slot = Some(payload_type);
            }
        };
        for (codec, mapping) in (0..).zip(&spec.codecs) {
            set(
                mapping.payload_type,
                PayloadType {
                    codec,
                    is_rtx: false,
                },
            );
            if let Some(rtx) = mapping.rtx_payload_type {
                set(
                    rtx,
                    PayloadType {
                        codec,
                        is_rtx: true,
                    },
                );
            }
        }
        let count = spec.encodings.len();
        Self {
            id,
            transport,
            router,
            kind: spec.kind,
            mid: spec.mid,
            feedback: spec.feedback,
            paused: spec.paused,
            codecs: spec.codecs,
            payload_types,
            extensions: IncomingExtensions::new(spec.extensions),
            ssrcs: spec
                .encodings
                .iter()
                .map(|encoding| (encoding.ssrc, encoding.rtx_ssrc))
                .collect(),
            encodings: spec.encodings,
            streams: (0..count).map(|_| None).collect(),
            streams_created: 0,
            layers: Layers::new(count),
            consumers: Vec::new(),
            key_frames: vec![KeyFrameRequests::new(); count],
            key_frame_requests: 0,
            fir_sequence: 0,
        }
    }

    /// Identifies the encoding of a packet with an unknown SSRC, and whether it belongs to the RTX stream.
    pub(crate) fn identify(&self, now: Micros, packet: &RtpPacket<'_>) -> Option<(usize, bool)> {
        let text = |id: Option<u8>| {
            packet
                .extension(id?)
                .and_then(|value| parse_stream_id(value).ok())
        };
        let is_rtx = self.payload_type(packet.payload_type())?.is_rtx;
        let mid = text(self.extensions.mid);
        if self.mid.is_some() && mid != self.mid.as_deref() {
            return None;
        }
        let encoding = match (
            text(self.extensions.rid),
            text(self.extensions.repaired_rid),
        ) {
            (Some(rid), _) if !is_rtx => self.encoding_of(rid)?,
            (_, Some(rid)) | (Some(rid), None) if is_rtx => self.encoding_of(rid)?,
            // A client without RIDs sends one stream, even if it announced several encodings.
            _ if self.encodings.len() == 1 || self.extensions.rid.is_none() => 0,
            _ => return None,
        };
        self.may_bind(now, encoding, is_rtx)
            .then_some((encoding, is_rtx))
    }

    fn encoding_of(&self, rid: &str) -> Option<usize> {
        self.encodings
            .iter()
            .position(|encoding| encoding.rid.as_deref() == Some(rid))
    }

    /// Whether the encoding's SSRC can be learned: it is not negotiated, and the stream is new or silent.
    fn may_bind(&self, now: Micros, encoding: usize, is_rtx: bool) -> bool {
        let Some(spec) = self.encodings.get(encoding) else {
            return false;
        };
        let negotiated = if is_rtx { spec.rtx_ssrc } else { spec.ssrc };
        let stream = self.streams.get(encoding).and_then(Option::as_ref);
        negotiated.is_none()
            && (is_rtx
                || stream.is_none_or(|stream| now.since(stream.last_received) > REBIND_AFTER_US))
    }

    /// Binds an SSRC to an encoding. Returns the SSRCs that are no longer bound.
    pub(crate) fn bind_ssrc(
        &mut self,
        encoding: usize,
        is_rtx: bool,
        ssrc: u32,
    ) -> [Option<u32>; 2] {
        let Some((media, rtx)) = self.ssrcs.get_mut(encoding) else {
            return [None; 2];
        };
        if is_rtx {
            return [rtx.replace(ssrc), None];
        }
        if let Some(stream) = self.streams.get_mut(encoding) {
            *stream = None;
        }
        let former = media.replace(ssrc);
        // A learned RTX stream repairs the former SSRC. Before the first media packet, it repairs this one.
        let is_learned = self
            .encodings
            .get(encoding)
            .is_some_and(|encoding| encoding.rtx_ssrc.is_none());
        let former_rtx = rtx.take_if(|_| former.is_some() && is_learned);
        [former, former_rtx]
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

    fn payload_type(&self, number: u8) -> Option<PayloadType> {
        self.payload_types
            .get(usize::from(number))
            .copied()
            .flatten()
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

    /// Receives a packet of one of this producer's SSRCs.
    pub(crate) fn receive(
        &mut self,
        now: Micros,
        encoding: usize,
        is_rtx: bool,
        packet: &RtpPacket<'_>,
    ) -> Received {
        let Some((media, clock_rate)) = self.media(packet, is_rtx) else {
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
            self.streams_created += 1;
            *slot = Some(ProducerStream::new(
                *ssrc,
                self.streams_created,
                spec.rid.clone(),
                self.kind,
                clock_rate,
            ));
        }
        let Some(stream) = slot else {
            return Received::Dropped;
        };
        let received = stream.receive(now, packet, &media, &self.extensions);
        if let Received::Media {
            starts_key_frame,
            key_frame_needed,
            ..
        } = received
        {
            self.layers.received(encoding, now);
            if self.kind == MediaKind::Video {
                if starts_key_frame {
                    self.key_frame_arrived(encoding);
                } else if is_first || key_frame_needed {
                    self.expect_key_frame(encoding);
                }
            }
        }
        received
    }

    fn media<'a>(&self, packet: &RtpPacket<'a>, is_rtx: bool) -> Option<(MediaPacket<'a>, u32)> {
        let payload_type = self
            .payload_type(packet.payload_type())
            .filter(|found| found.is_rtx == is_rtx)?;
        let mapping = self.codecs.get(usize::from(payload_type.codec))?;
        let (sequence, payload) = if is_rtx {
            let original = RtxPayload::parse(packet.payload())?;
            (original.original_sequence, original.payload)
        } else {
            (packet.sequence_number(), packet.payload())
        };
        let media = MediaPacket {
            sequence,
            payload,
            codec_index: payload_type.codec,
            codec: mapping.codec,
            nack: mapping.nack,
            by_rtx: is_rtx,
        };
        Some((media, mapping.clock_rate))
    }

    /// Notes that a consumer asks for a key frame of this encoding. [`Self::key_frames_due`] tells when to request it.
    pub(crate) fn ask_for_key_frame(&mut self, encoding: usize) {
        if let Some(requests) = self.requests_of(encoding) {
            requests.request();
        }
    }

    /// Notes that packets of this encoding are useless until a key frame arrives.
    pub(crate) fn expect_key_frame(&mut self, encoding: usize) {
        if let Some(requests) = self.requests_of(encoding) {
            requests.wait();
        }
    }

    fn key_frame_arrived(&mut self, encoding: usize) {
        if let Some(requests) = self.requests_of(encoding) {
            requests.key_frame_arrived();
        }
    }

    /// `None` for audio.
    fn requests_of(&mut self, encoding: usize) -> Option<&mut KeyFrameRequests> {
        self.key_frames
            .get_mut(encoding)
            .filter(|_| self.kind == MediaKind::Video)
    }

    /// Replaces `ssrcs` by those to request a key frame of now; none while paused. `rtt`: to the client, microseconds.
    pub(crate) fn key_frames_due(&mut self, now: Micros, rtt: u64, ssrcs: &mut Vec<u32>) {
        ssrcs.clear();
        if self.paused {
            return;
        }
        for (requests, (ssrc, _)) in self.key_frames.iter_mut().zip(&self.ssrcs) {
            // An encoding without an SSRC yet must not use up a request.
            if let Some(ssrc) = ssrc
                && requests.poll(now, rtt)
            {
                ssrcs.push(*ssrc);
            }
        }
        self.key_frame_requests += ssrcs.len() as u64;
    }

    /// How to request a key frame: by PLI if the codec supports it, else by FIR, else not at all.
    pub(crate) fn key_frame_request_kind(&mut self) -> Option<KeyFrameRequestKind> {
        let codec = self.codecs.first()?;
        if codec.pli {
            return Some(KeyFrameRequestKind::Pli);
        }
        codec.fir.then(|| {
            self.fir_sequence = self.fir_sequence.wrapping_add(1);
            KeyFrameRequestKind::Fir(self.fir_sequence)
        })
    }

    pub(crate) fn stats(&mut self, now: Micros) -> ProducerStats {
        ProducerStats {
            streams: self
                .streams
                .iter_mut()
                .flatten()
                .map(|stream| stream.stats(now))
                .collect(),
            key_frame_requests: self.key_frame_requests,
        }
    }
}

/// How to request a key frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFrameRequestKind {
    /// RFC 4585 section 6.3.1.
    Pli,
    /// RFC 5104 section 4.3.1, with the command sequence number.
    Fir(u8),
}
