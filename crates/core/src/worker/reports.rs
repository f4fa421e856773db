//! RTCP reports: sender and receiver reports once a second (RFC 3550 section 6.4), transport-wide feedback more often.

use hubbub_wire::CompactNtp;
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{
    Arrival, ReceiverReportBuilder, RembBuilder, ReportBlock, RrtrBuilder, SdesBuilder, SenderInfo,
    SenderReportBuilder, TransportFeedbackBuilder,
};

use crate::api::{FeedbackKind, Micros};
use crate::entities::{DanglingKey, ProducerKey, Transport, TransportKey};
use crate::receive::Loss;

use super::Worker;
use super::quality::per_mille;
use super::rtcp_out::{RTCP_BUFFER, RtcpOut};

/// Interval between two reports on a stream.
const REPORT_INTERVAL_US: u64 = 1_000_000;

/// How often to look whether a producer has been without a report for so long that our clock is used.
const CLOCK_RETRY_US: u64 = 50_000;

/// Report blocks in one packet (RFC 3550 section 6.4.1).
const MAX_BLOCKS: usize = 31;

impl Worker {
    /// Reports to the client on the streams that it sends; adds REMB if a producer uses it or a limit is configured.
    ///
    /// A receiver reference time (RFC 3611 section 4.4) lets a client that only sends measure the round trip for us: it
    /// answers in its next sender report. Browsers answer without negotiation.
    ///
    /// A client that can send in-band FEC gets the worst loss of its receivers, if that is higher than its own: the FEC
    /// it adds passes through to them. As in mediasoup.
    pub(super) fn send_receiver_reports(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if now < transport.next_report || transport.producers.is_empty() {
            return Ok(());
        }
        transport.next_report = now.plus(REPORT_INTERVAL_US);
        self.blocks.clear();
        self.ssrcs.clear();
        let (mut loss, mut received) = (Loss::default(), 0);
        let mut wants_remb = transport.max_incoming_bitrate.is_some();
        for producer in &transport.producers {
            let producer = self.tables.producers.get_mut(*producer)?;
            wants_remb |= producer.feedback == FeedbackKind::GoogRemb;
            let mut worst_receiver = 0;
            if producer.has_inband_fec() {
                for consumer in &producer.consumers {
                    let consumer = self.tables.consumers.get(*consumer)?;
                    worst_receiver = worst_receiver.max(consumer.reported_loss(now));
                }
                for pipe in &producer.pipes {
                    let pipe = self.tables.pipe_consumers.get(*pipe)?;
                    worst_receiver = worst_receiver.max(pipe.reported_loss(now));
                }
            }
            for stream in producer.streams.iter_mut().flatten() {
                let Some(report) = stream.reception.report(now) else {
                    continue;
                };
                if report.loss.expected > 0 {
                    let unrepaired = report.unrepaired.fraction();
                    let media = &mut self.counters.media;
                    media.loss_received.record(per_mille(unrepaired));
                    media
                        .jitter_received
                        .record(stream.jitter_us(report.jitter));
                    media.score.record(stream.add_to_score(&report).into());
                }
                loss.add(report.loss);
                received += stream.bitrate(now);
                self.ssrcs.push(stream.ssrc);
                self.blocks.push(ReportBlock {
                    ssrc: stream.ssrc,
                    fraction_lost: report.loss.fraction().max(worst_receiver),
                    cumulative_lost: report.cumulative_lost,
                    highest_sequence: report.highest_sequence,
                    jitter: report.jitter,
                    last_sender_report: CompactNtp(report.last_sr),
                    delay_since_last_sender_report: CompactNtp(report.delay_since_last_sr),
                });
            }
        }
        if self.blocks.is_empty() {
            return Ok(());
        }
        let bitrate = transport.remb.update(now, loss, received);
        let ssrc = transport.rtcp_ssrc;
        let ntp = NtpTime::from_unix_micros(self.config.wall_clock_us.wrapping_add(now.0));
        transport.reference_times.record(ntp.0, now);
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for blocks in self.blocks.chunks(MAX_BLOCKS) {
            out.push(&ReceiverReportBuilder { ssrc, blocks });
        }
        out.push(&RrtrBuilder { ssrc, ntp });
        if wants_remb {
            self.counters.media.estimate_received.record(bitrate);
            out.push(&RembBuilder {
                sender_ssrc: ssrc,
                bitrate,
                ssrcs: &self.ssrcs,
            });
        }
        Ok(())
    }

