//! Simulcast of VP9 and AV1: the numbers in payloads and dependency descriptors continue when the encoding changes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::Received;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, Packet};
use crate::common::specs::*;
use hubbub_codec::Codec;
use hubbub_codec::dependency_descriptor::{
    DependencyDescriptor, DependencyReader, frame_number, write_frame_number,
};
use hubbub_codec::vp9::Vp9Descriptor;
use hubbub_core::api::{ConsumerSpec, ProducerSpec};
use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

const RIDS: [&[u8]; 2] = [b"r0", b"r1"];

/// Two encodings by RID, with dependency descriptors.
fn simulcast_of(codec: Codec) -> ProducerSpec {
    ProducerSpec {
        encodings: simulcast().encodings[..2].to_vec(),
        ..video_of(codec, VP8, 0)
    }
}

fn call(codec: Codec) -> Call {
    Call::new(simulcast_of(codec), video_consumer_of(codec, OUT_SSRC))
}

fn assert_no_gap(received: &[Received]) {
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
        let step = two.timestamp().wrapping_sub(one.timestamp());
        assert!(step < 90_000, "a step of {step}");
    }
}

/// A VP9 picture in one packet, without spatial layers, as browsers send in each encoding of simulcast. `temporal` 1 is the
/// second of two layers.
fn vp9(encoding: u16, number: u16, is_key_frame: bool, temporal: u8) -> Packet<'static> {
    let picture_id = (500 + 20_000 * encoding + number) & 0x7fff | 0x8000;
    let inter = if is_key_frame { 0 } else { 0x40 };
    let mut payload = vec![0xac | inter];
    payload.extend(picture_id.to_be_bytes());
    payload.extend([temporal << 5, (number / 2 + 200 * encoding) as u8, 0xaa]);
    Packet {
        ssrc: LAYER_SSRC + u32::from(encoding),
        payload_type: VP8,
        sequence: number + 1_000 * (encoding + 1),
        timestamp: u32::from(number) * 3_000 + u32::from(encoding) * 1_000_000,
        marker: true,
        extensions: vec![(MID, b"0"), (RID, RIDS[usize::from(encoding)])],
        payload,
        padding: 0,
    }
}

/// Sends pictures of these encodings, in two temporal layers.
fn send_vp9(call: &mut Call, encodings: &[u16], numbers: std::ops::Range<u16>, key: u16) {
    for number in numbers {
        let pictures = encodings
            .iter()
            .map(|encoding| vp9(*encoding, number, number == key, (number % 2) as u8));
        call.send(pictures);
        call.world.advance(33);
    }
}

/// Picture id and TL0PICIDX.
fn vp9_ids(packet: &Received) -> (u16, u8) {
    let descriptor = Vp9Descriptor::parse(packet.rtp().payload()).expect("VP9");
    let picture_id = descriptor.picture_id.expect("id").value;
    (picture_id, descriptor.tl0_pic_idx().expect("index"))
}

#[test]
fn ids_of_vp9_continue_in_another_encoding() {
    let mut call = call(Codec::Vp9);
    send_vp9(&mut call, &[0], 0..8, 0);
    send_vp9(&mut call, &[0, 1], 8..12, 10);
    call.prefer(0, None);
    send_vp9(&mut call, &[0, 1], 12..16, 14);
    let received = call.received();
    assert_no_gap(&received);
    let ids: Vec<_> = received.iter().map(vp9_ids).collect();
    // Encoding 0 up to picture 10, encoding 1 from picture 10 to 13 or 14, encoding 0 again.
    let low = (0..11).map(|number| (500 + number, (number / 2) as u8));
    let high = (0..4).map(|nth| (511 + nth, 6 + (nth / 2) as u8));
    let low_again = (0..2).map(|nth| (515 + nth, 8));
    assert_eq!(ids, low.chain(high).chain(low_again).collect::<Vec<_>>());
}

#[test]
fn dropped_pictures_of_vp9_leave_gaps() {
    let mut call = call(Codec::Vp9);
    call.prefer(1, Some(0));
    send_vp9(&mut call, &[0], 0..4, 0);
    send_vp9(&mut call, &[0, 1], 4..8, 6);
    let ids: Vec<_> = call.received().iter().map(vp9_ids).collect();
    assert_eq!(ids, [(500, 0), (502, 1), (504, 2), (506, 3), (507, 4)]);
}

#[test]
fn a_repeat_has_the_ids_of_the_first_copy() {
    let mut call = call(Codec::Vp9);
    send_vp9(&mut call, &[0], 0..4, 0);
    send_vp9(&mut call, &[0, 1], 4..10, 6);
    let received = call.received();
    let after = &received[7..];
    let lost: Vec<u16> = after
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    call.nack(&lost);
    let repeats = call.received();
    assert_eq!(repeats.len(), 4);
    for (repeat, first) in repeats.iter().zip(after) {
        assert_eq!(&repeat.rtp().payload()[2..], first.rtp().payload());
    }
}

const AV1: &[u8] = include_bytes!("../../codec/tests/fixtures/av1-l3t3.rtpdump");

