//! The receive path: demultiplex, authenticate, pass to the producer, forward to its consumers.

use hubbub_codec::Layer;
use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpPacket;

use crate::api::{Event, MediaKind, Micros, Path, Protocol};
use crate::entities::{
    Admission, DanglingKey, IncomingStream, ProducerKey, Received, TransportKey,
};

use super::Worker;
use super::pacing::Delivery;

impl Worker {
    /// Handles one datagram that arrived over `path`. Decrypts it in place.
    pub fn handle_datagram(&mut self, now: Micros, path: Path, datagram: &mut [u8]) {
        self.in_flight.clear();
        self.counters.packets_received += 1;
        self.counters.bytes_received += datagram.len() as u64;
        let outcome = self.demultiplex(now, path, datagram);
        self.count_fault(outcome);
    }

    fn demultiplex(
        &mut self,
        now: Micros,
        path: Path,
        datagram: &mut [u8],
    ) -> Result<(), DanglingKey> {
        if let Protocol::Plain(port) = path.protocol {
            return self.handle_plain(now, port, path, datagram);
        }
        let kind = PacketKind::of(datagram);
        match kind {
            PacketKind::Stun => return self.handle_stun(now, path, datagram),
            PacketKind::Linked => return self.handle_linked(now, path, datagram),
            PacketKind::Unknown => {
                self.counters.dropped_malformed += 1;
                return Ok(());
            }
            PacketKind::Dtls | PacketKind::Rtp | PacketKind::Rtcp => {}
        }
        let Some(key) = self.tables.paths.get(&path).copied() else {
            self.counters.dropped_unknown_address += 1;
            return Ok(());
        };
        self.in_flight.transport = Some(key);
        let transport = self.tables.transports.get_mut(key)?;
        transport.stats.count_received(datagram.len());
        match kind {
            PacketKind::Dtls => self.handle_dtls(now, key, datagram),
            PacketKind::Rtp => self.handle_rtp(now, key, path, datagram),
            _ => self.handle_rtcp(now, key, path, datagram),
        }
    }

    pub(super) fn handle_rtp(
        &mut self,
        now: Micros,
        key: TransportKey,
        path: Path,
        datagram: &mut [u8],
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Some(Ok(len)) = transport
            .inbound
            .as_mut()
            .map(|inbound| inbound.unprotect_rtp(datagram))
        else {
            transport.stats.srtp_errors += 1;
            self.counters.dropped_srtp += 1;
            return Ok(());
        };
        transport.link.on_authentic_packet(now, path);
        // After authentication, so that nobody can use up the allowance of another client with a spoofed address.
        if !transport.admit_ingress(now, len) {
            self.counters.dropped_ingress += 1;
            return Ok(());
        }
        let Ok(packet) = RtpPacket::parse(datagram.get(..len).unwrap_or_default()) else {
            self.counters.dropped_malformed += 1;
            return Ok(());
        };
        // Includes unknown streams: a client sends before its producer exists, and takes a packet without feedback for
        // lost.
        transport.record_arrival(now, &packet);
        let is_plain = transport.link.is_plain();
        let known = transport.incoming.get(&packet.ssrc()).copied();
        let stream = match known {
            Some(stream) => Some(stream),
            None if transport.link.pipe().is_some() => None,
            None => self.learn_stream(now, key, &packet)?,
        };
        let Some(stream) = stream else {
            self.counters.dropped_unknown_ssrc += 1;
            self.tables.transports.get_mut(key)?.stats.unknown_ssrc += 1;
            return Ok(());
        };
        if is_plain {
            self.latch(now, key, path)?;
        }
        self.receive_media(now, stream, &packet)
    }

