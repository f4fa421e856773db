//! Reports: what came of what producers send, and what consumers are sent (RFC 3550 section 6.4), once a second;
//! transport-wide feedback more often.

use hubbub_wire::CompactNtp;
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{
    Arrival, ReceiverReportBuilder, RembBuilder, ReportBlock, SdesBuilder, SenderInfo,
    SenderReportBuilder, TransportFeedbackBuilder,
};

use crate::api::{FeedbackKind, Micros};
use crate::quality::{per_mille, score};
use crate::rtcp_out::{RTCP_BUFFER, RtcpOut};
use crate::tables::TransportKey;

use super::Worker;

/// Between two reports on a stream.
const REPORT_INTERVAL_US: u64 = 1_000_000;

/// Report blocks that one packet may have (RFC 3550 section 6.4.1).
const MAX_BLOCKS: usize = 31;

impl Worker {
    /// Tells the client of the streams that it sends.
    pub(super) fn send_receiver_reports(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        if now < transport.next_report || transport.producers.is_empty() {
            return;
        }
        transport.next_report = now.plus(REPORT_INTERVAL_US);
        self.blocks.clear();
        self.ssrcs.clear();
        let (mut worst, mut received) = (0, 0);
        let mut wants_remb = self.config.max_incoming_bitrate.is_some();
        for producer in &transport.producers {
            let Some(producer) = self.tables.producers.get_mut(*producer) else {
                continue;
            };
            wants_remb |= producer.feedback == FeedbackKind::GoogRemb;
            for stream in producer.streams.iter_mut().flatten() {
                let Some(report) = stream.reception.report(now) else {
                    continue;
                };
                if report.expected > 0 {
                    let media = &mut self.counters.media;
                    media.loss_received.note(per_mille(report.fraction_lost));
                    media.jitter_received.note(stream.jitter_us(report.jitter));
                    media.score.note(score(report.fraction_lost));
                }
                worst = worst.max(report.fraction_lost);
                received += stream.bitrate(now);
                self.ssrcs.push(stream.ssrc);
                self.blocks.push(ReportBlock {
                    ssrc: stream.ssrc,
                    fraction_lost: report.fraction_lost,
                    cumulative_lost: report.cumulative_lost,
                    highest_sequence: report.highest_sequence,
                    jitter: report.jitter,
                    last_sender_report: CompactNtp(report.last_sr),
                    delay_since_last_sender_report: CompactNtp(report.delay_since_last_sr),
                });
            }
        }
        if self.blocks.is_empty() {
            return;
        }
        let bitrate = transport.remb.update(now, worst, received);
        let ssrc = transport.rtcp_ssrc;
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for blocks in self.blocks.chunks(MAX_BLOCKS) {
            out.push(&ReceiverReportBuilder { ssrc, blocks });
        }
        if wants_remb {
            self.counters.media.estimate_received.note(bitrate);
            out.push(&RembBuilder {
                sender_ssrc: ssrc,
                bitrate,
                ssrcs: &self.ssrcs,
            });
        }
    }

    /// Tells the client of the streams that it receives: those whose report is due and whose producer's clock is known.
    pub(super) fn send_sender_reports(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let is_due = |due: Option<Micros>| due.is_some_and(|due| due <= now);
        self.due.clear();
        self.due
            .extend(transport.consumers.iter().copied().filter(|consumer| {
                self.tables
                    .consumers
                    .get(*consumer)
                    .is_some_and(|consumer| is_due(consumer.next_report))
            }));
        if self.due.is_empty() {
            return;
        }
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for key in &self.due {
            let Some(consumer) = self.tables.consumers.get_mut(*key) else {
                continue;
            };
            let clock = consumer.current().and_then(|source| {
                let producer = self.tables.producers.get(consumer.producer)?;
                producer
                    .stream_of_source(source)?
                    .clock_for_reports(now, self.config.wall_clock_us)
            });
            let Some(clock) = clock else { continue };
            let (ntp, rtp) = clock.at(now);
            consumer.next_report = Some(now.plus(REPORT_INTERVAL_US));
            consumer.reports.sent(ntp, now);
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
    }

    /// Tells the client when its packets arrived, where a producer of it goes by that.
    pub(super) fn send_transport_feedback(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let Some(mut log) = transport.arrivals.take_if(|log| log.is_due(now)) else {
            return;
        };
        let media_ssrc = transport.producers.iter().find_map(|producer| {
            let producer = self.tables.producers.get(*producer)?;
            let stream = producer.streams.iter().flatten().next()?;
            (producer.feedback == FeedbackKind::TransportCc).then_some(stream.ssrc)
        });
        log.take(now, &mut self.arrived);
        if let (Some(media_ssrc), Some((first, _))) = (media_ssrc, self.arrived.first().copied()) {
            self.arrivals.clear();
            self.arrivals
                .extend(self.arrived.iter().filter_map(|(sequence_number, at)| {
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
                let feedback_count = log.take_count();
                let feedback = TransportFeedbackBuilder {
                    sender_ssrc,
                    media_ssrc,
                    feedback_count,
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
        if let Some(transport) = self.tables.transports.get_mut(key) {
            transport.arrivals = Some(log);
        }
    }
}
