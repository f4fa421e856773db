//! Loss before a pipe and on it: each packet arrives once, and only the side that lost it asks for it.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use hubbub_wire::rtcp::RtcpPacket;

use crate::common::media::{Packet, layer_frame, rtx, vp8};
use crate::common::pipes::{PIPE_SSRC, PIPED, PRODUCER, Pipe};
use crate::common::specs::*;
use crate::common::{Client, World};

const OUT: u32 = 5000;

/// The payloads that a viewer got, by number; fails if one came twice.
fn collect(viewer: &mut Client, world: &mut World, got: &mut BTreeMap<u16, Vec<u8>>) {
    for packet in viewer.take_rtp(world) {
        let packet = packet.rtp();
        let before = got.insert(packet.sequence_number(), packet.payload().to_vec());
        assert_eq!(before, None, "{} came twice", packet.sequence_number());
    }
}

#[test]
fn what_a_full_ring_drops_is_repaired_by_the_origin() {
    let mut pipe = Pipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    let mut count = 0;
    pipe.loses = Box::new(move |_| {
        count += 1;
        count % 7 == 3
    });
    let mut got = BTreeMap::new();
    for number in 0..200 {
        pipe.send([vp8(number, number == 0)]);
        pipe.advance(20);
        collect(&mut viewer, &mut pipe.far, &mut got);
    }
    pipe.advance(300);
    collect(&mut viewer, &mut pipe.far, &mut got);
    let sent: Vec<_> = (0..200)
        .map(|number| vp8(number, number == 0).payload)
        .collect();
    let arrived: Vec<_> = got.into_values().collect();
    assert!(arrived.len() >= 198, "{} of 200", arrived.len());
    assert_eq!(arrived, sent[..arrived.len()]);
    assert!(pipe.nacked.len() > 20);
    let stats = pipe.origin.consumer_stats(PIPED);
    assert!(stats.retransmitted >= pipe.nacked.len() as u64 - 2);
    assert_eq!((stats.packets, stats.nack_misses), (200, 0));
    // The client has lost nothing and is asked for nothing.
    let asked = pipe
        .sender
        .take_rtcp(&mut pipe.origin, |packet| match packet {
            RtcpPacket::Nack(nack) => Some(nack.media_ssrc),
            _ => None,
        });
    assert_eq!(asked, []);
}

#[test]
fn audio_without_rtx_is_repaired_by_a_copy() {
    let mut spec = audio();
    spec.codecs[0].nack = true;
    let mut pipe = Pipe::new(spec);
    // The far side of the pipe asks for audio, too.
    pipe.far
        .execute(hubbub_core::api::Command::CloseProducer { producer: PRODUCER });
    let (_, mut piped) = crate::common::pipes::pipe_specs(&audio());
    piped.codecs[0].nack = true;
    produce(&mut pipe.far, crate::common::pipes::PIPE, PRODUCER.0, piped);
    let (mut viewer, _) = pipe.watch(1, audio_consumer(OUT));
    let mut dropped = false;
    pipe.loses = Box::new(move |packet| {
        packet.sequence_number() == 5 && !std::mem::replace(&mut dropped, true)
    });
    let mut got = BTreeMap::new();
    for number in 0..20u16 {
        pipe.send([Packet {
            payload_type: OPUS,
            payload: vec![0xfc, number as u8],
            timestamp: u32::from(number) * 960,
            ..vp8(number, false)
        }]);
        pipe.advance(20);
        collect(&mut viewer, &mut pipe.far, &mut got);
    }
    assert_eq!(got.len(), 20);
    assert_eq!(pipe.nacked, [5]);
}

