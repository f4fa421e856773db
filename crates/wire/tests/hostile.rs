//! Neither noise nor damaged captured packets make a parser panic.

#![allow(clippy::unwrap_used, reason = "a failed expectation fails the test")]

use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::{Compound, RtcpPacket, XrBlock};
use hubbub_wire::rtp::{
    AbsCaptureTime, AbsSendTime, AudioLevel, RtpHeader, RtpPacket, TransportSequenceNumber,
    VideoOrientation, parse_stream_id,
};
use hubbub_wire::stun::{IceKey, StunMessage};
use hubbub_wire::testdata::{load, records};
use proptest::prelude::*;

/// Calls every parser on `data` and reads every field.
fn read(data: &[u8]) {
    let _ = PacketKind::of(data);
    let _ = RtpHeader::parse(data);
    if let Ok(packet) = RtpPacket::parse(data) {
        assert!(packet.payload_range().end + usize::from(packet.padding_len()) == data.len());
        assert!(packet.csrcs().count() <= 15);
        for (id, value) in packet.extensions() {
            let range = packet.extension_range(id).unwrap();
            assert!(range.end <= packet.header().len);
            let _ = AbsSendTime::parse(value).map(AbsSendTime::to_micros);
            let _ = AbsCaptureTime::parse(value).map(|time| time.captured.to_micros());
            let _ = AudioLevel::parse(value);
            let _ = TransportSequenceNumber::parse(value);
            let _ = VideoOrientation::parse(value);
            let _ = parse_stream_id(value);
        }
    }
    if let Ok(message) = StunMessage::parse(data) {
        let _ = message.verify_integrity(&IceKey::new("password"));
    }
    if let Ok(compound) = Compound::parse(data) {
        for packet in compound.flatten() {
            read_rtcp(packet, data.len());
        }
    }
}

/// Reads every item of the packet and asserts that their number is bounded by the packet size.
fn read_rtcp(packet: RtcpPacket<'_>, len: usize) {
    let count = match packet {
        RtcpPacket::SenderReport(report) => report.blocks.count(),
        RtcpPacket::ReceiverReport(report) => report.blocks.count(),
        RtcpPacket::Sdes(chunks) => chunks.count(),
        RtcpPacket::Bye(bye) => bye.ssrcs().count(),
        RtcpPacket::Nack(nack) => nack.lost().count() / 5,
        RtcpPacket::Fir(fir) => fir.entries().count(),
        RtcpPacket::Remb(remb) => remb.ssrcs().count(),
        RtcpPacket::Pli(_) => 0,
        RtcpPacket::TransportFeedback(feedback) => {
            assert_eq!(
                feedback.statuses().count(),
                usize::from(feedback.status_count)
            );
            feedback
                .statuses()
                .filter(|status| status.delta_micros.is_some())
                .count()
        }
        RtcpPacket::ExtendedReport(report) => report
            .blocks()
            .map(|block| match block {
                XrBlock::Dlrr(entries) => entries.count(),
                XrBlock::ReceiverReferenceTime(_) => 1,
            })
            .sum(),
    };
    assert!(count <= len);
}

/// Leading bytes that select each parser, then noise.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        (0x80..=0xBFu8, 198..=208u8).prop_map(|(first, second)| vec![first, second, 0]),
        (0x80..=0xBFu8, 90..=100u8).prop_map(|(first, second)| vec![first, second]),
        Just(vec![0, 1, 0, 40, 0x21, 0x12, 0xA4, 0x42]),
    ];
    (head, proptest::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(head, tail)| [head, tail].concat())
}

/// One RTCP packet of noise with a valid length field.
fn framed_rtcp() -> impl Strategy<Value = Vec<u8>> {
    (
        0..=31u8,
        200..=207u8,
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(|(count, kind, words)| {
            let len = u8::try_from(words.len()).unwrap();
            let body: Vec<u8> = words
                .iter()
                .flat_map(|word| [*word >> 6, *word, 1, *word & 15])
                .collect();
            [&[0x80 | count, kind, 0, len][..], &body].concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn noise_does_not_panic(data in noise()) {
        read(&data);
    }

    #[test]
    fn well_framed_rtcp_noise_does_not_panic(packets in proptest::collection::vec(framed_rtcp(), 1..4)) {
        let data = packets.concat();
        prop_assert!(Compound::parse(&data).is_ok());
        read(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn damaged_captured_packets_do_not_panic(
        position in any::<proptest::sample::Index>(),
        value: u8,
        cut in any::<proptest::sample::Index>(),
    ) {
        for name in ["vp8-single-loss3.sent-rtcp", "opus-audio.rtpdump"] {
            let capture = load(name).unwrap();
            for record in records(&capture) {
                let mut data = record.data.to_vec();
                let index = position.index(data.len().min(40));
                data[index] = value;
                read(&data);
                data.truncate(cut.index(record.data.len()));
                read(&data);
            }
        }
    }
}
