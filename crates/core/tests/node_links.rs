//! What crosses a link between workers of different nodes.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{IceState, ProducerId};
use hubbub_wire::PacketKind;

use crate::common::media::{Packet, rtx, vp8};
use crate::common::node_pipe::{NodePipe, carry_another, node_pipe_specs, pictures, send_frames};
use crate::common::pipes::{PIPE, PIPE_SSRC, PIPED, PRODUCER};
use crate::common::specs::*;
use crate::common::{Client, World};

const OUT: u32 = 5000;
const CONNECTED: [Option<IceState>; 2] = [Some(IceState::Connected); 2];

fn opus(sequence: u16) -> Packet<'static> {
    Packet {
        payload_type: OPUS,
        timestamp: u32::from(sequence) * 960,
        marker: false,
        payload: vec![0xfc, sequence as u8, 1, 2, 3],
        ..vp8(sequence, false)
    }
}

#[test]
fn video_crosses_protected_behind_the_connection_id() {
    let mut pipe = NodePipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.to_far.sent.clear();
    send_frames(&mut pipe, 0..30);
    assert_eq!(
        pictures(&mut viewer, &mut pipe.far, OUT),
        (0..30).collect::<Vec<_>>()
    );
    let payload = vp8(5, false).payload;
    let sent = &pipe.to_far.sent;
    let id = sent
        .iter()
        .find(|datagram| datagram.len() > payload.len())
        .unwrap()[..4]
        .to_vec();
    assert!((64..=79).contains(&id[0]));
    for datagram in sent {
        let is_stun = PacketKind::of(datagram) == PacketKind::Stun;
        assert!(is_stun || datagram.starts_with(&id));
        let is_clear = datagram
            .windows(20)
            .any(|part| payload.windows(20).any(|clear| clear == part));
        assert!(!is_clear);
    }
    // Numbers on the link are the sender's.
    let numbers: Vec<_> = (0..30).map(|number| (PIPE_SSRC, number)).collect();
    assert_eq!(pipe.to_far.take_rtp(), numbers);
    for world in [&mut pipe.origin, &mut pipe.far] {
        let stats = world.transport_stats(PIPE);
        assert_eq!((stats.srtp_errors, stats.unknown_ssrc), (0, 0));
        assert_eq!(world.worker.counters().faults, 0);
    }
    let linked = pipe.origin.worker.counters().linked_sent;
    assert!(linked >= 30, "{linked}");
}

#[test]
fn audio_crosses_and_the_other_way_as_well() {
    let mut pipe = NodePipe::new(audio());
    let (mut viewer, _) = pipe.watch(1, audio_consumer(OUT));
    // A producer of the second worker, on the same link.
    let mut back = Client::connected(&mut pipe.far, 9);
    let producer = produce(&mut pipe.far, back.transport, 9, audio());
    let (consumer_spec, mut producer_spec) = node_pipe_specs(&audio());
    producer_spec.encodings[0].ssrc = Some(9000);
    produce(&mut pipe.origin, PIPE, 300, producer_spec);
    carry_another(&mut pipe.far, producer, consumer_spec, 9000);
    let mut listener = Client::connected(&mut pipe.origin, 8);
    consume_running(
        &mut pipe.origin,
        listener.transport,
        ProducerId(300),
        8,
        audio_consumer(OUT),
    );
    for number in 0..50 {
        pipe.send([opus(number)]);
        back.send(&mut pipe.far, &opus(number).bytes());
        pipe.advance(20);
    }
    for (client, world) in [
        (&mut viewer, &mut pipe.far),
        (&mut listener, &mut pipe.origin),
    ] {
        let got = client.take_rtp(world);
        let numbers: Vec<_> = got.iter().map(|packet| packet.rtp().payload()[1]).collect();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    }
}

