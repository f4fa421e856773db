//! The loss in reports to a client: that of its own packets before repair, and for in-band FEC that of its receivers.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{Command, FeedbackKind, ProducerSpec};
use hubbub_wire::rtcp::{ReceiverReportBuilder, ReportBlock, RtcpPacket};

/// The reports that a client got since the last call.
#[derive(Default)]
struct Feedback {
    /// Fractions lost of the first stream, 1/256.
    fractions: Vec<u8>,
    bitrates: Vec<u64>,
    nacked: Vec<u16>,
}

fn take_feedback(client: &mut Client, world: &mut World) -> Feedback {
    let mut feedback = Feedback::default();
    let single = |packet: RtcpPacket<'_>| {
        Some(match packet {
            RtcpPacket::ReceiverReport(mut report) => Feedback {
                fractions: vec![report.blocks.next()?.fraction_lost],
                ..Feedback::default()
            },
            RtcpPacket::Remb(remb) => Feedback {
                bitrates: vec![remb.bitrate],
                ..Feedback::default()
            },
            RtcpPacket::Nack(nack) => Feedback {
                nacked: nack.lost().collect(),
                ..Feedback::default()
            },
            _ => return None,
        })
    };
    for part in client.take_rtcp(world, single) {
        feedback.fractions.extend(part.fractions);
        feedback.bitrates.extend(part.bitrates);
        feedback.nacked.extend(part.nacked);
    }
    feedback
}

fn with_remb(spec: ProducerSpec) -> ProducerSpec {
    ProducerSpec {
        feedback: FeedbackKind::GoogRemb,
        ..spec
    }
}

fn opus(ssrc: u32, number: u16) -> Packet<'static> {
    Packet {
        ssrc,
        payload_type: OPUS,
        timestamp: u32::from(number) * 960,
        payload: vec![number as u8; 90],
        ..vp8(number, false)
    }
}

#[test]
fn loss_that_rtx_repairs_is_reported_and_lowers_the_estimate() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    let producer = produce(&mut world, sender.transport, 1, with_remb(video()));
    let (mut fractions, mut bitrates, mut repairs) = (Vec::new(), Vec::new(), 0);
    for number in 0..1_000u16 {
        if number % 5 != 3 {
            let mut packet = vp8(number, number == 0);
            packet.payload.resize(500, 0);
            sender.send(&mut world, &packet.bytes());
        }
        world.advance(5);
        let feedback = take_feedback(&mut sender, &mut world);
        fractions.extend(feedback.fractions);
        bitrates.extend(feedback.bitrates);
        for lost in feedback.nacked {
            repairs += 1;
            sender.send(&mut world, &rtx(&vp8(lost, false), repairs).bytes());
        }
    }
    assert!(fractions.len() >= 4, "{} reports", fractions.len());
    // The first covers one packet. A fifth of 256 is 51.
    let others = &fractions[1..];
    assert!(
        others.iter().all(|fraction| (48..=54).contains(fraction)),
        "{fractions:?}"
    );
    let last = bitrates.last().expect("an estimate");
    // 0.64 Mbit/s arrive.
    assert!((300_000..1_000_000).contains(last), "{bitrates:?}");
    let lost = world.producer_stats(producer).streams[0].lost;
    assert!(lost <= 4, "{lost} packets were not repaired");
    // Without repair, a fifth lost gives 4 points; without loss it is 10.
    let samples = fractions.len() as u64;
    let points = world.worker.counters().media.score.sum;
    assert!((6 * samples..8 * samples).contains(&points), "{points}");
}

#[test]
fn a_lost_packet_of_sparse_audio_does_not_lower_the_estimate() {
    let mut world = World::new();
    let mut sender = Client::connected(&mut world, 1);
    produce(&mut world, sender.transport, 1, with_remb(video()));
    let mut sound = with_remb(audio());
    sound.mid = Some("1".into());
    sound.encodings[0].ssrc = Some(77);
    produce(&mut world, sender.transport, 2, sound);
    let mut bitrates = Vec::new();
    for number in 0..600u16 {
        sender.send(&mut world, &vp8(number, number == 0).bytes());
        // One packet of comfort noise in 400 ms; the ninth is lost.
        if number % 40 == 0 && number != 8 * 40 {
            sender.send(&mut world, &opus(77, number / 40).bytes());
        }
        world.advance(10);
        bitrates.extend(take_feedback(&mut sender, &mut world).bitrates);
    }
    assert!(bitrates.len() >= 5, "{} estimates", bitrates.len());
    assert!(
        bitrates.iter().all(|bitrate| *bitrate == 5_000_000),
        "{bitrates:?}"
    );
}

/// A call with opus.
fn audio_call(inband_fec: bool) -> Call {
    let mut spec = audio();
    spec.codecs[0].inband_fec = inband_fec;
    Call::new(spec, audio_consumer(OUT_SSRC))
}

/// Sends opus for `seconds`; the receiver reports `loss` at first. Returns the reports to the sender.
fn talk(call: &mut Call, first: u16, seconds: u16, loss: Option<u8>) -> Vec<u8> {
    if let Some(fraction_lost) = loss {
        report_loss(&mut call.world, &mut call.receiver, fraction_lost);
    }
    call.sender.take(&mut call.world);
    for number in first..first + seconds * 50 {
        call.send([opus(SSRC, number)]);
        call.world.advance(20);
        if number % 250 == 0 {
            call.sender.check(&mut call.world, true);
            call.receiver.check(&mut call.world, true);
        }
    }
    take_feedback(&mut call.sender, &mut call.world).fractions
}

fn report_loss(world: &mut World, receiver: &mut Client, fraction_lost: u8) {
    let block = ReportBlock {
        ssrc: OUT_SSRC,
        fraction_lost,
        ..ReportBlock::default()
    };
    receiver.send_rtcp(
        world,
        &ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        },
    );
}

#[test]
fn reports_to_a_sender_with_inband_fec_have_the_worst_loss_of_its_receivers() {
    let mut call = audio_call(true);
    let mut second = Client::connected(&mut call.world, 3);
    consume_running(
        &mut call.world,
        second.transport,
        call.producer,
        2,
        audio_consumer(OUT_SSRC),
    );
    report_loss(&mut call.world, &mut second, 51);
    assert_eq!(talk(&mut call, 0, 3, Some(20)), [51; 3]);
    // The metrics count its own loss.
    assert_eq!(call.world.worker.counters().media.loss_received.sum, 0);
}

#[test]
fn reports_to_a_sender_without_inband_fec_have_its_own_loss() {
    assert_eq!(talk(&mut audio_call(false), 0, 3, Some(51)), [0; 3]);
}

#[test]
fn the_loss_of_a_paused_or_silent_receiver_does_not_count() {
    let mut call = audio_call(true);
    let fractions = talk(&mut call, 0, 20, Some(51));
    assert_eq!((fractions[5], fractions[19]), (51, 0), "{fractions:?}");
    let consumer = call.consumer;
    call.world.execute(Command::PauseConsumer { consumer });
    assert_eq!(talk(&mut call, 1_000, 3, Some(51)), [0; 3]);
}

#[test]
fn the_senders_own_loss_counts_when_it_is_higher() {
    let mut call = audio_call(true);
    report_loss(&mut call.world, &mut call.receiver, 20);
    for number in (0..200).filter(|number| number % 4 != 1) {
        call.send([opus(SSRC, number)]);
        call.world.advance(20);
    }
    let fractions = take_feedback(&mut call.sender, &mut call.world).fractions;
    assert!(
        fractions[1..]
            .iter()
            .all(|fraction| (60..=70).contains(fraction)),
        "{fractions:?}"
    );
}
