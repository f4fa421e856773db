//! Lost packets: requested from the sender, retransmitted to the receiver.

use crate::common::World;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8, vp8_frame};
use crate::common::specs::*;
use hubbub_core::api::Command;
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::RtcpPacket;

/// The packets that the sender was asked for since the last call.
fn nacks_sent(call: &mut Call) -> Vec<u16> {
    let lost = call
        .sender
        .take_rtcp(&mut call.world, |packet| match packet {
            RtcpPacket::Nack(nack) if nack.media_ssrc == SSRC => {
                Some(nack.lost().collect::<Vec<_>>())
            }
            _ => None,
        });
    lost.concat()
}

#[test]
fn a_nack_is_answered_by_rtx() {
    let mut call = Call::video();
    call.send((10..20).map(|number| vp8(number, number == 10)));
    let received = call.received();
    let missed = received[4].rtp();
    call.nack(&[missed.sequence_number()]);
    let answer = call.received();
    let packet = answer[0].rtp();
    assert_eq!(
        (answer.len(), packet.ssrc(), packet.payload_type()),
        (1, OUT_SSRC + 1, OUT_VP8_RTX)
    );
    let (original, payload) = packet.payload().split_at(2);
    assert_eq!(original, missed.sequence_number().to_be_bytes());
    assert_eq!(
        (payload, packet.timestamp()),
        (missed.payload(), missed.timestamp())
    );
    assert_eq!(call.world.consumer_stats(call.consumer).retransmitted, 1);
}

#[test]
fn a_packet_is_resent_at_most_once_per_round_trip() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
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
fn the_time_between_two_retransmissions_is_the_measured_round_trip() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    call.report_clock(SSRC, NtpTime(7_000 << 32), vp8(10, true).timestamp);
    let cases = [(20, 30, 1), (300, 200, 0), (300, 310, 1)];
    for (number, (round_trip, wait, expected)) in (11..).zip(cases) {
        call.measure_round_trip(round_trip);
        call.send([vp8(number, false)]);
        let sequence = call.sequences()[0];
        call.nack(&[sequence]);
        assert_eq!(call.received().len(), 1);
        call.world.advance(wait);
        call.nack(&[sequence]);
        assert_eq!(call.received().len(), expected, "{wait} ms");
    }
}

#[test]
fn the_time_between_two_retransmissions_includes_the_queue_on_the_way() {
    let mut call = Call::video();
    // Time in the queue and until the second NACK, milliseconds. Without reports, a round trip counts as 100 ms.
    let cases = [(0, 110, 1), (200, 250, 0), (200, 310, 1), (0, 110, 1)];
    for (number, (queued, wait, expected)) in (10..).zip(cases) {
        call.send([vp8(number, number == 10)]);
        let packet = call.received().remove(0);
        call.return_feedback(&packet, queued);
        let sequence = packet.rtp().sequence_number();
        call.nack(&[sequence]);
        assert_eq!(call.received().len(), 1);
        call.world.advance(wait);
        call.nack(&[sequence]);
        assert_eq!(call.received().len(), expected, "{queued} ms in the queue");
    }
}

#[test]
fn retransmissions_take_a_quarter_of_the_estimate() {
    const RATE: u64 = 1_200_000;
    let config = World::with_estimate(RATE);
    let mut call = Call::with(config, video(), video_consumer(OUT_SSRC));
    let mut lost = Vec::new();
    for number in 10..110 {
        let mut packet = vp8(number, number == 10);
        packet.payload.resize(1_000, 0);
        call.send([packet]);
        call.world.advance(10);
        let received = call.received();
        let media = received.iter().map(|packet| packet.rtp());
        let media = media.filter(|packet| packet.ssrc() == OUT_SSRC);
        lost.extend(media.map(|packet| packet.sequence_number()));
    }
    assert_eq!(lost.len(), 100);
    // The consumer's own budget, half a second of its 0.8 Mbit/s, would allow far more.
    for expected in [18, 8] {
        call.nack(&lost[50..]);
        call.world.advance(200);
        let received = call.received();
        let repaired = received.iter().map(|packet| packet.rtp().ssrc());
        assert_eq!(
            repaired.filter(|ssrc| *ssrc == OUT_SSRC + 1).count(),
            expected
        );
    }
}

#[test]
fn a_retransmission_that_waits_is_not_sent_once_the_consumer_is_paused() {
    const RATE: u64 = 1_200_000;
    let config = World::with_estimate(RATE);
    for pauses in [false, true] {
        let mut call = Call::with(config.clone(), video(), video_consumer(OUT_SSRC));
        call.send(vp8_frame(10, 1, 100, true).into_iter().map(|mut packet| {
            packet.payload.resize(1_000, 0);
            packet
        }));
        let first = call.sequences()[0];
        call.nack(&[first]);
        assert_eq!(call.received(), [], "it waits");
        if pauses {
            let consumer = call.consumer;
            call.world.execute(Command::PauseConsumer { consumer });
        }
        call.world.advance(1_000);
        let sent = call.received();
        let mut ssrcs = sent.iter().map(|packet| packet.rtp().ssrc());
        assert_eq!(ssrcs.any(|ssrc| ssrc == OUT_SSRC + 1), !pauses);
    }
}

