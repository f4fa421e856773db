//! Sends a stored packet to one consumer: writes the header, copies the payload, protects both.

use hubbub_codec::Codec;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_wire::rtp::{AbsSendTime, ExtensionWriter, RtpHeaderFields, TransportSequenceNumber};

use super::consumer::{Consumer, Route};
use super::transport::Transport;
use crate::api::{MediaKind, Micros, Path};
use crate::receive::{RtxPayload, StoredPacket};
use crate::send::{MAX_DATAGRAM, Outbox, Priority};

/// The rollover counter of an extended output number. Output numbers start at 2^16, rollover counters at zero (RFC 3711
/// section 3.3.1). `None`: every index of the key has been used, and none may be used twice.
fn rollovers(output: u64) -> Option<u32> {
    u32::try_from((output >> 16).checked_sub(1)?).ok()
}

/// Sends packets to a consumer over its transport. Methods return `None` if a packet could not be sent. Such a packet uses
/// up no transport-wide and no RTX number: the client would treat the missing number as loss.
pub(crate) struct PacketSender<'a> {
    pub(crate) consumer: &'a mut Consumer,
    pub(crate) transport: &'a mut Transport,
    pub(crate) outbox: &'a mut Outbox,
}

impl PacketSender<'_> {
    /// Sends a media packet with this extended output number.
    pub(crate) fn send(
        &mut self,
        now: Micros,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<()> {
        let timestamp = self
            .consumer
            .timestamps
            .rewrite(packet.meta().timestamp, now);
        let len = self.write_media(now, packet, route, output, timestamp)?;
        let bytes = packet.payload().len();
        self.consumer.stats.packets += 1;
        self.consumer.stats.bytes += bytes as u64;
        self.consumer.rate.add(now, bytes);
        self.transport.stats.count_sent(len);
        Some(())
    }

    /// Retransmits a packet: as a new packet of the RTX stream, or without RTX as an exact copy of the original.
    pub(crate) fn resend(
        &mut self,
        now: Micros,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<()> {
        let timestamp = packet
            .meta()
            .timestamp
            .wrapping_add(self.consumer.timestamps.offset());
        let len = match (self.consumer.rtx.is_some(), route.rtx_payload_type) {
            (true, Some(payload_type)) => {
                self.write_rtx(now, packet, route, payload_type, output, timestamp)?
            }
            _ if self.consumer.resends_verbatim => {
                self.write_media(now, packet, route, output, timestamp)?
            }
            _ => return None,
        };
        self.consumer.stats.retransmitted += 1;
        self.transport.stats.count_sent(len);
        Some(())
    }

    /// For the same packet and output number, writes the same bytes each time, unless extensions depend on the time of
    /// sending (see [`super::header_extensions::OutgoingExtensions::new`]).
    fn write_media(
        &mut self,
        now: Micros,
        packet: &StoredPacket,
        route: Route,
        output: u64,
        timestamp: u32,
    ) -> Option<usize> {
        let path = self.transport.ice.selected()?;
        let outbound = self.transport.outbound.as_ref()?;
        let fields = RtpHeaderFields {
            marker: packet.meta().marker,
            payload_type: route.payload_type,
            sequence_number: output as u16,
            timestamp,
            ssrc: self.consumer.ssrc,
        };
        let buffer = self.outbox.reserve()?;
        let header_len = write_header(buffer, now, &fields, self.consumer, self.transport, packet)?;
        let packet_len = header_len + packet.payload().len();
        if packet_len + outbound.profile().tag_len() > MAX_DATAGRAM {
            self.outbox.count_oversized();
            return None;
        }
        let payload = buffer.get_mut(header_len..packet_len)?;
        payload.copy_from_slice(packet.payload());
        rewrite_payload(self.consumer, route.codec, payload)?;
        let len = outbound
            .protect_rtp_with_index(buffer, header_len, packet_len, rollovers(output)?)
            .ok()?;
        self.commit(len, path);
        Some(len)
    }

    fn write_rtx(
        &mut self,
        now: Micros,
        packet: &StoredPacket,
        route: Route,
        payload_type: u8,
        output: u64,
        timestamp: u32,
    ) -> Option<usize> {
        let path = self.transport.ice.selected()?;
        let outbound = self.transport.outbound.as_ref()?;
        let rtx = self.consumer.rtx.as_ref()?;
        let fields = RtpHeaderFields {
            marker: packet.meta().marker,
            payload_type,
            sequence_number: rtx.sequence.next(),
            timestamp,
            ssrc: rtx.ssrc,
        };
        let buffer = self.outbox.reserve()?;
        let header_len = write_header(buffer, now, &fields, self.consumer, self.transport, packet)?;
        let original = RtxPayload {
            original_sequence: output as u16,
            payload: packet.payload(),
        };
        let packet_len = header_len + RtxPayload::HEADER_LEN + packet.payload().len();
        if packet_len + outbound.profile().tag_len() > MAX_DATAGRAM {
            self.outbox.count_oversized();
            return None;
        }
        let payload_len = original.write(buffer.get_mut(header_len..)?)?;
        let payload =
            buffer.get_mut(header_len + RtxPayload::HEADER_LEN..header_len + payload_len)?;
        rewrite_payload(self.consumer, route.codec, payload)?;
        let outbound = self.transport.outbound.as_mut()?;
        let len = outbound
            .protect_rtp(buffer, header_len, header_len + payload_len)
            .ok()?;
        self.consumer.rtx.as_mut()?.sequence.advance();
        self.commit(len, path);
        Some(len)
    }

    fn commit(&mut self, len: usize, path: Path) {
        self.outbox.commit(len, path, priority(self.consumer.kind));
        if self.consumer.extensions.transport_cc.is_some() {
            self.transport.transport_sequence = self.transport.transport_sequence.wrapping_add(1);
        }
    }
}

const fn priority(kind: MediaKind) -> Priority {
    match kind {
        MediaKind::Audio => Priority::Audio,
        MediaKind::Video => Priority::Video,
    }
}

/// Rewrites picture id and TL0PICIDX of VP8, so that they continue after a switch. `None`: the picture is too old to be
/// numbered.
fn rewrite_payload(consumer: &mut Consumer, codec: Codec, payload: &mut [u8]) -> Option<()> {
    if codec == Codec::Vp8
        && let Ok(descriptor) = Vp8Descriptor::parse(payload)
    {
        let ids = consumer.vp8.rewrite(&descriptor)?;
        descriptor.write_ids(payload, ids);
    }
    Some(())
}

fn write_header(
    buffer: &mut [u8],
    now: Micros,
    fields: &RtpHeaderFields,
    consumer: &Consumer,
    transport: &Transport,
    packet: &StoredPacket,
) -> Option<usize> {
    let ids = &consumer.extensions;
    let send_time = AbsSendTime::from_micros(now.0).to_bytes();
    let transport_sequence = TransportSequenceNumber(transport.transport_sequence).to_bytes();
    let mut extensions = ExtensionWriter::default();
    if let Some(id) = ids.mid {
        extensions.push(id, consumer.mid.as_bytes()).ok()?;
    }
    if let Some(id) = ids.abs_send_time {
        extensions.push(id, &send_time).ok()?;
    }
    if let Some(id) = ids.transport_cc {
        extensions.push(id, &transport_sequence).ok()?;
    }
    for (tag, value) in packet.extensions() {
        if let Some(id) = ids.copied(tag) {
            extensions.push(id, value).ok()?;
        }
    }
    fields.write(buffer, &extensions).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollovers_count_from_the_second_cycle_and_are_never_reused() {
        assert_eq!(rollovers(0xFFFF), None);
        assert_eq!(rollovers(0x1_0000), Some(0));
        assert_eq!(rollovers(0x2_FFFF), Some(1));
        assert_eq!(rollovers(1 << 48), Some(u32::MAX));
        assert_eq!(rollovers((1 << 48) + (1 << 16)), None);
    }
}
