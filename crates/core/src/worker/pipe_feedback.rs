//! RTCP about pipe consumers: sender reports to the other side, and its NACKs, key frame requests and reports.

use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{ReportBlock, SdesBuilder, SenderInfo, SenderReportBuilder};

use crate::api::Micros;
use crate::entities::{
    DanglingKey, Departure, KeyFrameRequestKind, PipeSender, PipedStream, Transport, TransportKey,
};
use crate::receive::ticks_to_micros;

use super::Worker;
use super::quality::per_mille;
use super::rtcp_out::{RTCP_BUFFER, RtcpOut};

/// Interval between two reports on a stream.
const REPORT_INTERVAL_US: u64 = 1_000_000;

impl Worker {
    /// Reports the clocks of a pipe transport's encodings to the other side, if they are due and known. They are those of the
    /// producers' clients, so streams stay synchronized there.
    pub(super) fn send_pipe_reports(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let Some(link) = transport.link.pipe() else {
            return Ok(());
        };
        self.piped_due.clear();
        for consumer_key in &link.consumers {
            let consumer = self.tables.pipe_consumers.get(*consumer_key)?;
            for (index, encoding) in consumer.encodings.iter().enumerate() {
                if encoding.numbers.source().is_some()
                    && encoding.next_report.is_some_and(|due| due <= now)
                {
                    self.piped_due.push((*consumer_key, index));
                }
            }
        }
        if self.piped_due.is_empty() {
            return Ok(());
        }
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for (consumer_key, index) in &self.piped_due {
            let consumer = self.tables.pipe_consumers.get_mut(*consumer_key)?;
            let producer = self.tables.producers.get(consumer.producer)?;
            let Some(encoding) = consumer.encodings.get_mut(*index) else {
                continue;
            };
            let clock = encoding.numbers.source().and_then(|source| {
                producer
                    .stream_of_source(source)?
                    .clock
                    .for_reports(now, self.config.wall_clock_us)
            });
            let Some(clock) = clock else { continue };
            let (ntp, rtp_timestamp) = clock.at(now);
            encoding.next_report = Some(now.plus(REPORT_INTERVAL_US));
            encoding.reports.record(ntp, now);
            out.push(&SenderReportBuilder {
                ssrc: encoding.ssrc,
                info: SenderInfo {
                    ntp: NtpTime(ntp),
                    rtp_timestamp,
                    // Both counters wrap (RFC 3550 section 6.4.1).
                    packet_count: encoding.packets as u32,
                    octet_count: encoding.bytes as u32,
                },
                blocks: &[],
            });
            out.push(&SdesBuilder {
                ssrc: encoding.ssrc,
                cname: &consumer.cname,
            });
        }
        Ok(())
    }

    /// Retransmits packets that the pipe has lost. What the origin has not received either is not counted as missed: it is
    /// sent when it is repaired.
    pub(super) fn answer_pipe_nack(
        &mut self,
        now: Micros,
        key: TransportKey,
        stream: PipedStream,
        lost: impl Iterator<Item = u16>,
    ) -> Result<(), DanglingKey> {
        self.in_flight.pipe_consumer = Some(stream.consumer);
        let consumer = self.tables.pipe_consumers.get_mut(stream.consumer)?;
        consumer.stats.nacks += 1;
        let producer = self.tables.producers.get(consumer.producer)?;
        let transport = self.tables.transports.get_mut(key)?;
        let repeat = transport.repair_time_us();
        for nacked in lost {
            consumer.stats.nacked += 1;
            self.counters.media.nacked_sent += 1;
            let Some(piped) = consumer.encodings.get_mut(stream.encoding) else {
                break;
            };
            let found = piped.numbers.lookup(nacked).and_then(|numbered| {
                let source = producer.stream_of_source(numbered.source)?;
                Some((numbered, source.packet(numbered.sequence, now)?))
            });
            let Some((numbered, packet)) = found else {
                continue;
            };
            let bytes = packet.payload().len();
            let bitrate = piped.rate.bits_per_second(now);
            let fits_link = |transport: &mut Transport| {
                let congestion = transport.congestion.as_deref_mut();
                congestion.is_none_or(|congestion| congestion.allows_repair(now, bytes))
            };
            if !piped.budget.allow(nacked, bytes, repeat, bitrate, now) || !fits_link(transport) {
                continue;
            }
            let Some(route) = consumer.route(packet.meta().codec) else {
                continue;
            };
            let sent = PipeSender {
                consumer: &mut *consumer,
                encoding: stream.encoding,
                transport: &mut *transport,
                outbox: &mut self.outbox,
                departure: Departure::media(now),
            }
            .resend(packet, route, numbered.output);
            self.counters.media.repaired_sent += u64::from(sent.is_some());
        }
        self.in_flight.pipe_consumer = None;
        Ok(())
    }