#[test]
fn what_the_link_has_lost_is_repaired_by_the_origin() {
    let mut pipe = NodePipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.to_far.loses = Box::new(|ssrc, number| ssrc == PIPE_SSRC && [7, 8, 23].contains(&number));
    send_frames(&mut pipe, 0..40);
    pipe.advance(200);
    let sent: Vec<_> = (0..40).collect();
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), sent);
    assert_eq!(pipe.origin.consumer_stats(PIPED).retransmitted, 3);
    let rtx = pipe.to_far.take_rtp();
    let rtx = rtx.iter().filter(|(ssrc, _)| *ssrc == PIPE_SSRC + 1);
    assert_eq!(rtx.count(), 3);
    // The client was not asked: it has lost nothing.
    assert_eq!(
        pipe.origin.producer_stats(PRODUCER).streams[0].nacked,
        0,
        "by the origin"
    );
}

#[test]
fn what_the_client_repairs_late_crosses_a_link_late_and_once() {
    let mut pipe = NodePipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    for number in (0..20).filter(|number| *number != 7) {
        pipe.send([vp8(number, number == 0)]);
        pipe.advance(20);
    }
    let asked = |world: &mut World| world.producer_stats(PRODUCER).streams[0].nacked;
    // By the other node, whose gap is the client's: the origin has nothing to repeat.
    assert!(asked(&mut pipe.far) > 0);
    let stats = pipe.origin.consumer_stats(PIPED);
    assert_eq!((stats.retransmitted, stats.nack_misses), (0, 0));
    // Twice: the client answers two NACKs, and the late original comes as well.
    pipe.send([rtx(&vp8(7, false), 1)]);
    pipe.send([rtx(&vp8(7, false), 2), vp8(7, false)]);
    let before = asked(&mut pipe.far);
    pipe.advance(1_000);
    assert_eq!(asked(&mut pipe.far), before);
    let got = viewer.take_rtp(&mut pipe.far);
    let mut got: Vec<_> = got
        .iter()
        .map(|packet| {
            (
                packet.rtp().sequence_number(),
                packet.rtp().payload().to_vec(),
            )
        })
        .collect();
    got.sort_unstable();
    let payloads: Vec<_> = got.into_iter().map(|(_, payload)| payload).collect();
    let sent: Vec<_> = (0..20)
        .map(|number| vp8(number, number == 0).payload)
        .collect();
    assert_eq!(payloads, sent);
    let late = (0..20).filter(|number| *number != 7).chain([7]);
    let late: Vec<_> = late.map(|number| (PIPE_SSRC, number)).collect();
    assert_eq!(pipe.to_far.take_rtp(), late, "the gap is not closed up");
    let stats = pipe.origin.consumer_stats(PIPED);
    assert_eq!((stats.retransmitted, stats.nack_misses), (0, 0));
}

#[test]
fn lost_audio_is_repaired_by_the_same_packet() {
    let mut pipe = NodePipe::new(audio());
    let (mut viewer, _) = pipe.watch(1, audio_consumer(OUT));
    let mut times = 0;
    pipe.to_far.loses = Box::new(move |_, number| {
        times += usize::from(number == 7);
        number == 7 && times == 1
    });
    for number in 0..20 {
        pipe.send([opus(number)]);
        pipe.advance(20);
    }
    let got = viewer.take_rtp(&mut pipe.far);
    assert_eq!(got.len(), 20);
    let repeated = |number: &Vec<u8>| number.len() < 40 && number[6..8] == [0, 7];
    let sent: Vec<_> = pipe
        .to_far
        .sent
        .iter()
        .filter(|one| repeated(one))
        .collect();
    assert!(sent.len() >= 2);
    assert!(
        sent.iter().all(|one| one == &sent[0]),
        "no nonce is used for two packets"
    );
    assert_eq!(pipe.far.worker.counters().dropped_srtp, 0);
}

