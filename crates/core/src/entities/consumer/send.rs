//! Sends a stored packet to one consumer: writes the header, copies the payload, protects both.

use hubbub_codec::dependency_descriptor::{TemplateStructure, frame_number};
use hubbub_codec::{Codec, Layer};
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpHeaderFields;

use super::header::Sending;
use super::redundancy::RedPayload;
use super::rewrite_dd::{Rewritten, is_descriptor};
use super::rewrite_vp8::rewrite_ids;
use super::state::{Consumer, Route};
use crate::api::{MediaKind, Micros, Path};
use crate::entities::departure::Departure;
use crate::entities::header_extensions::tag;
use crate::entities::producer::ProducerStream;
use crate::entities::transport::Transport;
use crate::receive::{PacketMeta, StoredPacket};
use crate::send::{MAX_DATAGRAM, Outbox, Priority};

/// The rollover counter of an extended output number. Output numbers start at 2^16, rollover counters at zero (RFC 3711
/// section 3.3.1). `None`: every index of the key has been used, and none may be used twice.
pub(crate) fn rollovers(output: u64) -> Option<u32> {
    u32::try_from((output >> 16).checked_sub(1)?).ok()
}

impl Consumer {
    /// The marker bit of a packet of the forwarded stream: set at the end of a picture, also of one whose upper layers are
    /// dropped. `None` if its layers are no longer known.
    pub(super) fn marker(&self, packet: &PacketMeta) -> Option<bool> {
        if !self.svc.was_limited() {
            return Some(packet.marker);
        }
        let target = self.svc.target_at(packet.sequence)?;
        let ends_picture = target != Layer::TOP
            && packet.frame.end_of_frame()
            && packet.frame.spatial == target.spatial;
        Some(packet.marker || ends_picture)
    }

    /// The header of a packet of `stream`, the forwarded one, that is sent over `transport` now. `frame_number`: see
    /// [`Self::rewrite_frame_number`].
    pub(super) fn header<'a>(
        &'a self,
        now: Micros,
        transport: &Transport,
        stream: &'a ProducerStream,
        packet: &PacketMeta,
        frame_number: Option<u16>,
    ) -> Sending<'a> {
        Sending {
            dependencies: frame_number.map(|frame_number| Rewritten {
                frame_number,
                limit: self.limit(packet, stream),
            }),
            ..self.plain_header(now, transport)
        }
    }

    /// The header of a packet that belongs to no frame.
    pub(super) fn plain_header(&self, now: Micros, transport: &Transport) -> Sending<'_> {
        Sending {
            now,
            ids: &self.extensions,
            mid: &self.mid,
            transport_sequence: transport.transport_sequence,
            dependencies: None,
        }
    }

    /// Rewrites the ids of pictures in a payload, so that they continue after a switch. `None`: the picture is too old to be
    /// numbered.
    pub(super) fn rewrite_ids(&mut self, codec: Codec, payload: &mut [u8]) -> Option<()> {
        match codec {
            Codec::Vp8 => rewrite_ids(&mut self.vp8, payload)?,
            Codec::Vp9 => self.vp9.rewrite(payload),
            _ => {}
        }
        Some(())
    }

    /// The frame number to send a packet with, if its dependency descriptor is sent.
    pub(super) fn rewrite_frame_number(&mut self, packet: &StoredPacket) -> Option<u16> {
        self.extensions
            .copied(tag(ExtensionKind::DependencyDescriptor))?;
        let (_, descriptor) = packet.extensions().find(|(tag, _)| is_descriptor(*tag))?;
        let number = frame_number(descriptor)?;
        Some(self.frame_numbers.rewrite(number, u16::BITS))
    }

    /// The layers that the dependency descriptor of a packet of `stream` is to be limited to. A repetition without RTX must
    /// be exact, even if the stream has another structure by then, so such a client gets what the producer wrote.
    fn limit<'a>(
        &self,
        packet: &PacketMeta,
        stream: &'a ProducerStream,
    ) -> Option<(&'a TemplateStructure, Layer)> {
        if !self.svc.was_limited() || self.resends_verbatim {
            return None;
        }
        let layer = self.svc.limit_at(packet.sequence)?;
        let structure = stream.structure_of(packet)?;
        Some((structure, layer))
    }
}

