//! Probes of a link to another node: packets that the other side has, repeated by RTX.

use crate::entities::{Departure, PipeSender, TransportKey};

use super::Worker;

impl Worker {
    /// Repeats one of the last packets of a piped encoding; `nth` counts back from the last. Returns the length of the
    /// datagram; `None` if nothing can be repeated.
    pub(super) fn send_pipe_probe(
        &mut self,
        key: TransportKey,
        nth: u64,
        departure: Departure,
    ) -> Option<usize> {
        let transport = self.tables.transports.get_mut(key).ok()?;
        let candidates = transport.link.pipe()?.consumers.clone();
        for consumer_key in candidates {
            let consumer = self.tables.pipe_consumers.get_mut(consumer_key).ok()?;
            let producer = self.tables.producers.get(consumer.producer).ok()?;
            self.in_flight.pipe_consumer = Some(consumer_key);
            for encoding in 0..consumer.encodings.len() {
                let piped = consumer.encodings.get(encoding)?;
                let packet = piped.numbers.recent(nth).and_then(|numbered| {
                    let stream = producer.stream_of_source(numbered.source)?;
                    Some((stream.packet(numbered.sequence, departure.at)?, numbered))
                });
                let Some((packet, numbered)) = packet else {
                    continue;
                };
                let Some(route) = consumer.route(packet.meta().codec) else {
                    continue;
                };
                let sent = PipeSender {
                    consumer: &mut *consumer,
                    encoding,
                    transport: &mut *transport,
                    outbox: &mut self.outbox,
                    departure,
                }
                .repeat(packet, route, numbered.output);
                if sent.is_some() {
                    return sent;
                }
            }
        }
        None
    }
}
