//! A video consumer starts with a key frame, and only loss leaves gaps in its sequence numbers.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;
use hubbub_core::api::Command;
use hubbub_wire::rtp::AbsSendTime;

#[test]
fn nothing_is_forwarded_before_a_key_frame_and_one_is_requested() {
    let mut call = Call::video();
    call.send((10..15).map(|number| vp8(number, false)));
    assert_eq!(call.received(), []);
    assert_eq!(call.plis(), [SSRC]);
    call.send([vp8(15, true), vp8(16, false)]);
    let received = call.received();
    let payloads: Vec<_> = received
        .iter()
        .map(|packet| packet.rtp().payload().to_vec())
        .collect();
    assert_eq!(payloads, [vp8(15, true).payload, vp8(16, false).payload]);
}

#[test]
fn packets_carry_the_consumers_ssrc_payload_type_and_extensions() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    let received = call.received();
    let packet = received[0].rtp();
    assert_eq!(
        (packet.ssrc(), packet.payload_type(), packet.marker()),
        (OUT_SSRC, OUT_VP8, true)
    );
    assert_eq!(packet.extension(OUT_MID), Some(b"7".as_slice()));
    assert_eq!(packet.extension(OUT_TRANSPORT_CC), Some([0, 0].as_slice()));
    assert_eq!(
        packet.extension(OUT_ABS_SEND_TIME).map(<[u8]>::len),
        Some(3)
    );
}

#[test]
fn loss_leaves_a_gap_that_the_late_packet_fills() {
    let mut call = Call::video();
    call.send([
        vp8(10, true),
        vp8(11, false),
        vp8(13, false),
        vp8(12, false),
    ]);
    let first = call.sequences();
    assert_eq!(first, [first[0], first[0] + 1, first[0] + 3, first[0] + 2]);
}

#[test]
fn padding_packets_leave_no_gap() {
    let mut call = Call::video();
    let padding = Packet {
        payload: Vec::new(),
        padding: 200,
        ..vp8(11, false)
    };
    call.send([vp8(10, true), padding, vp8(12, false)]);
    let sequences = call.sequences();
    assert_eq!(sequences, [sequences[0], sequences[0] + 1]);
}

#[test]
fn padding_after_a_payload_is_removed() {
    let mut call = Call::video();
    call.send([Packet {
        padding: 50,
        ..vp8(10, true)
    }]);
    let received = call.received();
    assert_eq!(received[0].rtp().padding_len(), 0);
    assert_eq!(received[0].rtp().payload(), vp8(10, true).payload);
}

#[test]
fn a_duplicate_is_not_forwarded() {
    let mut call = Call::video();
    call.send([vp8(10, true), vp8(11, false)]);
    // Sent by RTX, so that SRTP replay protection does not drop it.
    call.send([rtx(&vp8(11, false), 500)]);
    assert_eq!(call.sequences().len(), 2);
}

#[test]
fn a_packet_older_than_the_receivers_replay_window_is_dropped() {
    let mut call = Call::video();
    call.send([vp8(10, true), vp8(2_000, false)]);
    call.sequences();
    // Outside the replay window of SRTP (1,024 packets).
    let late = Packet {
        sequence: 900,
        ..vp8(2_000, false)
    };
    call.send([rtx(&late, 1)]);
    assert_eq!(call.sequences(), []);
}

#[test]
fn an_rtx_probe_is_dropped() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    let empty = Packet {
        payload: Vec::new(),
        padding: 255,
        ..rtx(&vp8(11, false), 500)
    };
    let probe = Packet {
        payload: vec![0, 11],
        ..empty.clone()
    };
    call.send([empty, probe, vp8(11, false)]);
    let sequences = call.sequences();
    assert_eq!(sequences, [sequences[0], sequences[0] + 1]);
    let stats = call.world.producer_stats(call.producer);
    assert_eq!((stats.streams[0].packets, stats.streams[0].lost), (2, 0));
}

#[test]
fn a_pause_leaves_no_gap_and_ends_with_a_key_frame() {
    let mut call = Call::video();
    let consumer = call.consumer;
    call.send([vp8(10, true), vp8(11, false)]);
    call.world.execute(Command::PauseConsumer { consumer });
    call.send([vp8(12, false), vp8(13, false)]);
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    call.world.execute(Command::ResumeConsumer { consumer });
    assert_eq!(call.plis(), [SSRC]);
    call.send([vp8(14, false), vp8(15, true)]);
    let sequences = call.sequences();
    assert_eq!(
        sequences,
        [sequences[0], sequences[0] + 1, sequences[0] + 2]
    );
}

#[test]
fn a_paused_producer_is_not_forwarded_and_gets_no_key_frame_requests() {
    let mut call = Call::video();
    let producer = call.producer;
    call.send([vp8(10, true)]);
    call.sequences();
    call.sender.take(&mut call.world);
    call.world.execute(Command::PauseProducer { producer });
    call.send([vp8(11, false), vp8(12, true)]);
    call.world.advance(2000);
    assert_eq!(call.sequences(), []);
    assert_eq!(call.plis(), []);
    call.world.execute(Command::ResumeProducer { producer });
    assert_eq!(call.plis(), [SSRC]);
}

#[test]
fn a_late_packet_from_before_a_pause_is_not_forwarded_after_it() {
    let mut call = Call::video();
    let consumer = call.consumer;
    call.send([10, 11, 13].map(|number| vp8(number, number == 10)));
    assert_eq!(call.received().len(), 3);
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.execute(Command::ResumeConsumer { consumer });
    call.send([vp8(14, true)]);
    assert_eq!(call.received().len(), 1);
    call.send([vp8(12, false)]);
    assert_eq!(call.received(), []);
}

#[test]
fn statistics_of_a_consumer_have_its_bitrate() {
    let mut call = Call::video();
    for number in 0..40 {
        call.send([vp8(number, number == 0)]);
        call.world.advance(50);
    }
    let bitrate = call.world.consumer_stats(call.consumer).bitrate;
    let expected = 20 * 8 * vp8(0, true).payload.len() as u64;
    assert!(
        bitrate.abs_diff(expected) <= expected / 10,
        "{bitrate} bit/s"
    );
}

#[test]
fn abs_send_time_is_the_time_of_sending() {
    let mut call = Call::video();
    call.send([vp8(10, true)]);
    call.world.advance(40);
    call.send([vp8(11, false)]);
    let times: Vec<_> = call
        .received()
        .iter()
        .map(|packet| {
            let value = packet
                .rtp()
                .extension(OUT_ABS_SEND_TIME)
                .map(AbsSendTime::parse);
            value
                .expect("an extension")
                .expect("abs-send-time")
                .to_micros()
        })
        .collect();
    let step = times[1] - times[0];
    assert!(step.abs_diff(40_000) < 10, "{step} microseconds");
}

#[test]
fn consumers_of_a_transport_share_the_transport_wide_numbers() {
    let mut call = Call::video();
    let (transport, producer) = (call.receiver.transport, call.producer);
    consume_running(
        &mut call.world,
        transport,
        producer,
        2,
        video_consumer(OUT_SSRC + 2),
    );
    call.send((10..14).map(|number| vp8(number, number == 10)));
    let numbers: Vec<_> = call
        .received()
        .iter()
        .map(|packet| packet.rtp().extension(OUT_TRANSPORT_CC).map(<[u8]>::to_vec))
        .collect();
    let expected: Vec<_> = (0..8).map(|number| Some(vec![0, number])).collect();
    assert_eq!(numbers, expected);
}
