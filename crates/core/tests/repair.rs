//! Lost packets: asked for where they come from, sent again to where they are missed.

mod common;

use common::media::{rtx, vp8};
use common::specs::*;
use common::{Client, Received, World};
use hubbub_core::api::{ConsumerId, ConsumerSpec, ProducerId};
use hubbub_wire::rtcp::{NackBuilder, RtcpPacket};

struct Call {
    world: World,
    sender: Client,
    receiver: Client,
}

fn call_with(spec: ConsumerSpec) -> Call {
    let mut world = World::new();
    let sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    consume_running(&mut world, receiver.transport, producer, 1, spec);
    Call {
        world,
        sender,
        receiver,
    }
}

fn call() -> Call {
    call_with(video_consumer(5000))
}

impl Call {
    fn send(&mut self, number: u16, is_key_frame: bool) {
        self.sender
            .send(&mut self.world, &vp8(number, is_key_frame).bytes());
    }

    fn received(&mut self) -> Vec<Received> {
        self.receiver.take_rtp(&mut self.world)
    }

    fn nack(&mut self, lost: &[u16]) {
        let nack = NackBuilder {
            sender_ssrc: 1,
            media_ssrc: 5000,
            lost,
        };
        self.receiver.send_rtcp(&mut self.world, &nack);
    }

    fn nacks_sent(&mut self) -> Vec<u16> {
        let lost = self
            .sender
            .take_rtcp(&mut self.world, |packet| match packet {
                RtcpPacket::Nack(nack) if nack.media_ssrc == SSRC => {
                    Some(nack.lost().collect::<Vec<_>>())
                }
                _ => None,
            });
        lost.concat()
    }
}

#[test]
fn a_nack_is_answered_by_rtx() {
    let mut call = call();
    for number in 10..20 {
        call.send(number, number == 10);
    }
    let received = call.received();
    let missed = received[4].rtp();
    call.nack(&[missed.sequence_number()]);
    let answer = call.received();
    let packet = answer[0].rtp();
    assert_eq!(
        (answer.len(), packet.ssrc(), packet.payload_type()),
        (1, 5001, OUT_VP8_RTX)
    );
    let (original, payload) = packet.payload().split_at(2);
    assert_eq!(original, missed.sequence_number().to_be_bytes());
    assert_eq!(
        (payload, packet.timestamp()),
        (missed.payload(), missed.timestamp())
    );
}

#[test]
fn a_packet_is_sent_again_once_a_round_trip_however_often_it_is_asked_for() {
    let mut call = call();
    call.send(10, true);
    let sequence = call.received()[0].rtp().sequence_number();
    for _ in 0..100 {
        call.nack(&[sequence; 1]);
    }
    assert_eq!(call.received().len(), 1);
    call.world.advance(150);
    call.nack(&[sequence]);
    assert_eq!(call.received().len(), 1);
}

#[test]
fn numbers_that_were_never_sent_are_not_answered() {
    let mut call = call();
    call.send(10, true);
    let sequence = call.received()[0].rtp().sequence_number();
    call.nack(&[sequence.wrapping_add(1), sequence.wrapping_add(30_000)]);
    assert_eq!(call.received(), []);
    assert_eq!(call.world.consumer_stats(ConsumerId(1)).nack_misses, 2);
    assert_eq!(call.world.worker.counters().media.nack_misses, 2);
}

#[test]
fn without_rtx_a_packet_is_sent_again_byte_for_byte() {
    let mut call = call_with(ConsumerSpec {
        rtx_ssrc: None,
        ..video_consumer(5000)
    });
    for number in 10..15 {
        call.send(number, number == 10);
    }
    let first = call.world.take_sent(call.receiver.path);
    call.world.advance(20);
    call.world.take_sent(call.receiver.path);
    let sequence = u16::from_be_bytes([first[2][2], first[2][3]]);
    call.nack(&[sequence]);
    assert_eq!(call.world.take_sent(call.receiver.path), [first[2].clone()]);
}

#[test]
fn a_gap_is_asked_for_and_what_rtx_brings_is_forwarded() {
    let mut call = call();
    for number in [10, 11, 13, 14, 15] {
        call.send(number, number == 10);
    }
    call.world.advance(20);
    assert_eq!(call.nacks_sent(), [12]);
    let before = call.received();
    let repair = rtx(&vp8(12, false), 900);
    call.sender.send(&mut call.world, &repair.bytes());
    let late = call.received();
    assert_eq!(
        late[0].rtp().sequence_number(),
        before[0].rtp().sequence_number().wrapping_add(2)
    );
    assert_eq!(late[0].rtp().payload(), vp8(12, false).payload);
    let stats = call.world.producer_stats(ProducerId(1));
    assert_eq!((stats.streams[0].repaired, stats.streams[0].lost), (1, 0));
    let media = call.world.worker.counters().media;
    assert_eq!(
        (media.repaired_received, media.nacked_received),
        (1, stats.streams[0].nacked)
    );
    call.world.advance(1000);
    assert_eq!(call.nacks_sent(), []);
}

#[test]
fn a_gap_that_nobody_fills_is_given_up() {
    let mut call = call();
    for number in [10, 12, 13] {
        call.send(number, number == 10);
    }
    call.world.advance(20_000);
    let asked = call.nacks_sent();
    assert!(
        (2..=10).contains(&asked.len()),
        "asked {} times",
        asked.len()
    );
}

#[test]
fn one_datagram_asks_for_so_many_packets_at_most() {
    let mut call = call();
    call.send(10, true);
    let sequence = call.received()[0].rtp().sequence_number();
    // Each number is 17 or more before the last one that was sent, so that none is found.
    let lost: Vec<u16> = (1..300)
        .map(|step| sequence.wrapping_sub(17 * step))
        .rev()
        .flat_map(|first| (0..17).map(move |next| first.wrapping_sub(next)).rev())
        .collect();
    call.nack(&lost);
    assert_eq!(call.world.consumer_stats(ConsumerId(1)).nack_misses, 1_000);
}
