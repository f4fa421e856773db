//! Repeats packets that the client has lost.

use hubbub_wire::rtp::RtpHeaderFields;

use super::send::PacketSender;
use super::state::{Consumer, Route};
use crate::receive::{RtxPayload, StoredPacket};
use crate::send::MAX_DATAGRAM;

impl Consumer {
    /// Whether what the client has lost is repeated.
    pub(crate) const fn is_repaired(&self) -> bool {
        self.rtx.is_some() || self.resends_verbatim
    }

    /// Finds the packet that was sent with this number: its extended output number and its number in the source.
    ///
    /// Returns `None` for packets before the last start, switch or clock jump: the client cannot use them, and their
    /// timestamp offset is gone.
    pub(crate) fn find_sent(&self, sequence: u16) -> Option<(u64, u64)> {
        let highest = self.sequence.highest()?;
        let output = highest.checked_sub(u64::from((highest as u16).wrapping_sub(sequence)))?;
        let packet = self.sequence.lookup(sequence)?;
        (output >= self.segment_start && Some(packet.source) == self.sent_source())
            .then_some((output, packet.sequence))
    }

    /// Whether a packet of this source and with this extended output number is still of use to the client.
    pub(crate) fn still_repeats(&self, source: u32, output: u64) -> bool {
        output >= self.segment_start && self.sent_source() == Some(source)
    }
}

impl PacketSender<'_> {
    /// Retransmits a packet: as a new packet of the RTX stream, or without RTX as an exact copy of the original.
    /// Returns the length of the datagram.
    pub(crate) fn resend(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        let timestamp = packet
            .meta()
            .timestamp
            .wrapping_add(self.consumer.timestamps.offset());
        let len = match (self.consumer.rtx.is_some(), route.rtx_payload_type) {
            (true, Some(payload_type)) => {
                self.write_rtx(packet, route, payload_type, output, timestamp)?
            }
            _ if self.consumer.resends_verbatim => {
                self.write_media(packet, route, output, timestamp)?
            }
            _ => return None,
        };
        self.consumer.stats.retransmitted += 1;
        self.transport.stats.count_sent(len);
        Some(len)
    }

    pub(super) fn write_rtx(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        payload_type: u8,
        output: u64,
        timestamp: u32,
    ) -> Option<usize> {
        let path = self.transport.link.path()?;
        let outbound = self.transport.outbound.as_ref()?;
        let rtx = self.consumer.rtx.as_ref()?;
        let fields = RtpHeaderFields {
            marker: self.consumer.marker(packet.meta())?,
            payload_type,
            sequence_number: rtx.sequence.next(),
            timestamp,
            ssrc: rtx.ssrc,
        };
        let frame_number = self.consumer.rewrite_frame_number(packet);
        let buffer = self.outbox.reserve()?;
        let header = self.consumer.header(
            self.departure.at,
            self.transport,
            self.stream,
            packet.meta(),
            frame_number,
        );
        let header_len = header.write(buffer, &fields, packet)?;
        let original = RtxPayload {
            original_sequence: output as u16,
            payload: packet.payload(),
        };
        let packet_len = header_len + RtxPayload::HEADER_LEN + packet.payload().len();
        if packet_len + outbound.tag_len() > MAX_DATAGRAM {
            self.outbox.count_oversized();
            return None;
        }
        let payload_len = original.write(buffer.get_mut(header_len..)?)?;
        let payload =
            buffer.get_mut(header_len + RtxPayload::HEADER_LEN..header_len + payload_len)?;
        self.consumer.rewrite_ids(route.codec, payload)?;
        let outbound = self.transport.outbound.as_mut()?;
        let len = outbound
            .protect_rtp(buffer, header_len, header_len + payload_len)
            .ok()?;
        self.consumer.rtx.as_mut()?.sequence.advance();
        self.commit(len, path);
        Some(len)
    }
}
