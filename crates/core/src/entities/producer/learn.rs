//! Finds the encoding of a packet, and binds SSRCs to encodings.
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

use super::state::Producer;
use crate::api::Micros;

/// Silence of a learned stream after which it can be bound to another SSRC: the longest that a change of the SSRC may
/// stop the stream.
const REBIND_AFTER_US: u64 = 100_000;

impl Producer {
    /// Identifies the encoding of a packet with an unknown SSRC, and whether it belongs to the RTX stream.
    pub(crate) fn identify(&self, now: Micros, packet: &RtpPacket<'_>) -> Option<(usize, bool)> {
        let text = |id: Option<u8>| {
            packet
                .extension(id?)
                .and_then(|value| parse_stream_id(value).ok())
        };
        let is_rtx = self.payload_types.is_rtx(packet.payload_type())?;
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
}
