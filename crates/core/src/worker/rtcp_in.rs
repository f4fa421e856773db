//! RTCP on its way in. It ends here: nothing of it is forwarded (RFC 3550 section 6).

use hubbub_wire::rtcp::{Compound, ReportBlock, RtcpPacket, SenderReport, TransportFeedback};

use crate::api::Micros;
use crate::forward::Destination;
use crate::quality::{jitter_us, per_mille};
use crate::tables::TransportKey;

use super::Worker;
use super::requests::DEFAULT_RTT_US;

/// Packets that one feedback may tell of. It takes a few bytes to claim 65,535 lost ones; browsers tell of some hundred.
const MAX_FEEDBACK: u16 = 2_048;

/// Lost packets that one datagram may ask for: as many as libwebrtc's list holds. One could name thousands, over and
/// over.
const MAX_NACKED: usize = 1_000;

impl Worker {
    pub(super) fn handle_rtcp(&mut self, now: Micros, key: TransportKey, datagram: &mut [u8]) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let Some(Ok(len)) = transport
            .inbound
            .as_mut()
            .map(|inbound| inbound.unprotect_rtcp(datagram))
        else {
            transport.stats.srtp_errors += 1;
            self.counters.dropped_srtp += 1;
            return;
        };
        let Ok(compound) = Compound::parse(datagram.get(..len).unwrap_or_default()) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        let mut may_ask = MAX_NACKED;
        for packet in compound {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, key, packet, &mut may_ask),
                Err(_) => self.counters.dropped_malformed += 1,
            }
        }
    }

    /// `may_ask`: lost packets that the rest of the datagram may ask for.
    fn handle_rtcp_packet(
        &mut self,
        now: Micros,
        key: TransportKey,
        packet: RtcpPacket<'_>,
        may_ask: &mut usize,
    ) {
        match packet {
            RtcpPacket::SenderReport(report) => {
                self.sender_reported(now, key, &report);
                report
                    .blocks
                    .for_each(|block| self.receiver_reported(now, key, &block));
            }
            RtcpPacket::ReceiverReport(report) => {
                report
                    .blocks
                    .for_each(|block| self.receiver_reported(now, key, &block));
            }
            RtcpPacket::Nack(nack) => {
                let mut lost = nack.lost();
                let bounded = std::iter::from_fn(|| {
                    *may_ask = may_ask.checked_sub(1)?;
                    lost.next()
                });
                self.repair(now, key, nack.media_ssrc, bounded);
            }
            RtcpPacket::Pli(pli) => self.key_frame_wanted(now, key, pli.media_ssrc),
            RtcpPacket::Fir(fir) => fir
                .entries()
                .for_each(|entry| self.key_frame_wanted(now, key, entry.ssrc)),
            RtcpPacket::Remb(remb) => {
                if let Some(transport) = self.tables.transports.get_mut(key) {
                    transport.stats.available_outgoing_bitrate = Some(remb.bitrate);
                    self.counters.media.estimate_sent.note(remb.bitrate);
                }
            }
            RtcpPacket::TransportFeedback(feedback) => self.feedback_came(key, &feedback),
            // Streams end by signalling, names are known from it, and nobody asks us for the round trip.
            RtcpPacket::Bye(_) | RtcpPacket::Sdes(_) | RtcpPacket::ExtendedReport(_) => {}
        }
    }

    /// The client has told the time of a stream that it sends.
    fn sender_reported(&mut self, now: Micros, key: TransportKey, report: &SenderReport<'_>) {
        let Some(transport) = self.tables.transports.get(key) else {
            return;
        };
        let Some(stream) = transport
            .incoming
            .get(&report.ssrc)
            .filter(|stream| !stream.is_rtx)
        else {
            return;
        };
        let Some(producer) = self.tables.producers.get_mut(stream.producer) else {
            return;
        };
        if let Some(stream) = producer.stream_of_ssrc(report.ssrc) {
            stream.sender_report(now, report.info.ntp, report.info.rtp_timestamp);
        }
    }

    /// The client has told how a stream arrives that it is sent.
    fn receiver_reported(&mut self, now: Micros, key: TransportKey, block: &ReportBlock) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let Some(consumer) = transport.outgoing.get(&block.ssrc) else {
            return;
        };
        let Some(consumer) = self.tables.consumers.get_mut(*consumer) else {
            return;
        };
        if consumer.ssrc != block.ssrc {
            return;
        }
        consumer.stats.lost = block.cumulative_lost.into();
        consumer.stats.fraction_lost = block.fraction_lost;
        consumer.stats.jitter = block.jitter;
        let media = &mut self.counters.media;
        media.loss_sent.note(per_mille(block.fraction_lost));
        let clock_rate = consumer.timestamps.clock_rate();
        media.jitter_sent.note(jitter_us(block.jitter, clock_rate));
        let (last, delay) = (
            block.last_sender_report.0,
            block.delay_since_last_sender_report.0,
        );
        if let Some(rtt) = consumer.reports.round_trip(last, delay, now) {
            transport.stats.rtt_us = Some(rtt);
            media.round_trip.note(rtt);
        }
    }

    /// Sends again what the client asks for, as far as it is still there and the budget allows.
    fn repair(
        &mut self,
        now: Micros,
        key: TransportKey,
        ssrc: u32,
        lost: impl Iterator<Item = u16>,
    ) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let Some(consumer_key) = transport.outgoing.get(&ssrc).copied() else {
            return;
        };
        self.touched.consumer = Some(consumer_key);
        let Some(consumer) = self.tables.consumers.get_mut(consumer_key) else {
            return;
        };
        let Some(producer) = self.tables.producers.get(consumer.producer) else {
            return;
        };
        let rtt = transport.stats.rtt_us.unwrap_or(DEFAULT_RTT_US);
        let bitrate = consumer.rate.bits_per_second(now);
        let mut to = Destination {
            consumer,
            transport,
            outbox: &mut self.outbox,
        };
        for wanted in lost {
            self.counters.media.nacked_sent += 1;
            let found = to.consumer.sent_as(wanted).and_then(|(output, sequence)| {
                let packet = producer
                    .stream_of_source(to.consumer.current()?)?
                    .packet(sequence, now)?;
                Some((output, packet, to.consumer.route(packet.meta().codec)?))
            });
            let Some((output, packet, route)) = found else {
                to.consumer.stats.nack_misses += 1;
                self.counters.media.nack_misses += 1;
                continue;
            };
            if to
                .consumer
                .budget
                .allow(wanted, packet.payload().len(), rtt, bitrate, now)
            {
                let sent = to.resend(now, packet, route, output).is_some();
                self.counters.media.repaired_sent += u64::from(sent);
            }
        }
        self.touched.consumer = None;
    }

    /// The client cannot decode what it receives.
    fn key_frame_wanted(&mut self, now: Micros, key: TransportKey, ssrc: u32) {
        let Some(transport) = self.tables.transports.get(key) else {
            return;
        };
        let Some(consumer_key) = transport.outgoing.get(&ssrc).copied() else {
            return;
        };
        let Some(consumer) = self.tables.consumers.get_mut(consumer_key) else {
            return;
        };
        consumer.stats.key_frame_requests += 1;
        self.counters.media.key_frame_requests_sent += 1;
        if !consumer.paused {
            self.request_key_frame(now, consumer_key);
        }
    }

    /// Arrival times of what we sent: what was lost on the way shows how good the way is.
    fn feedback_came(&mut self, key: TransportKey, feedback: &TransportFeedback<'_>) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        if feedback.status_count > MAX_FEEDBACK {
            return;
        }
        let lost = feedback.status_count - feedback.arrived_count;
        transport.stats.feedback_packets += u64::from(feedback.status_count);
        transport.stats.feedback_lost += u64::from(lost);
        self.counters.media.feedback_packets += u64::from(feedback.status_count);
        self.counters.media.feedback_lost += u64::from(lost);
    }
}