    /// Finds the stream of an unknown SSRC by the MID and RID of the packet, and binds the SSRC to it.
    fn learn_stream(
        &mut self,
        now: Micros,
        key: TransportKey,
        packet: &RtpPacket<'_>,
    ) -> Result<Option<IncomingStream>, DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        for producer_key in &transport.producers {
            let producer = self.tables.producers.get_mut(*producer_key)?;
            let Some((encoding, is_rtx)) = producer.identify(now, packet) else {
                continue;
            };
            let former = producer.bind_ssrc(encoding, is_rtx, packet.ssrc());
            for ssrc in former.into_iter().flatten() {
                transport.incoming.remove(&ssrc);
            }
            let stream = IncomingStream {
                producer: *producer_key,
                encoding,
                is_rtx,
            };
            transport.incoming.insert(packet.ssrc(), stream);
            return Ok(Some(stream));
        }
        Ok(None)
    }

    fn receive_media(
        &mut self,
        now: Micros,
        stream: IncomingStream,
        packet: &RtpPacket<'_>,
    ) -> Result<(), DanglingKey> {
        self.in_flight.producer = Some(stream.producer);
        let producer = self.tables.producers.get_mut(stream.producer)?;
        let received = producer.receive(
            now,
            stream.encoding,
            stream.is_rtx,
            packet,
            &mut self.last_source,
        );
        let (is_sent, is_piped) = (!producer.paused, !producer.pipes.is_empty());
        let is_awaited = producer.is_awaited();
        let has_levels = producer.microphone.is_some();
        let (key, encoding) = (stream.producer, stream.encoding);
        match received {
            Received::Dropped => return Ok(()),
            Received::Padding { sequence } => {
                self.skip_padding(now, key, encoding, sequence)?;
                if is_sent {
                    self.forward_to_pipes(now, key, encoding, sequence, false, false)?;
                }
            }
            Received::Media {
                sequence,
                starts_key_frame: starts,
                ..
            } => {
                self.counters.media.repaired_received += u64::from(stream.is_rtx);
                if is_sent {
                    if is_awaited && starts {
                        self.start_successor(now, key, encoding, sequence)?;
                    }
                    let audience = if has_levels && !self.admit_audio(now, key, packet)? {
                        Audience::Plain
                    } else {
                        Audience::All
                    };
                    self.forward(now, key, encoding, sequence, starts, audience)?;
                    if is_piped {
                        self.forward_to_pipes(now, key, encoding, sequence, starts, false)?;
                    }
                }
            }
        }
        self.send_key_frame_requests(now, stream.producer)
    }

    /// Offers a packet of the store to the consumers of its producer.
    pub(super) fn forward(
        &mut self,
        now: Micros,
        key: ProducerKey,
        encoding: usize,
        sequence: u64,
        starts_key_frame: bool,
        audience: Audience,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get(key)?;
        let Some(stream) = producer.stream(encoding) else {
            return Ok(());
        };
        let Some(packet) = stream.packet(sequence, now) else {
            return Ok(());
        };
        let has_layers = producer.kind == MediaKind::Video
            && (producer.encodings.len() > 1 || stream.top != Layer::default());
        let is_key_frame = starts_key_frame && producer.kind == MediaKind::Video;
        let mut needed = None;
        for consumer_key in &producer.consumers {
            self.in_flight.consumer = Some(*consumer_key);
            // A fault of one consumer must not cut off those after it.
            let Ok(consumer) = self.tables.consumers.get_mut(*consumer_key) else {
                self.counters.faults += 1;
                continue;
            };
            let Ok(transport) = self.tables.transports.get_mut(consumer.transport) else {
                self.counters.faults += 1;
                continue;
            };
            let is_left_out = match audience {
                Audience::All => false,
                Audience::Plain => !transport.link.is_plain(),
                Audience::Waiting => consumer.current_source().is_some(),
            };
            if is_left_out {
                continue;
            }
            if consumer.paused || consumer.is_starved() || !transport.is_ready() {
                consumer.stop_forwarding();
                continue;
            }
            let admission =
                consumer.admit(producer, encoding, stream, packet.meta(), starts_key_frame);
            let mut delivery = Delivery {
                producer,
                stream,
                packet,
                key: *consumer_key,
                consumer: &mut *consumer,
                transport,
                outbox: &mut self.outbox,
                releases: &mut self.release_queue,
            };
            match admission {
                Admission::Forward => {
                    delivery.forward(now);
                    if consumer.svc.awaits_key_frame() {
                        needed = needed.max(Some(Needed::KeyFrame));
                    }
                }
                Admission::Start => {
                    delivery.forget_queued();
                    for packet in
                        (sequence..=stream.highest()).filter_map(|next| stream.packet(next, now))
                    {
                        delivery.packet = packet;
                        delivery.forward(now);
                    }
                }
                Admission::Ignore => continue,
                Admission::AwaitKeyFrame => {
                    needed = needed.max(Some(Needed::KeyFrame));
                    continue;
                }
                Admission::AwaitLess => {
                    needed = Some(Needed::Less);
                    continue;
                }
            }
            if is_key_frame {
                consumer.key_frame_started = Some(now);
                consumer.postponed_request = None;
            }
            if has_layers && let Some(layers) = consumer.changed_layers(producer, encoding, stream)
            {
                let event = Event::LayersChanged {
                    consumer: consumer.id,
                    spatial: layers.spatial,
                    temporal: layers.temporal,
                };
                self.events.replace(&mut consumer.layers_event, event);
            }
        }
        self.in_flight.consumer = None;
        if let Some(needed) = needed {
            let producer = self.tables.producers.get_mut(key)?;
            match needed {
                Needed::KeyFrame => producer.expect_key_frame(encoding),
                Needed::Less => producer.expect_key_frame_of_less(encoding),
            }
        }
        Ok(())
    }

    /// Closes the gap that an unforwarded padding packet would leave in the output sequence of consumers of the stream.
    fn skip_padding(
        &mut self,
        now: Micros,
        key: ProducerKey,
        encoding: usize,
        sequence: u64,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get(key)?;
        let Some(stream) = producer.stream(encoding) else {
            return Ok(());
        };
        let Some(packet) = stream.packet(sequence, now) else {
            return Ok(());
        };
        for consumer_key in &producer.consumers {
            let consumer = self.tables.consumers.get_mut(*consumer_key)?;
            if consumer.current_source() != Some(stream.source) {
                continue;
            }
            let transport = self.tables.transports.get_mut(consumer.transport)?;
            let mut delivery = Delivery {
                producer,
                stream,
                packet,
                key: *consumer_key,
                consumer,
                transport,
                outbox: &mut self.outbox,
                releases: &mut self.release_queue,
            };
            delivery.skip(now);
        }
        Ok(())
    }
}

/// Who is offered a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// All consumers of the producer.
    All,
    /// Those that receive no stream yet.
    Waiting,
    /// Those on plain transports: last-N audio leaves the microphone out for the others.
    Plain,
}

/// What consumers need a key frame of an encoding for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needed {
    /// To receive the encoding.
    KeyFrame,
    /// To receive it instead of a higher one.
    Less,
}