#[test]
fn producers_with_one_ssrc_cross_one_link() {
    let mut pipe = NodePipe::new(video());
    let (mut first, _) = pipe.watch(1, video_consumer(OUT));
    let mut other = Client::connected(&mut pipe.origin, 5);
    let producer = produce(&mut pipe.origin, other.transport, 5, video());
    let (consumer_spec, mut producer_spec) = node_pipe_specs(&video());
    producer_spec.encodings[0].ssrc = Some(8000);
    producer_spec.encodings[0].rtx_ssrc = Some(8001);
    produce(&mut pipe.far, PIPE, 5, producer_spec);
    carry_another(&mut pipe.origin, producer, consumer_spec, 8000);
    let mut second = Client::connected(&mut pipe.far, 2);
    consume_running(
        &mut pipe.far,
        second.transport,
        ProducerId(5),
        2,
        video_consumer(OUT),
    );
    for number in 0..10 {
        pipe.send([vp8(number, number == 0)]);
        other.send(&mut pipe.origin, &vp8(100 + number, number == 0).bytes());
        pipe.advance(33);
    }
    let expected: Vec<u16> = (0..10).collect();
    assert_eq!(pictures(&mut first, &mut pipe.far, OUT), expected);
    let expected: Vec<u16> = (100..110).collect();
    assert_eq!(pictures(&mut second, &mut pipe.far, OUT), expected);
}

#[test]
fn a_link_works_over_ipv6() {
    let addresses = ["[2001:db8::1]:4000", "[2001:db8::2]:5000"].map(|text| text.parse().unwrap());
    let mut pipe = NodePipe::between(addresses, World::config(), video());
    pipe.open(&video());
    pipe.advance(10);
    assert_eq!(pipe.states(), CONNECTED);
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    send_frames(&mut pipe, 0..5);
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), [0, 1, 2, 3, 4]);
}

#[test]
fn the_largest_packet_of_a_client_fits_the_smallest_ipv6_path() {
    let mut pipe = NodePipe::new(video());
    let (_viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.to_far.loses = Box::new(|ssrc, number| ssrc == PIPE_SSRC && number == 3);
    for number in 0..10 {
        let mut packet = vp8(number, number == 0);
        packet.payload.resize(1_200 - 12, 0x55);
        assert_eq!(packet.bytes().len(), 1_200);
        pipe.send([packet]);
        pipe.advance(33);
    }
    pipe.advance(100);
    assert_eq!(pipe.origin.consumer_stats(PIPED).retransmitted, 1);
    // The IPv6 and UDP headers take 48 bytes of 1,280.
    let longest = pipe.to_far.sent.iter().map(Vec::len).max().unwrap();
    assert!((1_200..=1_280 - 48).contains(&longest), "{longest}");
}

#[test]
fn a_link_is_not_a_pair_of_a_client() {
    // A client's transport has the same two addresses, by a request from a made-up address.
    let mut pipe = NodePipe::new(video());
    let mut client = Client::new(&mut pipe.origin, 7);
    client.path = pipe.at_origin;
    client.check(&mut pipe.origin, true);
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    send_frames(&mut pipe, 0..5);
    for _ in 0..10 {
        client.check(&mut pipe.origin, true);
        pipe.advance(1_000);
    }
    send_frames(&mut pipe, 10..15);
    assert_eq!(pipe.states(), [None; 2]);
    let expected: Vec<_> = (0..5).chain(10..15).collect();
    assert_eq!(pictures(&mut viewer, &mut pipe.far, OUT), expected);
}

#[test]
fn a_packet_that_does_not_fit_a_datagram_of_the_link_is_left_out() {
    let mut pipe = NodePipe::new(video());
    let _viewer = pipe.watch(1, video_consumer(OUT));
    pipe.send([vp8(0, true)]);
    for (number, len) in [(1, 1_460), (2, 1_461)] {
        let mut packet = vp8(number, false);
        packet.payload.resize(len, 0x55);
        pipe.send([packet]);
    }
    // 4 bytes of the id, 20 of the header with the transport-wide number, and 16 of the tag.
    let expected = [(PIPE_SSRC, 0), (PIPE_SSRC, 1)];
    let longest = pipe.to_far.sent.iter().map(Vec::len).max();
    assert_eq!(
        (pipe.to_far.take_rtp().as_slice(), longest),
        (&expected[..], Some(1_500))
    );
    assert_eq!(pipe.origin.worker.counters().send_oversized, 1);
}
