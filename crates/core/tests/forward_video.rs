//! A consumer of video begins with a key frame, and its numbers have no gap but for loss.

mod common;

use common::media::vp8;
use common::specs::*;
use common::{Client, World};
use hubbub_core::api::Command;

struct Call {
    world: World,
    sender: Client,
    receiver: Client,
}

/// A sender of VP8 and a receiver that consumes it.
fn call() -> Call {
    let mut world = World::new();
    let sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    consume_running(
        &mut world,
        receiver.transport,
        producer,
        1,
        video_consumer(5000),
    );
    Call {
        world,
        sender,
        receiver,
    }
}

impl Call {
    fn send(&mut self, packets: impl IntoIterator<Item = common::media::Packet<'static>>) {
        for packet in packets {
            self.sender.send(&mut self.world, &packet.bytes());
        }
    }

    fn sequences(&mut self) -> Vec<u16> {
        let received = self.receiver.take_rtp(&mut self.world);
        received
            .iter()
            .map(|packet| packet.rtp().sequence_number())
            .collect()
    }
}

#[test]
fn nothing_is_forwarded_before_a_key_frame_and_one_is_asked_for() {
    let mut call = call();
    call.send((10..15).map(|number| vp8(number, false)));
    assert_eq!(call.receiver.take_rtp(&mut call.world), []);
    assert_eq!(call.sender.take_plis(&mut call.world), [SSRC]);
    call.send([vp8(15, true), vp8(16, false)]);
    let received = call.receiver.take_rtp(&mut call.world);
    let payloads: Vec<_> = received
        .iter()
        .map(|packet| packet.rtp().payload().to_vec())
        .collect();
    assert_eq!(payloads, [vp8(15, true).payload, vp8(16, false).payload]);
}

#[test]
fn the_consumer_sees_its_own_numbers() {
    let mut call = call();
    call.send([vp8(10, true)]);
    let received = call.receiver.take_rtp(&mut call.world);
    let packet = received[0].rtp();
    assert_eq!(
        (packet.ssrc(), packet.payload_type(), packet.marker()),
        (5000, OUT_VP8, true)
    );
    assert_eq!(packet.extension(OUT_MID), Some(b"7".as_slice()));
    assert_eq!(packet.extension(OUT_TRANSPORT_CC), Some([0, 0].as_slice()));
    assert_eq!(
        packet.extension(OUT_ABS_SEND_TIME).map(<[u8]>::len),
        Some(3)
    );
}

#[test]
fn loss_stays_a_gap_and_the_late_packet_fills_it() {
    let mut call = call();
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
fn packets_of_padding_alone_leave_no_gap() {
    let mut call = call();
    let padding = common::media::Packet {
        payload: Vec::new(),
        padding: 200,
        ..vp8(11, false)
    };
    call.send([vp8(10, true), padding, vp8(12, false)]);
    let sequences = call.sequences();
    assert_eq!(sequences, [sequences[0], sequences[0] + 1]);
}

#[test]
fn padding_behind_a_payload_is_cut_off() {
    let mut call = call();
    call.send([common::media::Packet {
        padding: 50,
        ..vp8(10, true)
    }]);
    let received = call.receiver.take_rtp(&mut call.world);
    assert_eq!(received[0].rtp().padding_len(), 0);
    assert_eq!(received[0].rtp().payload(), vp8(10, true).payload);
}

#[test]
fn the_same_packet_twice_is_forwarded_once() {
    let mut call = call();
    call.send([vp8(10, true), vp8(11, false)]);
    // By RTX, so that replay protection does not see to it.
    call.send([common::media::rtx(&vp8(11, false), 500)]);
    assert_eq!(call.sequences().len(), 2);
}

#[test]
fn a_packet_that_comes_too_late_for_the_receivers_replay_window_is_dropped() {
    let mut call = call();
    call.send([vp8(10, true), vp8(2_000, false)]);
    call.sequences();
    // Behind the window of SRTP (1,024 packets) this would be taken for a replay.
    let late = common::media::Packet {
        sequence: 900,
        ..vp8(2_000, false)
    };
    call.send([common::media::rtx(&late, 1)]);
    assert_eq!(call.sequences(), []);
}

#[test]
fn an_rtx_probe_is_dropped() {
    let mut call = call();
    call.send([vp8(10, true)]);
    let empty = common::media::Packet {
        payload: Vec::new(),
        padding: 255,
        ..common::media::rtx(&vp8(11, false), 500)
    };
    let probe = common::media::Packet {
        payload: vec![0, 11],
        ..empty.clone()
    };
    call.send([empty, probe, vp8(11, false)]);
    let sequences = call.sequences();
    assert_eq!(sequences, [sequences[0], sequences[0] + 1]);
    let stats = call.world.producer_stats(hubbub_core::api::ProducerId(1));
    assert_eq!((stats.streams[0].packets, stats.streams[0].lost), (2, 0));
}

#[test]
fn a_pause_leaves_no_gap_and_ends_with_a_key_frame() {
    let mut call = call();
    let consumer = hubbub_core::api::ConsumerId(1);
    call.send([vp8(10, true), vp8(11, false)]);
    call.world.done(Command::PauseConsumer { consumer });
    call.send([vp8(12, false), vp8(13, false)]);
    call.world.advance(1000);
    call.sender.take(&mut call.world);
    call.world.done(Command::ResumeConsumer { consumer });
    assert_eq!(call.sender.take_plis(&mut call.world), [SSRC]);
    call.send([vp8(14, false), vp8(15, true)]);
    let sequences = call.sequences();
    assert_eq!(
        sequences,
        [sequences[0], sequences[0] + 1, sequences[0] + 2]
    );
}

#[test]
fn a_paused_producer_is_not_forwarded_and_not_asked_for_key_frames() {
    let mut call = call();
    let producer = hubbub_core::api::ProducerId(1);
    call.send([vp8(10, true)]);
    call.sequences();
    call.sender.take(&mut call.world);
    call.world.done(Command::PauseProducer { producer });
    call.send([vp8(11, false), vp8(12, true)]);
    call.world.advance(2000);
    assert_eq!(call.sequences(), []);
    assert_eq!(call.sender.take_plis(&mut call.world), []);
    call.world.done(Command::ResumeProducer { producer });
    assert_eq!(call.sender.take_plis(&mut call.world), [SSRC]);
}