#[test]
fn what_the_client_repairs_late_crosses_late_and_once() {
    let mut pipe = Pipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    let mut got = BTreeMap::new();
    for number in (0..20).filter(|number| *number != 7) {
        pipe.send([vp8(number, number == 0)]);
        pipe.advance(20);
    }
    pipe.send([rtx(&vp8(7, false), 1)]);
    // Twice: the client answers two NACKs, and the late original comes as well.
    pipe.send([rtx(&vp8(7, false), 2), vp8(7, false)]);
    pipe.advance(100);
    collect(&mut viewer, &mut pipe.far, &mut got);
    let sent: Vec<_> = (0..20)
        .map(|number| vp8(number, number == 0).payload)
        .collect();
    assert_eq!(got.into_values().collect::<Vec<_>>(), sent);
    let crossed: Vec<_> = pipe.take_crossed();
    let expected: Vec<_> = (0..20)
        .filter(|number| *number != 7)
        .chain([7])
        .map(|number| (PIPE_SSRC, number))
        .collect();
    assert_eq!(crossed, expected, "the gap is not closed up");
    assert_eq!(pipe.origin.consumer_stats(PIPED).retransmitted, 0);
}

#[test]
fn padding_is_no_loss_behind_a_pipe() {
    let mut pipe = Pipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    let padding = Packet {
        payload: Vec::new(),
        padding: 200,
        ..vp8(3, false)
    };
    pipe.send((0..3).map(|number| vp8(number, number == 0)));
    pipe.send([padding]);
    pipe.send((4..8).map(|number| vp8(number, false)));
    pipe.advance(100);
    assert_eq!(pipe.nacked, []);
    let numbers: Vec<_> = viewer
        .take_rtp(&mut pipe.far)
        .iter()
        .map(|packet| packet.rtp().sequence_number())
        .collect();
    assert_eq!(numbers.len(), 7);
    assert!(
        numbers
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
    assert_eq!(pipe.far.producer_stats(PRODUCER).streams[0].lost, 0);
}

#[test]
fn a_key_frame_that_was_repaired_starts_with_what_has_overtaken_it() {
    let mut pipe = Pipe::new(video());
    pipe.send((0..10).map(|number| vp8(number, number == 0)));
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.send((11..14).map(|number| vp8(number, false)));
    assert_eq!(pipe.take_crossed(), [], "no key frame yet");
    pipe.send([rtx(&vp8(10, true), 1)]);
    let expected: Vec<_> = (10..14).map(|number| (PIPE_SSRC, number)).collect();
    assert_eq!(pipe.take_crossed(), expected);
    assert_eq!(viewer.take_rtp(&mut pipe.far).len(), 4);
}

#[test]
fn the_loss_of_viewers_behind_a_pipe_is_told_to_a_client_with_in_band_fec() {
    let mut pipe = Pipe::new(audio());
    let (mut viewer, _) = pipe.watch(1, audio_consumer(OUT));
    let mut told = 0;
    for number in 0..250u16 {
        pipe.send([Packet {
            payload_type: OPUS,
            payload: vec![0xfc, 1, 2],
            timestamp: u32::from(number) * 960,
            ..vp8(number, false)
        }]);
        let block = hubbub_wire::rtcp::ReportBlock {
            ssrc: OUT,
            fraction_lost: 51,
            ..Default::default()
        };
        let report = hubbub_wire::rtcp::ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        };
        viewer.send_rtcp(&mut pipe.far, &report);
        pipe.advance(20);
        let lost = pipe
            .sender
            .take_rtcp(&mut pipe.origin, |packet| match packet {
                RtcpPacket::ReceiverReport(report) => {
                    report.blocks.map(|block| block.fraction_lost).max()
                }
                _ => None,
            });
        told = lost.into_iter().max().unwrap_or(told);
    }
    assert_eq!(told, 51);
}

#[test]
fn a_viewer_gets_a_lower_encoding_when_the_client_stops_its_higher_one() {
    let mut pipe = Pipe::new(simulcast());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    for number in 0..200 {
        let layers = if number < 100 { 3 } else { 2 };
        let is_key_frame = number % 10 == 0;
        pipe.send((0..layers).map(|layer| layer_frame(layer, number, is_key_frame)));
        pipe.advance(33);
        if number == 99 {
            assert_eq!(pipe.wanted.last().unwrap(), &[false, false, true]);
            viewer.take_rtp(&mut pipe.far);
        }
    }
    // The time to see that it has stopped, and the next key frame of the lower one.
    let got = viewer.take_rtp(&mut pipe.far).len();
    assert!(got >= 60, "{got}");
}