    /// Reports to the client on the streams that it receives, if their report is due and the producer's clock is known.
    pub(super) fn send_sender_reports(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if now < transport.next_sender_report {
            return Ok(());
        }
        let mut next = Micros::NEVER;
        self.due.clear();
        for consumer in &transport.consumers {
            match self.tables.consumers.get(*consumer)?.next_report {
                Some(due) if due <= now => self.due.push(*consumer),
                Some(due) => next = next.min(due),
                None => {}
            }
        }
        if self.due.is_empty() {
            transport.next_sender_report = next;
            return Ok(());
        }
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for key in &self.due {
            let consumer = self.tables.consumers.get_mut(*key)?;
            let producer = self.tables.producers.get(consumer.producer)?;
            let clock = consumer.sent_source().and_then(|source| {
                producer
                    .stream_of_source(source)?
                    .clock
                    .for_reports(now, self.config.wall_clock_us)
            });
            let Some(clock) = clock else {
                next = next.min(now.plus(CLOCK_RETRY_US));
                continue;
            };
            let (ntp, rtp) = clock.at(now);
            let due = now.plus(REPORT_INTERVAL_US);
            consumer.next_report = Some(due);
            next = next.min(due);
            consumer.reports.record(ntp, now);
            let info = SenderInfo {
                ntp: NtpTime(ntp),
                rtp_timestamp: rtp.wrapping_add(consumer.timestamps.offset()),
                // Both counters wrap (RFC 3550 section 6.4.1).
                packet_count: consumer.stats.packets as u32,
                octet_count: consumer.stats.bytes as u32,
            };
            out.push(&SenderReportBuilder {
                ssrc: consumer.ssrc,
                info,
                blocks: &[],
            });
            out.push(&SdesBuilder {
                ssrc: consumer.ssrc,
                cname: &consumer.cname,
            });
        }
        drop(out);
        self.tables.transports.get_mut(key)?.next_sender_report = next;
        Ok(())
    }

    /// Lets the consumers of a producer report at the next tick: its clock has become known.
    pub(super) fn hurry_sender_reports(&mut self, key: ProducerKey) -> Result<(), DanglingKey> {
        for consumer in &self.tables.producers.get(key)?.consumers {
            let consumer = self.tables.consumers.get(*consumer)?;
            let transport = self.tables.transports.get_mut(consumer.transport)?;
            transport.next_sender_report = Micros(0);
        }
        Ok(())
    }

    /// Sends transport-wide feedback if it is due and a producer of the transport uses it.
    pub(super) fn send_transport_feedback(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        if !transport
            .arrivals
            .as_ref()
            .is_some_and(|log| log.is_due(now))
        {
            return Ok(());
        }
        let media_ssrc = self.transport_cc_ssrc(transport)?;
        let transport = self.tables.transports.get_mut(key)?;
        let Some(mut log) = transport.arrivals.take() else {
            return Ok(());
        };
        log.take_statuses(now, &mut self.statuses);
        if let (Some(media_ssrc), Some((first, _))) = (media_ssrc, self.statuses.first().copied()) {
            self.arrivals.clear();
            self.arrivals
                .extend(self.statuses.iter().filter_map(|(sequence_number, at)| {
                    Some(Arrival {
                        sequence_number: *sequence_number,
                        arrival_micros: at.as_ref()?.0,
                    })
                }));
            let sender_ssrc = transport.rtcp_ssrc;
            let mut buffer = RTCP_BUFFER;
            let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
            let (mut base_sequence, mut rest) = (first, self.arrivals.as_slice());
            while !rest.is_empty() {
                let feedback = TransportFeedbackBuilder {
                    sender_ssrc,
                    media_ssrc,
                    feedback_count: log.next_feedback_count(),
                    base_sequence,
                    arrivals: rest,
                };
                let Some(written) = out.push_feedback(&feedback) else {
                    break;
                };
                out.flush();
                base_sequence = written.next_sequence;
                rest = rest.get(written.arrivals.max(1)..).unwrap_or_default();
            }
        }
        self.tables.transports.get_mut(key)?.arrivals = Some(log);
        Ok(())
    }

    /// A media SSRC of the transport's first producer that uses transport-wide feedback.
    fn transport_cc_ssrc(&self, transport: &Transport) -> Result<Option<u32>, DanglingKey> {
        for producer in &transport.producers {
            let producer = self.tables.producers.get(*producer)?;
            let stream = producer.streams.iter().flatten().next();
            if producer.feedback == FeedbackKind::TransportCc
                && let Some(stream) = stream
            {
                return Ok(Some(stream.ssrc));
            }
        }
        Ok(None)
    }
}
