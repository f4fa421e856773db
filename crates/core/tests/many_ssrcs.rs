//! A client that uses hundreds of SSRCs over the lifetime of its transport.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::Command;
use hubbub_wire::rtcp::NackBuilder;

#[test]
fn a_simulcast_camera_that_is_turned_on_for_the_200th_time_has_all_layers() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    for turn in 1..=200u32 {
        let producer = produce(&mut world, sender.transport, turn.into(), simulcast());
        for (layer, rid) in (0..).zip([b"r0", b"r1", b"r2"]) {
            let ssrc = 10_000 + turn * 10 + layer * 2;
            let media = Packet {
                ssrc,
                extensions: vec![(MID, b"0"), (RID, rid)],
                ..vp8(1, true)
            };
            let repair = Packet {
                ssrc: ssrc + 1,
                extensions: vec![(MID, b"0"), (REPAIRED_RID, rid)],
                ..rtx(&vp8(2, false), 1)
            };
            sender.send(&mut world, &media.bytes());
            sender.send(&mut world, &repair.bytes());
        }
        let streams = world.producer_stats(producer).streams;
        let received: Vec<_> = streams
            .iter()
            .map(|stream| (stream.packets, stream.repaired))
            .collect();
        assert_eq!(received, [(2, 1); 3], "turn {turn}");
        world.execute(Command::CloseProducer { producer });
    }
    assert_eq!(world.transport_stats(sender.transport).srtp_errors, 0);
}

/// Firefox sends RTCP with an SSRC of its own for each received stream.
#[test]
fn the_1000th_sender_of_rtcp_is_answered() {
    let mut call = Call::video();
    for sender_ssrc in 1..=1_000u16 {
        call.send([vp8(sender_ssrc, sender_ssrc == 1)]);
        let lost = call.sequences();
        let nack = NackBuilder {
            sender_ssrc: sender_ssrc.into(),
            media_ssrc: OUT_SSRC,
            lost: &lost,
        };
        call.receiver.send_rtcp(&mut call.world, &nack);
        assert_eq!(call.received().len(), 1, "sender {sender_ssrc}");
        call.world.advance(20);
        if sender_ssrc % 100 == 0 {
            call.sender.check(&mut call.world, true);
            call.receiver.check(&mut call.world, true);
        }
    }
}
