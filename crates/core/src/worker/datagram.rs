//! A datagram's way in: demultiplexed, authenticated, taken in by its producer, forwarded to its consumers.

use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpPacket;

use crate::api::{Micros, Path};
use crate::consumer::Admission;
use crate::forward::Destination;
use crate::producer_stream::Received;
use crate::tables::{ProducerKey, TransportKey};
use crate::transport::IncomingStream;

use super::Worker;

impl Worker {
    /// One datagram from the socket, and what it came over. It is decrypted in place.
    pub fn handle_datagram(&mut self, now: Micros, path: Path, datagram: &mut [u8]) {
        self.touched.clear();
        self.counters.packets_received += 1;
        self.counters.bytes_received += datagram.len() as u64;
        match PacketKind::of(datagram) {
            PacketKind::Stun => return self.handle_stun(now, path, datagram),
            PacketKind::Unknown => return self.counters.dropped_malformed += 1,
            PacketKind::Dtls | PacketKind::Rtp | PacketKind::Rtcp => {}
        }
        let Some(key) = self.tables.paths.get(&path).copied() else {
            self.counters.dropped_unknown_address += 1;
            return;
        };
        self.touched.transport = Some(key);
        if let Some(transport) = self.tables.transports.get_mut(key) {
            transport.stats.received(datagram.len());
        }
        match PacketKind::of(datagram) {
            PacketKind::Dtls => self.handle_dtls(now, key, datagram),
            PacketKind::Rtp => self.handle_rtp(now, key, datagram),
            _ => self.handle_rtcp(now, key, datagram),
        }
    }

    fn handle_rtp(&mut self, now: Micros, key: TransportKey, datagram: &mut [u8]) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let Some(Ok(len)) = transport
            .inbound
            .as_mut()
            .map(|inbound| inbound.unprotect_rtp(datagram))
        else {
            transport.stats.srtp_errors += 1;
            self.counters.dropped_srtp += 1;
            return;
        };
        let Ok(packet) = RtpPacket::parse(datagram.get(..len).unwrap_or_default()) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        // Of unknown streams as well: a client sends before its producer is made, and what is not told of counts as lost.
        transport.note_arrival(now, &packet);
        let known = transport.incoming.get(&packet.ssrc()).copied();
        let Some(stream) = known.or_else(|| self.learn(now, key, &packet)) else {
            self.counters.dropped_unknown_ssrc += 1;
            if let Some(transport) = self.tables.transports.get_mut(key) {
                transport.stats.unknown_ssrc += 1;
            }
            return;
        };
        self.receive_media(now, stream, &packet);
    }

    /// Finds the stream of an SSRC that is not known, by the names in the packet, and remembers it.
    fn learn(
        &mut self,
        now: Micros,
        key: TransportKey,
        packet: &RtpPacket<'_>,
    ) -> Option<IncomingStream> {
        let transport = self.tables.transports.get_mut(key)?;
        let (producer_key, (encoding, is_rtx)) =
            transport.producers.iter().find_map(|producer| {
                Some((
                    *producer,
                    self.tables
                        .producers
                        .get(*producer)?
                        .recognise(now, packet)?,
                ))
            })?;
        let producer = self.tables.producers.get_mut(producer_key)?;
        if let Some(former) = producer.bind(encoding, is_rtx, packet.ssrc()) {
            transport.incoming.remove(&former);
        }
        let stream = IncomingStream {
            producer: producer_key,
            encoding,
            is_rtx,
        };
        transport.incoming.insert(packet.ssrc(), stream);
        Some(stream)
    }

    fn receive_media(&mut self, now: Micros, stream: IncomingStream, packet: &RtpPacket<'_>) {
        self.touched.producer = Some(stream.producer);
        let Some(producer) = self.tables.producers.get_mut(stream.producer) else {
            return;
        };
        let received = producer.receive(now, stream.encoding, stream.is_rtx, packet);
        if stream.is_rtx && matches!(received, Received::Media { .. }) {
            self.counters.media.repaired_received += 1;
        }
        match received {
            Received::Dropped => return,
            Received::Padding { sequence } => {
                self.close_up(stream.producer, stream.encoding, sequence)
            }
            Received::Media {
                sequence,
                starts_key_frame,
                ..
            } if !producer.paused => {
                self.forward(
                    now,
                    stream.producer,
                    stream.encoding,
                    sequence,
                    starts_key_frame,
                );
            }
            Received::Media { .. } => {}
        }
        self.ask_for_key_frames(now, stream.producer);
    }

    /// Offers a packet that has just come to every consumer of its producer.
    fn forward(
        &mut self,
        now: Micros,
        key: ProducerKey,
        encoding: usize,
        sequence: u64,
        starts_key_frame: bool,
    ) {
        let Some(producer) = self.tables.producers.get(key) else {
            return;
        };
        let Some(stream) = producer.stream(encoding) else {
            return;
        };
        let Some(packet) = stream.packet(sequence, now) else {
            return;
        };
        let mut is_awaited = false;
        for consumer_key in &producer.consumers {
            self.touched.consumer = Some(*consumer_key);
            let Some(consumer) = self.tables.consumers.get_mut(*consumer_key) else {
                continue;
            };
            let Some(transport) = self.tables.transports.get_mut(consumer.transport) else {
                continue;
            };
            if consumer.paused || !transport.is_ready() {
                consumer.halt();
                continue;
            }
            match consumer.admit(
                now,
                producer,
                encoding,
                stream,
                packet.meta().timestamp,
                starts_key_frame,
            ) {
                Admission::Forward => {}
                Admission::Ignore => continue,
                Admission::AwaitKeyFrame => {
                    is_awaited = true;
                    continue;
                }
            }
            let Some(route) = consumer.route(packet.meta().codec) else {
                consumer.sequence.skip(sequence);
                continue;
            };
            if let Some(output) = consumer.output(sequence) {
                // What cannot be sent (the batch is full) is as if it were lost on the way.
                let _ = Destination {
                    consumer,
                    transport,
                    outbox: &mut self.outbox,
                }
                .send(now, packet, route, output);
            }
        }
        self.touched.consumer = None;
        if is_awaited && let Some(producer) = self.tables.producers.get_mut(key) {
            producer.want_key_frame(encoding);
        }
    }

    /// A packet without media is not forwarded: those who forward its stream number on without a gap.
    fn close_up(&mut self, key: ProducerKey, encoding: usize, sequence: u64) {
        let Some(producer) = self.tables.producers.get(key) else {
            return;
        };
        let Some(stream) = producer.stream(encoding) else {
            return;
        };
        for consumer_key in &producer.consumers {
            let Some(consumer) = self.tables.consumers.get_mut(*consumer_key) else {
                continue;
            };
            if consumer.current() == Some(stream.source) {
                consumer.sequence.skip(sequence);
            }
        }
    }
}
