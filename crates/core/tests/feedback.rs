//! RTCP feedback and reports, to senders and to receivers.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::WorkerConfig;
use hubbub_core::api::{Command, CommandError, FeedbackKind, ProducerSpec, ReplyBody};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{
    Compound, ReceiverReportBuilder, ReportBlock, RtcpPacket, SenderInfo, SenderReportBuilder,
};

/// The sender's NTP time at RTP timestamp zero.
const SENDER_NTP: NtpTime = NtpTime(7_000 << 32);

/// Sends a sender report with [`SENDER_NTP`] and timestamp zero.
fn send_report(call: &mut Call) {
    let info = SenderInfo {
        ntp: SENDER_NTP,
        rtp_timestamp: 0,
        packet_count: 1,
        octet_count: 1,
    };
    call.sender.send_rtcp(
        &mut call.world,
        &SenderReportBuilder {
            ssrc: SSRC,
            info,
            blocks: &[],
        },
    );
}

#[test]
fn transport_feedback_reports_every_packet() {
    let mut call = Call::video();
    for number in 0_u16..20 {
        if number != 5 {
            let counted = number.to_be_bytes();
            let packet = Packet {
                extensions: vec![(TRANSPORT_CC, &counted)],
                ..vp8(number, number == 0)
            };
            call.send([packet]);
        }
        call.world.advance(10);
    }
    call.world.advance(100);
    let statuses = call
        .sender
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::TransportFeedback(feedback) => {
                assert_eq!(feedback.media_ssrc, SSRC);
                Some(
                    feedback
                        .statuses()
                        .map(|status| (status.sequence_number, status.delta_micros))
                        .collect::<Vec<_>>(),
                )
            }
            _ => None,
        });
    assert!(
        statuses.len() >= 2,
        "{} feedbacks in 300 ms",
        statuses.len()
    );
    let statuses = statuses.concat();
    let numbers: Vec<u16> = statuses.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..20).collect::<Vec<u16>>());
    let lost: Vec<u16> = statuses
        .iter()
        .filter(|(_, delta)| delta.is_none())
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(lost, [5]);
}

#[test]
fn packets_before_their_producer_exists_are_not_reported_as_lost() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let spec = ProducerSpec {
        feedback: FeedbackKind::TransportCc,
        ..audio()
    };
    produce(&mut world, sender.transport, 1, spec);
    for (number, ssrc) in [(0_u16, SSRC), (1, 77), (2, 77), (3, SSRC)] {
        let counted = number.to_be_bytes();
        let packet = Packet {
            ssrc,
            payload_type: if ssrc == SSRC { OPUS } else { VP8 },
            extensions: vec![(TRANSPORT_CC, &counted)],
            ..vp8(number, false)
        };
        sender.send(&mut world, &packet.bytes());
    }
    world.advance(200);
    let lost = sender.take_rtcp(&mut world, |packet| match packet {
        RtcpPacket::TransportFeedback(feedback) => Some(
            feedback
                .statuses()
                .filter(|status| status.delta_micros.is_none())
                .count(),
        ),
        _ => None,
    });
    assert_eq!(lost, [0]);
}

#[test]
fn a_receiver_report_counts_loss_and_echoes_the_sender_report() {
    let mut call = Call::video();
    call.send([0, 1, 2, 3, 5].map(|number| vp8(number, number == 0)));
    send_report(&mut call);
    call.world.advance(500);
    call.sender.take(&mut call.world);
    call.send([vp8(7, false)]);
    call.world.advance(1000);
    let blocks = call
        .sender
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::ReceiverReport(mut report) => report.blocks.next(),
            _ => None,
        });
    let block = blocks[0];
    assert_eq!(
        (block.ssrc, block.cumulative_lost, block.highest_sequence),
        (SSRC, 2, 7)
    );
    assert_eq!(block.last_sender_report, SENDER_NTP.compact());
    assert!(block.delay_since_last_sender_report.to_micros() >= 500_000);
    call.world.advance(3000);
    let media = call.world.worker.counters().media;
    // Only two reports are due: intervals without packets add nothing.
    let counted = [media.loss_received, media.jitter_received, media.score];
    assert_eq!(
        counted.map(|histogram| histogram.counts.iter().sum::<u64>()),
        [2, 2, 2]
    );
    assert_eq!(media.loss_received.sum, 165 + 500);
}

#[test]
fn a_receiver_report_has_the_interarrival_jitter() {
    let mut call = Call::video();
    // Captured every 33 ms, but every second frame arrives 20 ms late.
    for number in 0..200 {
        call.send([vp8(number, number == 0)]);
        let late = if number % 2 == 0 { 20 } else { 0 };
        call.world.advance(23 + late);
    }
    let jitters = call
        .sender
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::ReceiverReport(mut report) => Some(report.blocks.next()?.jitter),
            _ => None,
        });
    let jitter = *jitters.last().expect("a report");
    // The transit times differ by some 10 ms from frame to frame (RFC 3550 appendix A.8).
    assert!((800..1_000).contains(&jitter), "{jitter} ticks");
    let stats = call.world.producer_stats(call.producer);
    assert!(stats.streams[0].jitter.abs_diff(jitter) < 50);
}

#[test]
fn a_large_jump_of_the_sequence_number_is_not_reported_as_loss() {
    let mut call = Call::video();
    for number in (0..50).chain(20_000..20_100) {
        call.send([vp8(number, number == 0)]);
        call.world.advance(10);
    }
    call.world.advance(1000);
    let lost = call
        .sender
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::ReceiverReport(mut report) => {
                let block = report.blocks.next()?;
                Some((block.fraction_lost, block.cumulative_lost))
            }
            _ => None,
        });
    assert_eq!(lost, [(0, 0); 3]);
}

