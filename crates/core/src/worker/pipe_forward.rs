//! Forwards a producer's packets over its pipes.

use crate::api::Micros;
use crate::entities::{
    DanglingKey, Departure, PipeAdmission, PipeConsumer, PipeSender, ProducerKey, Transport,
};
use crate::receive::StoredPacket;
use crate::send::Outbox;

use super::Worker;

impl Worker {
    /// Offers a packet of the store to the pipes of its producer; if `only_waiting`, to those that send nothing of the
    /// encoding yet.
    pub(super) fn forward_to_pipes(
        &mut self,
        now: Micros,
        key: ProducerKey,
        encoding: usize,
        sequence: u64,
        starts_key_frame: bool,
        only_waiting: bool,
    ) -> Result<(), DanglingKey> {
        let producer = self.tables.producers.get(key)?;
        if producer.pipes.is_empty() {
            return Ok(());
        }
        let Some(stream) = producer.stream(encoding) else {
            return Ok(());
        };
        let Some(packet) = stream.packet(sequence, now) else {
            return Ok(());
        };
        let mut needs_key_frame = false;
        for pipe_key in &producer.pipes {
            self.in_flight.pipe_consumer = Some(*pipe_key);
            // A fault of one pipe must not cut off those after it.
            let Ok(consumer) = self.tables.pipe_consumers.get_mut(*pipe_key) else {
                self.counters.faults += 1;
                continue;
            };
            let Ok(transport) = self.tables.transports.get_mut(consumer.transport) else {
                self.counters.faults += 1;
                continue;
            };
            let Some(piped) = consumer.encodings.get_mut(encoding) else {
                continue;
            };
            if !transport.is_ready() {
                piped.numbers.stop();
                continue;
            }
            if only_waiting && piped.numbers.source().is_some() {
                continue;
            }
            let mut delivery = PipeDelivery {
                now,
                encoding,
                transport,
                outbox: &mut self.outbox,
            };
            match piped.admit(now, stream, packet.meta(), starts_key_frame) {
                PipeAdmission::Send => delivery.send(consumer, packet),
                PipeAdmission::Start => {
                    for packet in
                        (sequence..=stream.highest()).filter_map(|next| stream.packet(next, now))
                    {
                        delivery.send(consumer, packet);
                    }
                }
                PipeAdmission::AwaitKeyFrame => needs_key_frame = true,
                PipeAdmission::Ignore => {}
            }
        }
        self.in_flight.pipe_consumer = None;
        if needs_key_frame {
            self.tables
                .producers
                .get_mut(key)?
                .expect_key_frame(encoding);
        }
        Ok(())
    }
}

/// A packet of an encoding on its way over a pipe.
struct PipeDelivery<'a> {
    now: Micros,
    encoding: usize,
    transport: &'a mut Transport,
    outbox: &'a mut Outbox,
}

impl PipeDelivery<'_> {
    /// Sends a packet, unless it precedes what was sent first. One with padding only is sent without it: its number is no
    /// gap.
    fn send(&mut self, consumer: &mut PipeConsumer, packet: &StoredPacket) {
        let meta = packet.meta();
        let output = consumer
            .encodings
            .get_mut(self.encoding)
            .and_then(|piped| piped.numbers.output(meta.sequence));
        if let (Some(output), Some(route)) = (output, consumer.route(meta.codec)) {
            // A packet that does not fit the batch is lost as on the network: the other side requests it again.
            let _ = PipeSender {
                consumer,
                encoding: self.encoding,
                transport: &mut *self.transport,
                outbox: &mut *self.outbox,
                departure: Departure::media(self.now),
            }
            .send(packet, route, output);
        }
    }
}
