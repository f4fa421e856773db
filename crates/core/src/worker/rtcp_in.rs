//! RTCP from clients. The worker consumes it; nothing is forwarded (RFC 3550 section 6).

use hubbub_wire::rtcp::{
    Compound, ExtendedReport, ReportBlock, RtcpPacket, SenderReport, TransportFeedback, XrBlock,
};

use crate::api::{Micros, Path};
use crate::entities::{DanglingKey, KeyFrameRequestKind, Link, TransportKey};
use crate::receive::ticks_to_micros;

use super::Worker;
use super::quality::per_mille;

/// Packets that one transport feedback may report on. Browsers report on some hundred, but a few bytes can claim 65,535
/// losses.
const MAX_FEEDBACK: u16 = 2_048;

/// Packets that the NACKs of one datagram may request: the capacity of libwebrtc's NACK list. Without a limit a datagram
/// could request thousands.
const MAX_NACKED: usize = 1_000;

impl Worker {
    pub(super) fn handle_rtcp(
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
            .map(|inbound| inbound.unprotect_rtcp(datagram))
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
        let Ok(compound) = Compound::parse(datagram.get(..len).unwrap_or_default()) else {
            self.counters.dropped_malformed += 1;
            return Ok(());
        };
        if !self.is_from_other_side(now, key, path, compound.clone())? {
            self.counters.dropped_unknown_address += 1;
            return Ok(());
        }
        let mut nacks_left = MAX_NACKED;
        for packet in compound {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, key, packet, &mut nacks_left)?,
                Err(_) => self.counters.dropped_malformed += 1,
            }
        }
        Ok(())
    }

    /// Whether the source of a compound is known: always, except on a plain transport that has not latched it. At a port of
    /// its own, a sender report on a stream of a producer latches it. With rtcp-mux only RTP does: FFmpeg sends RTCP from
    /// another port, before its first RTP packet.
    fn is_from_other_side(
        &mut self,
        now: Micros,
        key: TransportKey,
        path: Path,
        mut compound: Compound<'_>,
    ) -> Result<bool, DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        let Link::Plain(link) = &transport.link else {
            return Ok(true);
        };
        if link.is_latched(path) {
            return Ok(true);
        }
        let belongs_to_producer = link.is_rtcp_port(path)
            && compound.any(|packet| match packet {
                Ok(RtcpPacket::SenderReport(report)) => {
                    transport.incoming.contains_key(&report.ssrc)
                }
                _ => false,
            });
        if belongs_to_producer {
            self.latch(now, key, path)?;
        }
        Ok(belongs_to_producer)
    }

    /// `nacks_left`: packets that the rest of the datagram may request.
    fn handle_rtcp_packet(
        &mut self,
        now: Micros,
        key: TransportKey,
        packet: RtcpPacket<'_>,
        nacks_left: &mut usize,
    ) -> Result<(), DanglingKey> {
        match packet {
            RtcpPacket::SenderReport(report) => {
                self.on_sender_report(now, key, &report)?;
                for block in report.blocks {
                    self.on_report_block(now, key, &block)?;
                }
            }
            RtcpPacket::ReceiverReport(report) => {
                for block in report.blocks {
                    self.on_report_block(now, key, &block)?;
                }
            }
            RtcpPacket::Nack(nack) => {
                let mut lost = nack.lost();
                let limited = std::iter::from_fn(|| {
                    *nacks_left = nacks_left.checked_sub(1)?;
                    lost.next()
                });
                self.answer_nack(now, key, nack.media_ssrc, limited)?;
            }
            RtcpPacket::Pli(pli) => {
                self.on_key_frame_request(now, key, pli.media_ssrc, KeyFrameRequestKind::Pli)?;
            }
            RtcpPacket::Fir(fir) => {
                for entry in fir.entries() {
                    let kind = KeyFrameRequestKind::Fir(entry.command_sequence);
                    self.on_key_frame_request(now, key, entry.ssrc, kind)?;
                }
            }
            RtcpPacket::Remb(remb) => {
                let transport = self.tables.transports.get_mut(key)?;
                transport.stats.available_outgoing_bitrate = Some(remb.bitrate);
                self.update_estimate(now, key, |estimator| estimator.remb(now, remb.bitrate))?;
            }
            RtcpPacket::TransportFeedback(feedback) => {
                self.on_transport_feedback(now, key, &feedback)?;
            }
            RtcpPacket::ExtendedReport(report) => self.on_extended_report(now, key, &report)?,
            // Signaling ends streams and names them.
            RtcpPacket::Bye(_) | RtcpPacket::Sdes(_) => {}
        }
        Ok(())
    }

    /// Stores the sender's clock for one of its streams.
    fn on_sender_report(
        &mut self,
        now: Micros,
        key: TransportKey,
        report: &SenderReport<'_>,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        let Some(stream) = transport
            .incoming
            .get(&report.ssrc)
            .filter(|stream| !stream.is_rtx)
        else {
            return Ok(());
        };
        let key = stream.producer;
        let producer = self.tables.producers.get_mut(key)?;
        let Some(stream) = producer.stream_of_ssrc(report.ssrc) else {
            return Ok(());
        };
        if stream.on_sender_report(now, report.info.ntp, report.info.rtp_timestamp) {
            self.hurry_sender_reports(key)?;
        }
        Ok(())
    }

    /// Stores loss, jitter and round-trip time that the client reports for a stream that it receives.
    fn on_report_block(
        &mut self,
        now: Micros,
        key: TransportKey,
        block: &ReportBlock,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(link) = transport.link.pipe() {
            return match link.outgoing.get(&block.ssrc).copied() {
                Some(stream) => self.on_pipe_report_block(now, key, stream, block),
                None => Ok(()),
            };
        }
        let Some(consumer) = transport.outgoing.get(&block.ssrc) else {
            return Ok(());
        };
        let consumer = self.tables.consumers.get_mut(*consumer)?;
        if consumer.ssrc != block.ssrc {
            return Ok(());
        }
        consumer.stats.lost = block.cumulative_lost.into();
        consumer.stats.fraction_lost = block.fraction_lost;
        consumer.loss_reported = Some(now);
        if let Some(redundancy) = &mut consumer.redundancy {
            redundancy.on_loss(now, block.fraction_lost);
        }
        consumer.stats.jitter = block.jitter;
        let media = &mut self.counters.media;
        media.loss_sent.record(per_mille(block.fraction_lost));
        let clock_rate = consumer.timestamps.clock_rate();
        media
            .jitter_sent
            .record(ticks_to_micros(block.jitter, clock_rate));
        let (last, delay) = (
            block.last_sender_report.0,
            block.delay_since_last_sender_report.0,
        );
        if let Some(rtt) = consumer.reports.round_trip(last, delay, now) {
            consumer.stats.rtt_us = Some(rtt);
            transport.stats.rtt_us = Some(rtt);
            media.round_trip.record(rtt);
        }
        if let Some(reported) = consumer.take_report(block) {
            consumer.add_to_score(&reported);
            if consumer.is_allocated() {
                self.update_estimate(now, key, |estimator| {
                    estimator.receiver_report(now, reported.bytes_received, reported.bytes_lost);
                })?;
            }
        }
        Ok(())
    }

    /// Measures the round trip from the client's answer to our reference time. Reference times of the client get no
    /// answer: it measures round trips by its own sender reports.
    fn on_extended_report(
        &mut self,
        now: Micros,
        key: TransportKey,
        report: &ExtendedReport<'_>,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let ssrc = transport.rtcp_ssrc;
        let answer = report
            .blocks()
            .filter_map(|block| match block {
                XrBlock::Dlrr(entries) => Some(entries),
                XrBlock::ReceiverReferenceTime(_) => None,
            })
            .flatten()
            .find(|entry| entry.ssrc == ssrc);
        let rtt = answer.and_then(|entry| {
            let (last, delay) = (entry.last_receiver_report.0, entry.delay.0);
            transport.reference_times.round_trip(last, delay, now)
        });
        if let Some(rtt) = rtt {
            transport.stats.rtt_us = Some(rtt);
            self.counters.media.round_trip.record(rtt);
        }
        Ok(())
    }

    /// Handles PLI and FIR: the client cannot decode the stream `ssrc`.
    fn on_key_frame_request(
        &mut self,
        now: Micros,
        key: TransportKey,
        ssrc: u32,
        kind: KeyFrameRequestKind,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        if let Some(link) = transport.link.pipe() {
            return match link.outgoing.get(&ssrc).copied() {
                Some(stream) => self.on_pipe_key_frame_request(now, stream, kind),
                None => Ok(()),
            };
        }
        let Some(consumer_key) = transport.outgoing.get(&ssrc).copied() else {
            return Ok(());
        };
        let consumer = self.tables.consumers.get_mut(consumer_key)?;
        let stats = &mut consumer.stats;
        kind.count(1, &mut stats.plis, &mut stats.firs);
        self.counters.media.key_frame_requests_sent += 1;
        if consumer.paused || self.postpone_request(now, consumer_key)? {
            return Ok(());
        }
        self.start_again(now, consumer_key)?;
        self.request_key_frame_of_consumer(now, consumer_key)
    }

    /// Counts how many sent packets arrived at the client, and estimates its bandwidth.
    fn on_transport_feedback(
        &mut self,
        now: Micros,
        key: TransportKey,
        feedback: &TransportFeedback<'_>,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if feedback.status_count > MAX_FEEDBACK {
            return Ok(());
        }
        let lost = feedback.status_count - feedback.arrived_count;
        transport.stats.feedback_packets += u64::from(feedback.status_count);
        transport.stats.feedback_lost += u64::from(lost);
        self.counters.media.feedback_packets += u64::from(feedback.status_count);
        self.counters.media.feedback_lost += u64::from(lost);
        self.update_estimate(now, key, |estimator| {
            estimator.transport_feedback(now, feedback);
        })
    }
}