#[test]
fn a_consumer_gets_an_early_sender_report_on_the_clock_of_its_producer() {
    let mut call = Call::video();
    call.send([vp8(0, true)]);
    send_report(&mut call);
    call.world.advance(10);
    let first = call.receiver.take(&mut call.world);
    let packets: Vec<_> = Compound::parse(&first.1[0].0)
        .expect("compound")
        .flatten()
        .collect();
    let [RtcpPacket::SenderReport(report), RtcpPacket::Sdes(names)] = &packets[..] else {
        panic!("expected a sender report and SDES, got {packets:?}");
    };
    assert_eq!(report.ssrc, OUT_SSRC);
    assert_eq!(names.clone().next().expect("chunk").cname, Some("someone"));
    assert_eq!(
        (report.info.packet_count, report.info.octet_count),
        (1, vp8(0, true).payload.len() as u32)
    );
    // Both clocks have advanced by the same time since the sender's report.
    let ntp_micros = report.info.ntp.to_micros() - SENDER_NTP.to_micros();
    let rtp_micros = u64::from(report.info.rtp_timestamp) * 1_000_000 / 90_000;
    assert!(
        ntp_micros.abs_diff(rtp_micros) < 100,
        "{ntp_micros} and {rtp_micros} microseconds"
    );
}

#[test]
fn a_receiver_report_gives_loss_and_round_trip_time() {
    let mut call = Call::video();
    call.send([vp8(0, true)]);
    send_report(&mut call);
    call.world.advance(10);
    let reports = call
        .receiver
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::SenderReport(report) => Some(report.info.ntp),
            _ => None,
        });
    call.world.advance(80);
    let block = ReportBlock {
        ssrc: OUT_SSRC,
        fraction_lost: 25,
        cumulative_lost: 3,
        jitter: 90,
        last_sender_report: reports[0].compact(),
        ..ReportBlock::default()
    };
    call.receiver.send_rtcp(
        &mut call.world,
        &ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        },
    );
    let stats = call.world.consumer_stats(call.consumer);
    assert_eq!((stats.fraction_lost, stats.lost, stats.jitter), (25, 3, 90));
    assert_eq!(stats.rtt_us, Some(80_000));
    assert_eq!(
        call.world.transport_stats(call.receiver.transport).rtt_us,
        Some(80_000)
    );
    let media = call.world.worker.counters().media;
    assert_eq!(media.loss_sent.counts, [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(
        (media.jitter_sent.sum, media.round_trip.sum),
        (1_000, 80_000)
    );
}

#[test]
fn a_client_without_transport_cc_gets_a_remb() {
    let mut world = World::with(WorkerConfig {
        max_incoming_bitrate: Some(900_000),
        ..World::config()
    });
    let mut sender = Client::connected(&mut world, 1);
    let spec = ProducerSpec {
        feedback: FeedbackKind::GoogRemb,
        ..video()
    };
    produce(&mut world, sender.transport, 1, spec);
    sender.send(&mut world, &vp8(0, true).bytes());
    world.advance(1500);
    let figures = sender.take_rtcp(&mut world, |packet| match packet {
        RtcpPacket::Remb(remb) => Some((remb.bitrate, remb.ssrcs().collect::<Vec<_>>())),
        _ => None,
    });
    assert_eq!(figures[0], (900_000, vec![SSRC]));
    let told = world.worker.counters().media.estimate_received;
    assert_eq!(told.sum, 900_000 * figures.len() as u64);
}

#[test]
fn a_limit_of_a_transport_replaces_that_of_the_worker() {
    let mut call = Call::video();
    let transport = call.sender.transport;
    call.send([vp8(0, true)]);
    call.world.advance(1500);
    let rembs = |call: &mut Call| {
        call.sender
            .take_rtcp(&mut call.world, |packet| match packet {
                RtcpPacket::Remb(remb) => Some(remb.bitrate),
                _ => None,
            })
    };
    assert_eq!(rembs(&mut call), []);
    for bitrate in [700_000, 1_000_000] {
        call.world
            .execute(Command::SetMaxIncomingBitrate { transport, bitrate });
        call.send([vp8(bitrate as u16, false)]);
        call.world.advance(1500);
        assert_eq!(rembs(&mut call).last(), Some(&bitrate));
    }
}

#[test]
fn a_priority_of_zero_is_refused() {
    let mut call = Call::video();
    let consumer = call.consumer;
    let mut set = |priority| {
        call.world
            .command(Command::SetConsumerPriority { consumer, priority })
    };
    assert_eq!(set(0), Err(CommandError::InvalidSpec));
    assert_eq!(set(255), Ok(ReplyBody::Done {}));
}

#[test]
fn a_report_on_an_unknown_stream_changes_nothing() {
    let mut call = Call::video();
    let block = ReportBlock {
        ssrc: 77,
        fraction_lost: 25,
        ..ReportBlock::default()
    };
    call.receiver.send_rtcp(
        &mut call.world,
        &ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        },
    );
    let info = SenderInfo {
        ntp: SENDER_NTP,
        ..SenderInfo::default()
    };
    call.receiver.send_rtcp(
        &mut call.world,
        &SenderReportBuilder {
            ssrc: 77,
            info,
            blocks: &[],
        },
    );
    assert_eq!(call.world.consumer_stats(call.consumer).fraction_lost, 0);
    assert_eq!(call.world.producer_stats(call.producer).streams.len(), 0);
}
