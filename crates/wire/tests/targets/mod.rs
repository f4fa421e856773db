//! The fuzz targets of this crate: each calls the parser of one format with arbitrary bytes and reads every field.
//! `crates/fuzz` runs them with coverage guidance.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each user runs only some of them"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use hubbub_wire::PacketKind;
use hubbub_wire::framing::{FRAME_HEADER, first_frame};
use hubbub_wire::rtcp::{
    Arrival, Compound, RtcpPacket, TransportFeedback, TransportFeedbackBuilder, XrBlock,
};
use hubbub_wire::rtp::{
    AbsCaptureTime, AbsSendTime, AudioLevel, RtpHeader, RtpPacket, TransportSequenceNumber,
    VideoOrientation, parse_stream_id,
};
use hubbub_wire::stun::{IceKey, StunMessage};
use hubbub_wire::testdata::FuzzTarget;

/// The targets by the name of their corpus.
pub const TARGETS: [FuzzTarget; 5] = [
    ("stun", stun),
    ("rtp", rtp),
    ("rtcp", rtcp),
    ("transport_feedback", transport_feedback),
    ("tcp_frames", tcp_frames),
];

/// Reads a datagram as a STUN message, and the same bytes as the attributes of one with a valid header and fingerprint.
pub fn stun(data: &[u8]) {
    read_stun(data);
    let attributes = &data[..data.len() / 4 * 4];
    if let Ok(len) = u16::try_from(attributes.len() + 8) {
        let mut message = vec![0, 1];
        message.extend(len.to_be_bytes());
        message.extend([0x21, 0x12, 0xa4, 0x42]);
        message.extend([7; 12]);
        message.extend(attributes);
        // FINGERPRINT (RFC 8489 section 14.7).
        let fingerprint = crc32(&message) ^ 0x5354_554e;
        message.extend([0x80, 0x28, 0, 4]);
        message.extend(fingerprint.to_be_bytes());
        read_stun(&message);
    }
}

fn read_stun(data: &[u8]) {
    if let Ok(message) = StunMessage::parse(data) {
        assert_eq!(PacketKind::of(data), PacketKind::Stun);
        let _ = message.verify_integrity(&IceKey::new("password"));
        let _ = (message.class(), message.role(), message.use_candidate());
        let _ = (message.mapped_address(), message.unknown_required());
        if let Some(username) = message.username() {
            assert!(!username.local.is_empty() && !username.remote.is_empty());
        }
    }
}

/// CRC-32 as in Ethernet.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Reads an RTP packet and the values of its header extensions.
pub fn rtp(data: &[u8]) {
    let header = RtpHeader::parse(data);
    let Ok(packet) = RtpPacket::parse(data) else {
        return;
    };
    assert_eq!(header.unwrap().len, packet.header().len);
    assert_eq!(
        packet.payload_range().end + usize::from(packet.padding_len()),
        data.len()
    );
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

/// Reads every packet of an RTCP compound.
pub fn rtcp(data: &[u8]) {
    if let Ok(compound) = Compound::parse(data) {
        for packet in compound.flatten() {
            read_rtcp(packet, data.len());
        }
    }
}

/// Reads every item of a packet and asserts that their number is bounded by the packet size.
fn read_rtcp(packet: RtcpPacket<'_>, len: usize) {
    let count = match packet {
        RtcpPacket::SenderReport(report) => report.blocks.count(),
        RtcpPacket::ReceiverReport(report) => report.blocks.count(),
        RtcpPacket::Sdes(chunks) => chunks.count(),
        RtcpPacket::Bye(bye) => bye.ssrcs().count(),
        // An entry of four bytes names up to 17 packets.
        RtcpPacket::Nack(nack) => nack.lost().count() / 5,
        RtcpPacket::Fir(fir) => fir.entries().count(),
        RtcpPacket::Remb(remb) => remb.ssrcs().count(),
        RtcpPacket::Pli(_) => 0,
        RtcpPacket::TransportFeedback(feedback) => read_feedback(&feedback),
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

/// Returns the number of arrived packets.
fn read_feedback(feedback: &TransportFeedback<'_>) -> usize {
    let statuses = || feedback.statuses();
    assert_eq!(statuses().count(), usize::from(feedback.status_count));
    let arrived = statuses().filter(|status| status.delta_micros.is_some());
    let arrived = arrived.count();
    assert_eq!(arrived, usize::from(feedback.arrived_count));
    arrived
}

/// Reads the bytes as a transport-wide feedback with a valid RTCP header, then as arrivals that are written and read back.
pub fn transport_feedback(data: &[u8]) {
    let words = data.len() / 4;
    if let Ok(len) = u16::try_from(words) {
        let mut packet = vec![0x8f, 205];
        packet.extend(len.to_be_bytes());
        packet.extend(&data[..words * 4]);
        rtcp(&packet);
    }
    let mut arrivals: Vec<Arrival> = Vec::new();
    let (mut sequence_number, mut arrival_micros) = (0_u16, 1_u64 << 32);
    for step in data.chunks_exact(3) {
        sequence_number = sequence_number.wrapping_add(1 + u16::from(step[0]));
        let delta = i16::from_be_bytes([step[1], step[2]]);
        arrival_micros = arrival_micros.saturating_add_signed(i64::from(delta) * 500);
        if sequence_number > 0x7fff {
            break;
        }
        arrivals.push(Arrival {
            sequence_number,
            arrival_micros,
        });
    }
    write_and_read_back(&arrivals);
}

fn write_and_read_back(arrivals: &[Arrival]) {
    let mut buffer = [0; 1_200];
    let (mut base_sequence, mut rest) = (0, arrivals);
    while !rest.is_empty() {
        let builder = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: 3,
            base_sequence,
            arrivals: rest,
        };
        let written = builder.write(&mut buffer).unwrap();
        let (now, later) = rest.split_at(written.arrivals);
        assert_eq!(read_arrivals(&buffer[..written.len]), ticks_of(now));
        (base_sequence, rest) = (written.next_sequence, later);
    }
}

/// Sequence numbers and times, 250 microseconds.
fn ticks_of(arrivals: &[Arrival]) -> Vec<(u16, u64)> {
    arrivals
        .iter()
        .map(|arrival| (arrival.sequence_number, arrival.arrival_micros / 250))
        .collect()
}

/// The arrivals that a feedback packet reports, as [`ticks_of`].
fn read_arrivals(packet: &[u8]) -> Vec<(u16, u64)> {
    let mut compound = Compound::parse(packet).unwrap();
    let Some(Ok(RtcpPacket::TransportFeedback(feedback))) = compound.next() else {
        return Vec::new();
    };
    let mut micros = feedback.reference_time_micros();
    feedback
        .statuses()
        .filter_map(|status| {
            micros += i64::from(status.delta_micros?);
            Some((status.sequence_number, u64::try_from(micros).ok()? / 250))
        })
        .collect()
}

/// Splits a TCP stream into frames and classifies their datagrams.
pub fn tcp_frames(stream: &[u8]) {
    const LONGEST: usize = 1_500;
    let mut rest = stream;
    while let Ok(Some(place)) = first_frame(rest, LONGEST) {
        assert!(place.start == FRAME_HEADER && place.len() <= LONGEST);
        let _ = PacketKind::of(&rest[place.clone()]);
        rest = &rest[place.end..];
    }
}