/// Sends packets to a consumer over its transport. Methods return `None` if a packet could not be sent. Such a packet uses
/// up no transport-wide and no RTX number: the client would treat the missing number as loss.
pub(crate) struct PacketSender<'a> {
    /// The forwarded stream.
    pub(crate) stream: &'a ProducerStream,
    pub(crate) consumer: &'a mut Consumer,
    pub(crate) transport: &'a mut Transport,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) departure: Departure,
}

impl PacketSender<'_> {
    /// Sends a media packet with this extended output number. Returns the length of the datagram.
    pub(crate) fn send(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
    ) -> Option<usize> {
        let now = self.departure.at;
        let timestamp = self
            .consumer
            .timestamps
            .rewrite(packet.meta().timestamp, now);
        let len = self.write_media(packet, route, output, timestamp)?;
        let bytes = packet.payload().len();
        self.consumer.stats.packets += 1;
        self.consumer.stats.bytes += bytes as u64;
        self.consumer.rate.add(now, bytes);
        self.transport.stats.count_sent(len);
        Some(len)
    }

    /// For the same packet and output number, writes the same bytes each time, unless extensions depend on the time of
    /// sending (see [`super::header::OutgoingExtensions::new`]).
    pub(super) fn write_media(
        &mut self,
        packet: &StoredPacket,
        route: Route,
        output: u64,
        timestamp: u32,
    ) -> Option<usize> {
        let path = self.transport.link.path()?;
        let outbound = self.transport.outbound.as_ref()?;
        let red = self
            .consumer
            .redundancy
            .as_ref()
            .filter(|_| route.codec == Codec::Opus)
            .and_then(|red| {
                red.payload(self.departure.at, self.stream, packet, route.payload_type)
            });
        let fields = RtpHeaderFields {
            marker: self.consumer.marker(packet.meta())?,
            payload_type: red
                .as_ref()
                .map_or(route.payload_type, |red| red.payload_type),
            sequence_number: output as u16,
            timestamp,
            ssrc: self.consumer.ssrc,
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
        let payload_len = red.as_ref().map_or(packet.payload().len(), RedPayload::len);
        let packet_len = header_len + payload_len;
        if packet_len + outbound.tag_len() > MAX_DATAGRAM {
            self.outbox.count_oversized();
            return None;
        }
        let payload = buffer.get_mut(header_len..packet_len)?;
        match red {
            Some(red) => red.write(payload)?,
            None => payload.copy_from_slice(packet.payload()),
        }
        self.consumer.rewrite_ids(route.codec, payload)?;
        let len = outbound
            .protect_rtp_with_index(buffer, header_len, packet_len, rollovers(output)?)
            .ok()?;
        self.commit(len, path);
        Some(len)
    }

    pub(super) fn commit(&mut self, len: usize, path: Path) {
        commit(
            self.outbox,
            self.consumer,
            self.transport,
            self.departure,
            (len, path),
        );
    }
}

/// Puts the datagram that was written into the outbox. If it carries a transport-wide number, uses that up.
pub(super) fn commit(
    outbox: &mut Outbox,
    consumer: &Consumer,
    transport: &mut Transport,
    departure: Departure,
    (len, path): (usize, Path),
) {
    outbox.commit(len, path, priority(consumer.kind));
    if consumer.extensions.transport_cc.is_some() {
        transport.use_sequence_number(departure, len);
    }
}

const fn priority(kind: MediaKind) -> Priority {
    match kind {
        MediaKind::Audio => Priority::Audio,
        MediaKind::Video => Priority::Video,
    }
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
