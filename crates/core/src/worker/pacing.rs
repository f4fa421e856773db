//! Packets that leave later: the queue of each transport's pacer, and the probes.

use hubbub_congestion::{Class, Purpose, Released};

use crate::api::Micros;
use crate::entities::{
    Action, CongestionControl, Consumer, ConsumerKey, Departure, PacketSender, PaddingSender,
    Producer, ProducerStream, QueuedPacket, Transport, TransportKey,
};
use crate::receive::StoredPacket;
use crate::send::Outbox;

use super::Worker;

/// Deadlines are rounded up to a multiple of this, so that one timer serves several transports.
const GRID_US: u64 = 1_000;
/// What a packet has besides its payload, bytes: header, extensions and authentication tag.
const OVERHEAD: usize = 50;
/// A probe repeats one of this many packets that were sent last.
const REPEATED: u64 = 32;

/// The transports whose packets wait.
#[derive(Debug)]
pub(super) struct ReleaseQueue {
    transports: Vec<TransportKey>,
    /// When the first packet may leave.
    next: Micros,
}

impl ReleaseQueue {
    pub(super) const fn new() -> Self {
        Self {
            transports: Vec::new(),
            next: Micros::NEVER,
        }
    }

    /// When to release packets; `None` if none waits.
    pub(super) fn deadline(&self) -> Option<Micros> {
        (self.next != Micros::NEVER).then_some(self.next)
    }

    /// Notes that packets of a transport wait.
    pub(super) fn add(
        &mut self,
        now: Micros,
        key: TransportKey,
        congestion: &mut CongestionControl,
    ) {
        if !std::mem::replace(&mut congestion.is_waiting, true) {
            self.transports.push(key);
        }
        self.next = self.next.min(deadline(now, congestion));
    }
}

fn deadline(now: Micros, congestion: &CongestionControl) -> Micros {
    let at = congestion.pacer.next_release(now);
    if at == Micros::NEVER {
        return at;
    }
    Micros(at.0.div_ceil(GRID_US) * GRID_US)
}

/// A packet of the stream that a consumer forwards, and where it goes.
pub(super) struct Delivery<'a> {
    pub(super) producer: &'a Producer,
    pub(super) stream: &'a ProducerStream,
    pub(super) packet: &'a StoredPacket,
    pub(super) key: ConsumerKey,
    pub(super) consumer: &'a mut Consumer,
    pub(super) transport: &'a mut Transport,
    pub(super) outbox: &'a mut Outbox,
    /// Learns of the transport if the packet has to wait.
    pub(super) releases: &'a mut ReleaseQueue,
}

impl Delivery<'_> {
    /// Sends the packet, or queues it if it has to wait. Skips its number if the client does not receive its layer or its
    /// codec, or it has only padding.
    pub(super) fn forward(&mut self, now: Micros) {
        let is_sent = self.consumer.select(self.stream, self.packet)
            && !self.packet.payload().is_empty()
            && self.consumer.route(self.packet.meta().codec).is_some();
        let action = if is_sent { Action::Send } else { Action::Skip };
        self.dispatch(now, action);
    }

    /// Skips the packet's number, or queues that.
    pub(super) fn skip(&mut self, now: Micros) {
        self.dispatch(now, Action::Skip);
    }

    /// Retransmits the packet that was sent with this extended output number, or queues that. Returns whether it was sent.
    pub(super) fn resend(&mut self, now: Micros, output: u64) -> bool {
        self.dispatch(now, Action::Resend(output))
    }

    /// Removes what is queued for the consumer: it belongs to what was forwarded before.
    pub(super) fn forget_queued(&mut self) {
        let key = self.key;
        if let Some(congestion) = self.transport.congestion.as_deref_mut()
            && !congestion.pacer.is_empty()
        {
            congestion.pacer.retain(|queued| queued.consumer != key);
        }
    }

    /// Does it at once, or queues it. Returns whether a packet was sent.
    fn dispatch(&mut self, now: Micros, action: Action) -> bool {
        let paced = self.consumer.has_feedback();
        if let Some(congestion) = self.transport.congestion.as_deref_mut().filter(|_| paced)
            && !congestion.pacer.passes(now)
        {
            let reference = QueuedPacket {
                consumer: self.key,
                source: self.stream.source,
                sequence: self.packet.meta().sequence,
                action,
            };
            let size = self.packet.payload().len() + OVERHEAD;
            let (class, size) = match action {
                Action::Skip => (Class::Video, 0),
                Action::Send => (Class::Video, size),
                Action::Resend(_) => (Class::Retransmission, size),
            };
            congestion.pacer.enqueue(now, class, reference, size);
            self.releases.add(now, self.consumer.transport, congestion);
            return false;
        }
        let len = self.act(action, Departure::media(now)).unwrap_or_default();
        if let Some(congestion) = self.transport.congestion.as_deref_mut().filter(|_| paced) {
            congestion.pacer.passed(now, len);
        }
        len > 0
    }

    /// Returns the length of the datagram; `None` without one. A packet that does not fit the batch is lost as on the
    /// network: the client may request it again.
    pub(super) fn act(&mut self, action: Action, departure: Departure) -> Option<usize> {
        let meta = self.packet.meta();
        if matches!(action, Action::Skip) {
            self.consumer.skip(self.packet);
            return None;
        }
        let route = self.consumer.route(meta.codec)?;
        if let Action::Send = action
            && self
                .consumer
                .continue_output(departure.at, self.producer, self.stream, meta)
        {
            self.transport.next_sender_report = departure.at;
        }
        let output = match action {
            Action::Resend(output) => output,
            _ => self.consumer.output_sequence(departure.at, meta)?,
        };
        let mut sender = PacketSender {
            stream: self.stream,
            consumer: self.consumer,
            transport: self.transport,
            outbox: self.outbox,
            departure,
        };
        match (action, departure.purpose) {
            (Action::Send, _) => sender.send(self.packet, route, output),
            (_, Purpose::Media) => sender.resend(self.packet, route, output),
            (_, Purpose::Padding) => sender.repeat(self.packet, route, output),
        }
    }
}

