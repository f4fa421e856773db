//! Sends a stored packet over a pipe.

use hubbub_wire::rtp::RtpHeaderFields;

use super::state::PipeConsumer;
use crate::api::{MediaKind, Path};
use crate::entities::consumer::{Route, Sending, rollovers};
use crate::entities::departure::Departure;
use crate::entities::transport::Transport;
use crate::receive::{RtxPayload, StoredPacket};
use crate::send::{Outbox, Priority};

/// Sends packets of one encoding over its pipe. Methods return the length of the datagram, or `None` if a packet could not be
/// sent. Such a packet uses up no transport-wide and no RTX number.
pub(crate) struct PipeSender<'a> {
    pub(crate) consumer: &'a mut PipeConsumer,
    /// Index of the encoding.
    pub(crate) encoding: usize,
    pub(crate) transport: &'a mut Transport,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) departure: Departure,
}

impl PipeSender<'_> {
    /// Sends a packet with this extended output number.
    pub(crate) fn send(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        let len = self.write_media(packet, route, output)?;
        let encoding = self.consumer.encodings.get_mut(self.encoding)?;
        let bytes = packet.payload().len();
        encoding.packets += 1;
        encoding.bytes += bytes as u64;
        encoding.rate.add(self.departure.at, bytes);
        Some(len)
    }

    /// Retransmits a packet: as a new packet of the RTX stream, or without RTX as an exact copy of the original.
    pub(crate) fn resend(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        let encoding = self.consumer.encodings.get(self.encoding)?;
        let len = match (&encoding.rtx, route.rtx_payload_type) {
            (Some(_), Some(payload_type)) => self.write_rtx(packet, payload_type, output)?,
            (None, _) => self.write_media(packet, route, output)?,
            (Some(_), None) => return None,
        };
        self.consumer.stats.retransmitted += 1;
        Some(len)
    }

    /// Sends a packet again that the other side has, as a probe. Needs RTX.
    pub(crate) fn repeat(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        self.write_rtx(packet, route.rtx_payload_type?, output)
    }

    fn write_media(&mut self, packet: &StoredPacket, route: Route, output: u64) -> Option<usize> {
        let path = self.transport.link.path()?;
        let encoding = self.consumer.encodings.get(self.encoding)?;
        let outbound = self.transport.outbound.as_ref()?;
        let fields = RtpHeaderFields {
            marker: packet.meta().marker,
            payload_type: route.payload_type,
            sequence_number: output as u16,
            timestamp: packet.meta().timestamp,
            ssrc: encoding.ssrc,
        };
        let buffer = self.outbox.reserve_behind(self.transport.link.prefix())?;
        let header = sending(self.consumer, self.transport, self.departure);
        let header_len = header.write(buffer, &fields, packet)?;
        let packet_len = header_len + packet.payload().len();
        if packet_len + outbound.tag_len() > buffer.len() {
            self.outbox.count_oversized();
            return None;
        }
        let payload = buffer.get_mut(header_len..packet_len)?;
        payload.copy_from_slice(packet.payload());
        let len = outbound
            .protect_rtp_with_index(buffer, header_len, packet_len, rollovers(output)?)
            .ok()?;
        self.commit(len, path);
        Some(len)
    }

    fn write_rtx(&mut self, packet: &StoredPacket, payload_type: u8, output: u64) -> Option<usize> {
        let path = self.transport.link.path()?;
        let rtx = self.consumer.encodings.get(self.encoding)?.rtx.as_ref()?;
        let fields = RtpHeaderFields {
            marker: packet.meta().marker,
            payload_type,
            sequence_number: rtx.sequence.next(),
            timestamp: packet.meta().timestamp,
            ssrc: rtx.ssrc,
        };
        let buffer = self.outbox.reserve_behind(self.transport.link.prefix())?;
        let header = sending(self.consumer, self.transport, self.departure);
        let header_len = header.write(buffer, &fields, packet)?;
        let original = RtxPayload {
            original_sequence: output as u16,
            payload: packet.payload(),
        };
        let outbound = self.transport.outbound.as_mut()?;
        let packet_len = header_len + RtxPayload::HEADER_LEN + packet.payload().len();
        if packet_len + outbound.tag_len() > buffer.len() {
            self.outbox.count_oversized();
            return None;
        }
        original.write(buffer.get_mut(header_len..)?)?;
        let len = outbound.protect_rtp(buffer, header_len, packet_len).ok()?;
        let encoding = self.consumer.encodings.get_mut(self.encoding)?;
        encoding.rtx.as_mut()?.sequence.advance();
        self.commit(len, path);
        Some(len)
    }

    /// Puts the datagram that was written into the outbox. If it carries a transport-wide number, uses that up.
    fn commit(&mut self, len: usize, path: Path) {
        let priority = match self.consumer.kind {
            MediaKind::Audio => Priority::Audio,
            MediaKind::Video => Priority::Video,
        };
        self.outbox.commit(len, path, priority);
        self.transport.stats.count_sent(len);
        if self.consumer.extensions.transport_cc.is_some() {
            self.transport.use_sequence_number(self.departure, len);
        }
    }
}

fn sending<'a>(
    consumer: &'a PipeConsumer,
    transport: &Transport,
    departure: Departure,
) -> Sending<'a> {
    Sending {
        now: departure.at,
        ids: &consumer.extensions,
        mid: "",
        transport_sequence: transport.transport_sequence,
        dependencies: None,
    }
}