    /// The other side cannot decode an encoding: requests a key frame of that one only.
    pub(super) fn on_pipe_key_frame_request(
        &mut self,
        now: Micros,
        stream: PipedStream,
        kind: KeyFrameRequestKind,
    ) -> Result<(), DanglingKey> {
        let consumer = self.tables.pipe_consumers.get_mut(stream.consumer)?;
        let stats = &mut consumer.stats;
        kind.count(1, &mut stats.plis, &mut stats.firs);
        self.counters.media.key_frame_requests_sent += 1;
        let is_sent = consumer
            .encodings
            .get(stream.encoding)
            .is_some_and(|piped| piped.is_sent);
        if !is_sent {
            return Ok(());
        }
        let producer_key = consumer.producer;
        self.tables
            .producers
            .get_mut(producer_key)?
            .ask_for_key_frame(stream.encoding);
        self.send_key_frame_requests(now, producer_key)
    }

    /// Requests key frames of the encodings that wait for one, of a pipe transport that has become able to carry media.
    pub(super) fn request_key_frames_of_pipes(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let Some(link) = self.tables.transports.get(key)?.link.pipe() else {
            return Ok(());
        };
        for consumer_key in link.consumers.clone() {
            let consumer = self.tables.pipe_consumers.get(consumer_key)?;
            let producer_key = consumer.producer;
            let producer = self.tables.producers.get_mut(producer_key)?;
            for (encoding, piped) in consumer.encodings.iter().enumerate() {
                if piped.is_sent && piped.numbers.source().is_none() {
                    producer.ask_for_key_frame(encoding);
                }
            }
            self.send_key_frame_requests(now, producer_key)?;
        }
        Ok(())
    }

    /// Stores loss, jitter and round-trip time that the other side reports for an encoding.
    pub(super) fn on_pipe_report_block(
        &mut self,
        now: Micros,
        key: TransportKey,
        stream: PipedStream,
        block: &ReportBlock,
    ) -> Result<(), DanglingKey> {
        let consumer = self.tables.pipe_consumers.get_mut(stream.consumer)?;
        let Some(piped) = consumer
            .encodings
            .get_mut(stream.encoding)
            .filter(|piped| piped.ssrc == block.ssrc)
        else {
            return Ok(());
        };
        consumer.stats.lost = block.cumulative_lost.into();
        consumer.stats.fraction_lost = block.fraction_lost;
        consumer.stats.jitter = block.jitter;
        consumer.loss_reported = Some(now);
        let media = &mut self.counters.media;
        media.loss_sent.record(per_mille(block.fraction_lost));
        media
            .jitter_sent
            .record(ticks_to_micros(block.jitter, consumer.clock_rate));
        let (last, delay) = (
            block.last_sender_report.0,
            block.delay_since_last_sender_report.0,
        );
        if let Some(rtt) = piped.reports.round_trip(last, delay, now) {
            consumer.stats.rtt_us = Some(rtt);
            self.tables.transports.get_mut(key)?.stats.rtt_us = Some(rtt);
            media.round_trip.record(rtt);
        }
        Ok(())
    }
}
