//! The payload types of a producer.

use hubbub_codec::{Codec, red};
use hubbub_wire::rtp::RtpPacket;

use super::media_packet::MediaPacket;
use crate::api::CodecMapping;
use crate::receive::RtxPayload;

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PayloadType {
    /// Index in the producer's list of codecs.
    codec: u8,
    is_rtx: bool,
}

/// What each payload type stands for.
#[derive(Debug)]
pub(crate) struct PayloadTypes([Option<PayloadType>; 128]);

impl PayloadTypes {
    /// Those of these codecs and their RTX.
    pub(crate) fn new(codecs: &[CodecMapping]) -> Self {
        let mut table = [None; 128];
        for (codec, mapping) in (0..).zip(codecs) {
            let rtx = mapping.rtx_payload_type.map(|number| (number, true));
            for (number, is_rtx) in std::iter::once((mapping.payload_type, false)).chain(rtx) {
                if let Some(slot) = table.get_mut(usize::from(number)) {
                    *slot = Some(PayloadType { codec, is_rtx });
                }
            }
        }
        Self(table)
    }

    /// Whether this payload type is RTX; `None` if it is unknown.
    pub(crate) fn is_rtx(&self, number: u8) -> Option<bool> {
        Some(self.get(number)?.is_rtx)
    }

    /// The media in a packet of a media or RTX stream, and its clock rate in Hz; `None` if the packet has a payload type of
    /// the other kind. `codecs` are those of the producer.
    pub(crate) fn media<'a>(
        &self,
        packet: &RtpPacket<'a>,
        is_rtx: bool,
        codecs: &[CodecMapping],
    ) -> Option<(MediaPacket<'a>, u32)> {
        let payload_type = self
            .get(packet.payload_type())
            .filter(|found| found.is_rtx == is_rtx)?;
        let mapping = codecs.get(usize::from(payload_type.codec))?;
        let (sequence, payload) = if is_rtx {
            let original = RtxPayload::parse(packet.payload())?;
            (original.original_sequence, original.payload)
        } else {
            (packet.sequence_number(), packet.payload())
        };
        if mapping.codec == Codec::Red {
            return self.unwrap_red(sequence, payload, codecs);
        }
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

    /// The opus packet in a RED payload. Its receivers get redundancy of their own, if they need it.
    fn unwrap_red<'a>(
        &self,
        sequence: u16,
        payload: &'a [u8],
        codecs: &[CodecMapping],
    ) -> Option<(MediaPacket<'a>, u32)> {
        let primary = red::Primary::parse(payload).ok()?;
        let payload_type = self
            .get(primary.payload_type)
            .filter(|found| !found.is_rtx)?;
        let mapping = codecs
            .get(usize::from(payload_type.codec))
            .filter(|mapping| mapping.codec == Codec::Opus)?;
        let media = MediaPacket {
            sequence,
            payload: primary.payload,
            codec_index: payload_type.codec,
            codec: mapping.codec,
            nack: mapping.nack,
            by_rtx: false,
        };
        Some((media, mapping.clock_rate))
    }

    fn get(&self, number: u8) -> Option<PayloadType> {
        self.0.get(usize::from(number)).copied().flatten()
    }
}
