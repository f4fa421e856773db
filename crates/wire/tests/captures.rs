//! Captured packets of a browser and an SFU are read, and packets rebuilt from them are equivalent.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation fails the test"
)]

use std::collections::HashMap;

use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::{
    Arrival, Compound, CompoundWriter, NackBuilder, ReceiverReportBuilder, RtcpPacket, SdesBuilder,
    SenderReportBuilder, TransportFeedback, TransportFeedbackBuilder,
};
use hubbub_wire::rtp::{
    AbsSendTime, AudioLevel, ExtensionWriter, RtpHeaderFields, RtpPacket, TransportSequenceNumber,
    parse_stream_id,
};
use hubbub_wire::testdata::{load, records};

const CAPTURES: [&str; 4] = [
    "opus-audio",
    "vp8-single-loss3",
    "vp8-simulcast3",
    "av1-L3T3",
];

fn rtp_packets(capture: &[u8]) -> impl Iterator<Item = (u64, RtpPacket<'_>)> {
    records(capture)
        .filter(|record| PacketKind::of(record.data) == PacketKind::Rtp)
        .map(|record| {
            (
                record.arrival_micros,
                RtpPacket::parse(record.data).unwrap(),
            )
        })
}

/// Calls `check` with every received and sent RTCP packet and its compound.
fn for_each_rtcp(mut check: impl FnMut(&[u8], RtcpPacket<'_>)) {
    for name in CAPTURES {
        for extension in ["rtpdump", "sent-rtcp"] {
            let capture = load(&format!("{name}.{extension}")).unwrap();
            for record in
                records(&capture).filter(|record| PacketKind::of(record.data) == PacketKind::Rtcp)
            {
                for packet in Compound::parse(record.data).unwrap() {
                    check(record.data, packet.unwrap());
                }
            }
        }
    }
}

fn statuses(feedback: &TransportFeedback<'_>) -> Vec<(u16, Option<i32>)> {
    feedback
        .statuses()
        .map(|status| (status.sequence_number, status.delta_micros))
        .collect()
}

#[test]
fn rebuilt_rtp_headers_are_equivalent() {
    let mut count = 0;
    for name in CAPTURES {
        let capture = load(&format!("{name}.rtpdump")).unwrap();
        for (_, packet) in rtp_packets(&capture) {
            let mut extensions = ExtensionWriter::default();
            for (id, value) in packet.extensions() {
                extensions.push(id, value).unwrap();
            }
            let fields = RtpHeaderFields {
                marker: packet.marker(),
                payload_type: packet.payload_type(),
                sequence_number: packet.sequence_number(),
                timestamp: packet.timestamp(),
                ssrc: packet.ssrc(),
            };
            let mut buffer = [0; 1500];
            let len = fields.write(&mut buffer, &extensions).unwrap();
            // libwebrtc's blocks are as short as ours, except where it reserved space for an extension and left it
            // empty.
            assert!(
                len <= packet.header().len,
                "{len} > {}",
                packet.header().len
            );
            let copy = RtpPacket::parse(&buffer[..len]).unwrap();
            assert_eq!(
                copy.extensions().collect::<Vec<_>>(),
                packet.extensions().collect::<Vec<_>>()
            );
            assert_eq!(
                copy.header().sequence_number,
                packet.header().sequence_number
            );
            count += 1;
        }
    }
    assert!(count > 700, "{count} packets");
}

#[test]
fn extension_values_of_an_audio_capture_are_consistent() {
    let capture = load("opus-audio.rtpdump").unwrap();
    let mut last: Option<(u64, AbsSendTime, u16)> = None;
    for (arrival, packet) in rtp_packets(&capture) {
        let sent = AbsSendTime::parse(packet.extension(2).unwrap()).unwrap();
        let TransportSequenceNumber(sequence) =
            TransportSequenceNumber::parse(packet.extension(3).unwrap()).unwrap();
        assert!(
            packet
                .extension(1)
                .is_none_or(|value| AudioLevel::parse(value).is_ok())
        );
        assert!(
            packet
                .extension(4)
                .is_none_or(|value| parse_stream_id(value) == Ok("0"))
        );
        if let Some((last_arrival, last_sent, last_sequence)) = last {
            assert_eq!(sequence, last_sequence.wrapping_add(1));
            let skew = sent.micros_since(last_sent) - (arrival - last_arrival) as i64;
            assert!(skew.abs() < 100_000, "sent and arrived {skew} us apart");
        }
        last = Some((arrival, sent, sequence));
    }
    assert!(last.is_some());
}

#[test]
fn av1_key_frames_have_a_long_two_byte_extension() {
    let capture = load("av1-L3T3.rtpdump").unwrap();
    let longest = rtp_packets(&capture)
        .flat_map(|(_, packet)| packet.extensions().map(|(_, value)| value.len()).max());
    assert!(longest.max() > Some(16));
}

#[test]
fn simulcast_streams_have_distinct_rids() {
    let capture = load("vp8-simulcast3.rtpdump").unwrap();
    let mut rids: Vec<&str> = rtp_packets(&capture)
        .filter_map(|(_, packet)| parse_stream_id(packet.extension(10)?).ok())
        .collect();
    rids.sort_unstable();
    rids.dedup();
    assert_eq!(rids, ["r0", "r1", "r2"]);
}

#[test]
fn transport_feedback_is_rebuilt_status_by_status() {
    let mut count = 0;
    for_each_rtcp(|_, packet| {
        let RtcpPacket::TransportFeedback(feedback) = packet else {
            return;
        };
        // A congruent time: the reference time is signed, arrivals are unsigned.
        let mut time = feedback
            .reference_time_micros()
            .rem_euclid((1 << 24) * 64_000);
        let mut arrivals = Vec::new();
        for status in feedback.statuses() {
            let Some(delta) = status.delta_micros else {
                continue;
            };
            time += i64::from(delta);
            arrivals.push(Arrival {
                sequence_number: status.sequence_number,
                arrival_micros: time as u64,
            });
        }
        let builder = TransportFeedbackBuilder {
            sender_ssrc: feedback.sender_ssrc,
            media_ssrc: feedback.media_ssrc,
            feedback_count: feedback.feedback_count,
            base_sequence: feedback.base_sequence,
            arrivals: &arrivals,
        };
        let mut buffer = [0; 1200];
        let written = builder.write(&mut buffer).unwrap();
        let Some(Ok(RtcpPacket::TransportFeedback(copy))) =
            Compound::parse(&buffer[..written.len]).unwrap().next()
        else {
            panic!("no feedback")
        };
        assert_eq!(statuses(&copy), statuses(&feedback));
        assert_eq!(copy.reference_time, feedback.reference_time);
        count += 1;
    });
    assert!(count > 100, "{count} packets of feedback");
}

#[test]
fn transport_feedback_matches_the_arrivals_of_the_capture() {
    let capture = load("opus-audio.rtpdump").unwrap();
    let arrived: HashMap<u16, u64> = rtp_packets(&capture)
        .map(|(arrival, packet)| {
            (
                TransportSequenceNumber::parse(packet.extension(3).unwrap())
                    .unwrap()
                    .0,
                arrival,
            )
        })
        .collect();
    let sent = load("opus-audio.sent-rtcp").unwrap();
    let mut checked = 0;
    for packet in records(&sent).flat_map(|record| Compound::parse(record.data).unwrap()) {
        let Ok(RtcpPacket::TransportFeedback(feedback)) = packet else {
            continue;
        };
        let mut previous = None;
        for status in feedback.statuses() {
            let Some(delta) = status.delta_micros else {
                continue;
            };
            let arrival = arrived[&status.sequence_number];
            if let Some(before) = previous.replace(arrival) {
                assert!((i64::from(delta) - (arrival - before) as i64).abs() <= 1_000);
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "{checked} deltas");
}

#[test]
fn rebuilt_nacks_reports_and_descriptions_are_identical() {
    let mut kinds: HashMap<&str, usize> = HashMap::new();
    for_each_rtcp(|data, packet| {
        let mut buffer = [0; 1200];
        let mut compound = CompoundWriter::new(&mut buffer);
        let kind = match packet {
            RtcpPacket::Nack(nack) => {
                let lost: Vec<u16> = nack.lost().collect();
                let builder = NackBuilder {
                    sender_ssrc: nack.sender_ssrc,
                    media_ssrc: nack.media_ssrc,
                    lost: &lost,
                };
                compound.push(&builder).unwrap();
                "nack"
            }
            RtcpPacket::Pli(pli) => {
                compound.push(&pli).unwrap();
                "pli"
            }
            RtcpPacket::ReceiverReport(report) => {
                let blocks: Vec<_> = report.blocks.clone().collect();
                compound
                    .push(&ReceiverReportBuilder {
                        ssrc: report.ssrc,
                        blocks: &blocks,
                    })
                    .unwrap();
                "receiver report"
            }
            RtcpPacket::SenderReport(report) => {
                let blocks: Vec<_> = report.blocks.clone().collect();
                compound
                    .push(&SenderReportBuilder {
                        ssrc: report.ssrc,
                        info: report.info,
                        blocks: &blocks,
                    })
                    .unwrap();
                "sender report"
            }
            RtcpPacket::Sdes(mut chunks) => {
                let chunk = chunks.next().unwrap();
                compound
                    .push(&SdesBuilder {
                        ssrc: chunk.ssrc,
                        cname: chunk.cname.unwrap(),
                    })
                    .unwrap();
                "sdes"
            }
            _ => return,
        };
        assert!(
            data.windows(compound.len())
                .any(|window| window == compound.as_bytes()),
            "{kind}"
        );
        *kinds.entry(kind).or_default() += 1;
    });
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}