#[test]
fn packets_from_before_a_pause_are_not_retransmitted_after_it() {
    let mut call = Call::video();
    let consumer = call.consumer;
    call.send((10..15).map(|number| vp8(number, number == 10)));
    let before = call.received();
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.execute(Command::ResumeConsumer { consumer });
    call.send([vp8(15, true)]);
    let after = call.received();
    let new = after[0].rtp().sequence_number();
    let mut nacked: Vec<_> = before
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    nacked.push(new);
    call.nack(&nacked);
    let repaired: Vec<_> = call
        .received()
        .iter()
        .map(|packet| packet.rtp().payload()[..2].to_vec())
        .collect();
    assert_eq!(repaired, [new.to_be_bytes()]);
    assert_eq!(call.world.consumer_stats(consumer).nack_misses, 5);
}

#[test]
fn numbers_that_were_never_sent_are_not_answered() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    let sequence = call.received()[0].rtp().sequence_number();
    call.nack(&[sequence.wrapping_add(1), sequence.wrapping_add(30_000)]);
    assert_eq!(call.received(), []);
    let stats = call.world.consumer_stats(call.consumer);
    assert_eq!((stats.nacks, stats.nacked, stats.nack_misses), (1, 2, 2));
    assert_eq!(stats.rtx_ssrc, Some(OUT_SSRC + 1));
    assert_eq!(call.world.worker.counters().media.nack_misses, 2);
}

#[test]
fn without_nack_and_rtx_nothing_is_resent() {
    let mut call = Call::new(audio(), audio_consumer(OUT_SSRC));
    let packet = Packet {
        payload_type: OPUS,
        ..vp8(10, false)
    };
    call.send([packet]);
    let sequence = call.received()[0].rtp().sequence_number();
    call.nack(&[sequence]);
    assert_eq!(call.received(), []);
    assert_eq!(call.world.consumer_stats(call.consumer).retransmitted, 0);
}

#[test]
fn without_rtx_a_packet_is_resent_byte_for_byte() {
    let mut call = Call::new(video(), without_rtx(OUT_SSRC));
    call.send((10..15).map(|number| vp8(number, number == 10)));
    let first = call.world.take_sent(call.receiver.path);
    call.world.advance(20);
    call.world.take_sent(call.receiver.path);
    let sequence = u16::from_be_bytes([first[2][2], first[2][3]]);
    call.nack(&[sequence]);
    assert_eq!(call.world.take_sent(call.receiver.path), [first[2].clone()]);
}

#[test]
fn a_gap_is_nacked_and_the_packet_from_rtx_is_forwarded() {
    let mut call = Call::video();
    call.send([10, 11, 13, 14, 15].map(|number| vp8(number, number == 10)));
    call.world.advance(20);
    assert_eq!(nacks_sent(&mut call), [12]);
    let before = call.received();
    let repair = rtx(&vp8(12, false), 900);
    call.send([repair]);
    let late = call.received();
    assert_eq!(
        late[0].rtp().sequence_number(),
        before[0].rtp().sequence_number().wrapping_add(2)
    );
    assert_eq!(late[0].rtp().payload(), vp8(12, false).payload);
    let stats = call.world.producer_stats(call.producer);
    assert_eq!((stats.streams[0].repaired, stats.streams[0].lost), (1, 0));
    assert_eq!((stats.streams[0].nacks, stats.streams[0].nacked), (1, 1));
    assert_eq!(stats.streams[0].rtx_ssrc, Some(SSRC + 1));
    let media = call.world.worker.counters().media;
    assert_eq!(
        (media.repaired_received, media.nacked_received),
        (1, stats.streams[0].nacked)
    );
    call.world.advance(1000);
    assert_eq!(nacks_sent(&mut call), []);
}

#[test]
fn a_gap_that_is_never_filled_is_given_up() {
    let mut call = Call::video();
    call.send([10, 12, 13].map(|number| vp8(number, number == 10)));
    call.world.advance(20_000);
    let asked = nacks_sent(&mut call);
    assert!((2..=10).contains(&asked.len()), "{} requests", asked.len());
}

#[test]
fn the_number_of_packets_requested_by_one_datagram_is_limited() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    let sequence = call.received()[0].rtp().sequence_number();
    // Each number is at least 17 before the last sent one, so none is found.
    let lost: Vec<u16> = (1..300)
        .map(|step| sequence.wrapping_sub(17 * step))
        .rev()
        .flat_map(|first| (0..17).map(move |next| first.wrapping_sub(next)).rev())
        .collect();
    call.nack(&lost);
    assert_eq!(call.world.consumer_stats(call.consumer).nack_misses, 1_000);
}

#[test]
fn packets_lost_during_a_pause_are_not_requested_after_it() {
    let mut call = Call::video();
    let producer = call.producer;
    call.send([vp8(10, true)]);
    call.world.execute(Command::PauseProducer { producer });
    for number in (11..1_000).filter(|number| number % 20 != 0) {
        call.send([vp8(number, false)]);
        call.world.advance(10);
    }
    call.world.execute(Command::ResumeProducer { producer });
    call.world.advance(100);
    assert_eq!(nacks_sent(&mut call), []);
    call.send([1_000, 1_002, 1_003].map(|number| vp8(number, false)));
    call.world.advance(20);
    assert_eq!(nacks_sent(&mut call), [1_001]);
}
