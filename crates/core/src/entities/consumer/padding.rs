//! Bytes for probes, on a consumer's RTX stream: old packets, or padding. The client drops both.

use hubbub_wire::rtp::RtpHeaderFields;

use super::send::{PacketSender, commit};
use super::state::{Consumer, Route};
use crate::entities::departure::Departure;
use crate::entities::transport::Transport;
use crate::receive::StoredPacket;
use crate::send::Outbox;

/// Padding of one packet, bytes: its last byte holds the length (RFC 3550 section 5.1).
const MAX_PADDING: usize = 255;
const PADDING_BIT: u8 = 0x20;

impl Consumer {
    /// Whether probes can be sent on the consumer's RTX stream.
    pub(crate) fn can_probe(&self) -> bool {
        self.has_feedback() && self.rtx.is_some()
    }

    /// The number of one of the packets that were sent last. `nth` counts back from the newest.
    pub(crate) fn recent(&self, nth: u64) -> Option<u16> {
        let number = self.sequence.highest()?.checked_sub(nth)?;
        Some(number as u16)
    }
}

impl PacketSender<'_> {
    /// Repeats a packet that the client has, as a probe. Returns the length of the datagram.
    pub(crate) fn repeat(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        let payload_type = route.rtx_payload_type?;
        let offset = self.consumer.timestamps.offset();
        let timestamp = packet.meta().timestamp.wrapping_add(offset);
        let len = self.write_rtx(packet, route, payload_type, output, timestamp)?;
        self.transport.stats.count_sent(len);
        Some(len)
    }
}

/// Sends padding to a consumer, which needs no stream of the producer.
pub(crate) struct PaddingSender<'a> {
    pub(crate) consumer: &'a mut Consumer,
    pub(crate) transport: &'a mut Transport,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) departure: Departure,
}

impl PaddingSender<'_> {
    /// Sends about `bytes` of padding. Returns the length of the datagram.
    pub(crate) fn send(&mut self, bytes: usize) -> Option<usize> {
        let path = self.transport.link.path()?;
        let rtx = self.consumer.rtx.as_ref()?;
        let fields = RtpHeaderFields {
            marker: false,
            payload_type: self.consumer.rtx_payload_type()?,
            sequence_number: rtx.sequence.next(),
            timestamp: self.consumer.timestamps.newest(),
            ssrc: rtx.ssrc,
        };
        let buffer = self.outbox.reserve()?;
        let header = self
            .consumer
            .plain_header(self.departure.at, self.transport);
        let header_len = header.write_plain(buffer, &fields)?;
        *buffer.first_mut()? |= PADDING_BIT;
        let padding = bytes.saturating_sub(header_len).clamp(1, MAX_PADDING);
        let packet_len = header_len + padding;
        let (last, zeros) = buffer.get_mut(header_len..packet_len)?.split_last_mut()?;
        zeros.fill(0);
        *last = padding as u8;
        let outbound = self.transport.outbound.as_mut()?;
        let len = outbound.protect_rtp(buffer, header_len, packet_len).ok()?;
        self.consumer.rtx.as_mut()?.sequence.advance();
        commit(
            self.outbox,
            self.consumer,
            self.transport,
            self.departure,
            (len, path),
        );
        self.transport.stats.count_sent(len);
        Some(len)
    }
}
