//! The streams of a peer that sends audio and video at real rates. `cargo bench -p hubbub-core --bench rooms` sends them too.

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind, MediaKind,
    ProducerId, ProducerSpec,
};
use hubbub_wire::ExtensionKind;

pub(crate) const AUDIO_EVERY_US: u64 = 20_000;
const AUDIO_BYTES: usize = 92;
pub(crate) const PICTURE_EVERY_US: u64 = 33_333;
const PICTURE_PACKETS: u16 = 4;
const VIDEO_BYTES: usize = 1_050;

/// One of a peer's two streams.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) kind: MediaKind,
    pub(crate) producer: ProducerId,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    /// Audio and video of the peer with this number.
    pub(crate) fn pair(number: u64) -> (Self, Self) {
        let stream = |kind, nth: u64| Self {
            kind,
            producer: ProducerId(number * 2 + nth),
            ssrc: (number * 2 + nth) as u32,
            sequence: 0,
            timestamp: 0,
        };
        (stream(MediaKind::Audio, 0), stream(MediaKind::Video, 1))
    }

    pub(crate) fn producer_spec(&self) -> ProducerSpec {
        ProducerSpec {
            kind: self.kind,
            mid: None,
            codecs: vec![codec(self.kind)],
            extensions: Vec::new(),
            encodings: vec![EncodingSpec {
                ssrc: Some(self.ssrc),
                ..EncodingSpec::default()
            }],
            feedback: FeedbackKind::GoogRemb,
            paused: false,
            is_microphone: true,
        }
    }

    /// `nth` makes the MID unique at the client. With the id of transport-wide numbers, video has feedback.
    pub(crate) fn consumer_spec(&self, nth: usize, transport_cc: Option<u8>) -> ConsumerSpec {
        let is_video = self.kind == MediaKind::Video;
        let transport_cc = transport_cc.filter(|_| is_video);
        let has_feedback = transport_cc.is_some();
        ConsumerSpec {
            kind: self.kind,
            mid: (nth * 2 + usize::from(is_video)).to_string(),
            codecs: vec![CodecMapping {
                rtx_payload_type: has_feedback.then_some(102),
                ..codec(self.kind)
            }],
            extensions: [
                Some((ExtensionKind::Mid, 1)),
                Some((ExtensionKind::AbsSendTime, 4)),
                transport_cc.map(|id| (ExtensionKind::TransportCc, id)),
            ]
            .into_iter()
            .flatten()
            .map(|(kind, id)| ExtensionMapping { kind, id })
            .collect(),
            ssrc: 100_000 + self.ssrc,
            rtx_ssrc: has_feedback.then_some(200_000 + self.ssrc),
            cname: "someone".into(),
            feedback: if has_feedback {
                FeedbackKind::TransportCc
            } else {
                FeedbackKind::GoogRemb
            },
        }
    }

    /// The next packet of audio.
    pub(crate) fn sound(&mut self) -> Vec<u8> {
        self.timestamp = self.timestamp.wrapping_add(960);
        let mut packet = self.header(false);
        self.fill(&mut packet, AUDIO_BYTES);
        packet
    }

    /// The packets of the next picture.
    pub(crate) fn picture(&mut self) -> impl Iterator<Item = Vec<u8>> {
        self.timestamp = self.timestamp.wrapping_add(3_000);
        (0..PICTURE_PACKETS).map(|nth| {
            let mut packet = self.header(nth + 1 == PICTURE_PACKETS);
            let [high, low] = ((self.timestamp / 3_000) as u16 | 0x8000).to_be_bytes();
            if nth == 0 {
                // A descriptor with a 15-bit picture id, and the header of a key frame (RFC 7741, RFC 6386).
                packet.extend([0x90, 0x80, high, low, 0x10, 0, 0, 0x9d, 0x01, 0x2a]);
            } else {
                packet.extend([0x80, 0x80, high, low]);
            }
            self.fill(&mut packet, VIDEO_BYTES);
            packet
        })
    }

    /// Makes a packet as long as it should be. It ends with its sequence number, which receivers get as it is.
    fn fill(&self, packet: &mut Vec<u8>, len: usize) {
        packet.resize(len - 2, 0x55);
        packet.extend(self.sequence.to_be_bytes());
    }

    fn header(&mut self, marker: bool) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let payload_type = codec(self.kind).payload_type;
        let mut packet = vec![0x80, payload_type | u8::from(marker) << 7];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet
    }
}

/// The codec of a kind, with the payload types of the router.
pub(crate) fn codec(kind: MediaKind) -> CodecMapping {
    let video = kind == MediaKind::Video;
    CodecMapping {
        codec: if video { Codec::Vp8 } else { Codec::Opus },
        clock_rate: if video { 90_000 } else { 48_000 },
        payload_type: if video { 101 } else { 100 },
        rtx_payload_type: None,
        router_payload_type: if video { 101 } else { 100 },
        nack: video,
        pli: video,
        fir: false,
        inband_fec: false,
    }
}