impl Worker {
    /// Sends what may leave by now.
    pub(super) fn release_packets(&mut self, now: Micros) {
        if self.release_queue.next > now {
            return;
        }
        let mut next = Micros::NEVER;
        let mut index = 0;
        while let Some(key) = self.release_queue.transports.get(index).copied() {
            self.in_flight.clear();
            self.in_flight.transport = Some(key);
            let at = self.release_transport(now, key).unwrap_or(Micros::NEVER);
            if at == Micros::NEVER {
                self.release_queue.transports.swap_remove(index);
            } else {
                next = next.min(at);
                index += 1;
            }
        }
        self.release_queue.next = next;
        self.in_flight.clear();
    }

    /// Returns when the next packet of the transport may leave; never if none waits or the transport was closed.
    fn release_transport(&mut self, now: Micros, key: TransportKey) -> Option<Micros> {
        loop {
            let transport = self.tables.transports.get_mut(key).ok()?;
            let congestion = transport.congestion.as_deref_mut()?;
            congestion.start_probe(now);
            match congestion.pacer.poll(now) {
                Some(Released::Packet { reference, cluster }) => {
                    let departure = Departure {
                        cluster,
                        ..Departure::media(now)
                    };
                    self.send_queued(key, reference, departure);
                }
                Some(Released::Padding { bytes, cluster }) => {
                    let departure = Departure {
                        at: now,
                        purpose: Purpose::Padding,
                        cluster: Some(cluster),
                    };
                    let sent = self.send_probe_packet(key, bytes, departure);
                    let transport = self.tables.transports.get_mut(key).ok()?;
                    let congestion = transport.congestion.as_deref_mut()?;
                    congestion.pacer.padding_sent(now, sent.unwrap_or_default());
                    transport.stats.probation_bytes_sent += sent.unwrap_or_default() as u64;
                }
                None => {
                    let at = deadline(now, congestion);
                    congestion.is_waiting = at != Micros::NEVER;
                    return Some(at);
                }
            }
        }
    }

    /// Does what a packet was queued for, unless its consumer forwards another stream by now, or none.
    fn send_queued(
        &mut self,
        key: TransportKey,
        reference: QueuedPacket,
        departure: Departure,
    ) -> Option<()> {
        let QueuedPacket {
            consumer: consumer_key,
            source,
            sequence,
            action,
        } = reference;
        self.in_flight.consumer = Some(consumer_key);
        // Either may have been closed since.
        let consumer = self.tables.consumers.get_mut(consumer_key).ok()?;
        let producer = self.tables.producers.get(consumer.producer).ok()?;
        let is_forwarded = match action {
            Action::Resend(output) => consumer.still_repeats(source, output),
            Action::Send | Action::Skip => consumer.current_source() == Some(source),
        };
        let stream = producer.stream_of_source(source).filter(|_| is_forwarded)?;
        let packet = stream.packet(sequence, departure.at)?;
        let mut delivery = Delivery {
            producer,
            stream,
            packet,
            key: consumer_key,
            consumer,
            transport: self.tables.transports.get_mut(key).ok()?,
            outbox: &mut self.outbox,
            releases: &mut self.release_queue,
        };
        let sent = delivery.act(action, departure).is_some();
        if matches!(action, Action::Resend(_)) {
            self.counters.media.repaired_sent += u64::from(sent);
        }
        Some(())
    }

    /// Sends a packet of a probe: one that the client has, else padding. Returns the length of the datagram; `None` if no
    /// consumer of the transport can carry it.
    fn send_probe_packet(
        &mut self,
        key: TransportKey,
        bytes: usize,
        departure: Departure,
    ) -> Option<usize> {
        let transport = self.tables.transports.get_mut(key).ok()?;
        let nth = transport.congestion.as_deref_mut().map(|congestion| {
            congestion.probe_packets += 1;
            congestion.probe_packets % REPEATED
        })?;
        if transport.link.pipe().is_some() {
            return self.send_pipe_probe(key, nth, departure);
        }
        let mut carrier = None;
        for consumer_key in &transport.consumers {
            let Ok(consumer) = self.tables.consumers.get(*consumer_key) else {
                continue;
            };
            if consumer.can_probe() {
                carrier = Some(*consumer_key);
                if consumer.sent_source().is_some() {
                    break;
                }
            }
        }
        let carrier = carrier?;
        self.in_flight.consumer = Some(carrier);
        let consumer = self.tables.consumers.get_mut(carrier).ok()?;
        let producer = self.tables.producers.get(consumer.producer).ok()?;
        let stored = consumer.sent_source().and_then(|source| {
            let stream = producer.stream_of_source(source)?;
            let (output, sequence) = consumer.find_sent(consumer.recent(nth)?)?;
            let packet = stream.packet(sequence, departure.at)?;
            (!packet.payload().is_empty()).then_some((stream, output, packet))
        });
        if let Some((stream, output, packet)) = stored {
            let repeated = Delivery {
                producer,
                stream,
                packet,
                key: carrier,
                consumer: &mut *consumer,
                transport: &mut *transport,
                outbox: &mut self.outbox,
                releases: &mut self.release_queue,
            }
            .act(Action::Resend(output), departure);
            if repeated.is_some() {
                return repeated;
            }
        }
        PaddingSender {
            consumer,
            transport,
            outbox: &mut self.outbox,
            departure,
        }
        .send(bytes)
    }
}