/// A packet of a capture with a descriptor, as one of two encodings whose frame numbers are far apart.
struct Av1 {
    encoding: u16,
    packet: RtpPacket<'static>,
    descriptor: Vec<u8>,
}

impl Av1 {
    fn all(encoding: u16) -> Vec<Self> {
        let packets = records(AV1).map(|record| RtpPacket::parse(record.data).expect("RTP"));
        let media = packets.filter(|packet| !packet.payload().is_empty());
        let encoded = media.map(|packet| {
            let extension = packet.extension(DEPENDENCIES).expect("descriptor");
            let mut descriptor = extension.to_vec();
            let number = frame_number(&descriptor).expect("number");
            write_frame_number(&mut descriptor, number.wrapping_add(30_000 * encoding));
            Self {
                encoding,
                packet,
                descriptor,
            }
        });
        encoded.collect()
    }

    fn send(&self, call: &mut Call) {
        let packet = Packet {
            ssrc: LAYER_SSRC + u32::from(self.encoding),
            payload_type: VP8,
            sequence: self.packet.sequence_number(),
            timestamp: self.packet.timestamp(),
            marker: self.packet.marker(),
            extensions: vec![
                (MID, b"0"),
                (RID, RIDS[usize::from(self.encoding)]),
                (DEPENDENCIES, &self.descriptor),
            ],
            payload: self.packet.payload().to_vec(),
            padding: 0,
        };
        call.send([packet]);
        call.world.advance(5);
    }
}

fn descriptors(received: &[Received]) -> Vec<DependencyDescriptor> {
    let mut reader = DependencyReader::new();
    let read = received.iter().map(|packet| {
        let rtp = packet.rtp();
        let extension = rtp.extension(OUT_DEPENDENCIES).expect("descriptor");
        reader.read(extension).expect("descriptor")
    });
    read.collect()
}

/// A call in which encoding 1 takes over from encoding 0, and gives way to it again. Returns what the receiver got in each
/// of the three phases. Packet 254 of the capture starts a key frame, as packet 0 does.
fn switched(call: &mut Call) -> [Vec<Received>; 3] {
    let (low, high) = (Av1::all(0), Av1::all(1));
    low[..60].iter().for_each(|packet| packet.send(call));
    let first = call.received();
    high[..80].iter().for_each(|packet| packet.send(call));
    let second = call.received();
    call.prefer(0, None);
    low[254..290].iter().for_each(|packet| packet.send(call));
    [first, second, call.received()]
}

#[test]
fn frame_numbers_of_av1_continue_in_another_encoding() {
    let mut call = call(Codec::Av1);
    let phases = switched(&mut call);
    assert_eq!(phases.each_ref().map(Vec::len), [60, 80, 36]);
    let received = phases.concat();
    assert_no_gap(&received);
    let descriptors = descriptors(&received);
    for (at, pair) in descriptors.windows(2).enumerate() {
        let step = pair[1].frame_number.wrapping_sub(pair[0].frame_number);
        assert_eq!(step, u16::from(pair[1].start_of_frame), "after packet {at}");
    }
    for start in [0, 60, 140] {
        assert!(descriptors[start].has_structure && descriptors[start].start_of_frame);
    }
}

#[test]
fn a_limit_holds_in_another_encoding_of_av1() {
    let mut call = call(Codec::Av1);
    call.prefer(1, Some(0));
    let [first, second, unlimited] = switched(&mut call);
    for descriptor in descriptors(&[first, second].concat()) {
        let active = descriptor.active_decode_targets.map(u32::count_ones);
        assert_eq!(active, Some(3), "one temporal layer of three spatial ones");
        assert_eq!(descriptor.layer.map(|layer| layer.temporal), Some(0));
    }
    for descriptor in descriptors(&unlimited) {
        assert_eq!(descriptor.active_decode_targets, None);
    }
}

#[test]
fn a_repeat_has_the_frame_number_of_the_first_copy() {
    let mut call = call(Codec::Av1);
    let [_, _, last] = switched(&mut call);
    let lost: Vec<u16> = last
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    call.nack(&lost);
    let repeats = call.received();
    assert_eq!(repeats.len(), last.len());
    for (repeat, first) in repeats.iter().zip(&last) {
        let (repeat, first) = (repeat.rtp(), first.rtp());
        assert_eq!(
            repeat.extension(OUT_DEPENDENCIES),
            first.extension(OUT_DEPENDENCIES)
        );
    }
}

#[test]
fn without_rtx_a_repeat_after_a_switch_is_exact() {
    let consumer = ConsumerSpec {
        rtx_ssrc: None,
        ..video_consumer_of(Codec::Av1, OUT_SSRC)
    };
    let mut call = Call::new(simulcast_of(Codec::Av1), consumer);
    switched(&mut call);
    let sent = |call: &mut Call| {
        let mut datagrams = call.world.take_sent(call.receiver.path);
        datagrams.retain(|datagram| PacketKind::of(datagram) == PacketKind::Rtp);
        datagrams
    };
    Av1::all(0)[290].send(&mut call);
    let first = sent(&mut call);
    assert_eq!(first.len(), 1);
    call.nack(&[u16::from_be_bytes([first[0][2], first[0][3]])]);
    assert_eq!(sent(&mut call), first);
}
