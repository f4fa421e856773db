//! NACKs (RFC 4585 section 6.2.1): sent to producing clients, and answered with retransmissions to consuming clients.

use hubbub_wire::rtcp::NackBuilder;

use crate::api::Micros;
use crate::entities::{DanglingKey, Transport, TransportKey};

use super::Worker;
use super::pacing::Delivery;
use super::rtcp_out::{RTCP_BUFFER, RtcpOut};

/// Sequence numbers in one NACK; they fit a compound even when no two share an entry.
const MAX_PER_NACK: usize = 256;

impl Worker {
    /// Requests the missing packets of a transport's producers.
    pub(super) fn send_nacks(&mut self, now: Micros, key: TransportKey) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let rtt = transport.rtt_us();
        let mut index = 0;
        while let Some(producer_key) = transport.producers.get(index) {
            index += 1;
            let producer = self.tables.producers.get_mut(*producer_key)?;
            if producer.paused || !producer.misses_packets {
                continue;
            }
            producer.misses_packets = false;
            for stream in producer
                .streams
                .iter_mut()
                .flatten()
                .filter(|stream| stream.nacks.missing() > 0)
            {
                producer.misses_packets = true;
                self.lost.clear();
                stream.nacks.due(now, rtt, &mut self.lost);
                if self.lost.is_empty() {
                    continue;
                }
                stream.count_nacked(self.lost.len(), self.lost.len().div_ceil(MAX_PER_NACK));
                self.counters.media.nacked_received += self.lost.len() as u64;
                let (sender_ssrc, media_ssrc) = (transport.rtcp_ssrc, stream.ssrc);
                let mut buffer = RTCP_BUFFER;
                let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
                for lost in self.lost.chunks(MAX_PER_NACK) {
                    out.push(&NackBuilder {
                        sender_ssrc,
                        media_ssrc,
                        lost,
                    });
                }
            }
        }
        Ok(())
    }

    /// Answers a client's NACK for `ssrc`: retransmits the packets that are still in the store, within the budgets of
    /// the consumer and the transport.
    pub(super) fn answer_nack(
        &mut self,
        now: Micros,
        key: TransportKey,
        ssrc: u32,
        lost: impl Iterator<Item = u16>,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(link) = transport.link.pipe() {
            return match link.outgoing.get(&ssrc).copied() {
                Some(stream) => self.answer_pipe_nack(now, key, stream, lost),
                None => Ok(()),
            };
        }
        let Some(consumer_key) = transport.outgoing.get(&ssrc).copied() else {
            return Ok(());
        };
        let consumer = self.tables.consumers.get_mut(consumer_key)?;
        let producer = self.tables.producers.get(consumer.producer)?;
        if consumer.is_leaving(producer) {
            return Ok(());
        }
        consumer.stats.nacks += 1;
        self.in_flight.consumer = Some(consumer_key);
        let repeat = transport.repair_time_us();
        let bitrate = consumer.rate.bits_per_second(now);
        let stream = consumer
            .sent_source()
            .and_then(|source| producer.stream_of_source(source));
        for nacked in lost {
            consumer.stats.nacked += 1;
            self.counters.media.nacked_sent += 1;
            let found = stream.and_then(|stream| {
                let (output, sequence) = consumer.find_sent(nacked)?;
                let packet = stream
                    .packet(sequence, now)
                    .filter(|packet| !packet.payload().is_empty())?;
                Some((stream, output, packet))
            });
            let Some((stream, output, packet)) = found else {
                consumer.stats.nack_misses += 1;
                self.counters.media.nack_misses += 1;
                continue;
            };
            let bytes = packet.payload().len();
            let fits_link = |transport: &mut Transport| {
                let congestion = transport.congestion.as_deref_mut();
                congestion.is_none_or(|congestion| congestion.allows_repair(now, bytes))
            };
            if consumer.budget.allow(nacked, bytes, repeat, bitrate, now) && fits_link(transport) {
                let mut delivery = Delivery {
                    producer,
                    stream,
                    packet,
                    key: consumer_key,
                    consumer: &mut *consumer,
                    transport: &mut *transport,
                    outbox: &mut self.outbox,
                    releases: &mut self.release_queue,
                };
                let sent = delivery.resend(now, output);
                self.counters.media.repaired_sent += u64::from(sent);
            }
        }
        self.in_flight.consumer = None;
        Ok(())
    }
}
