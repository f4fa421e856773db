//! What the estimate of a link between two nodes is spent on.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{Command, ExtensionMapping, ProducerSpec};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_wire::ExtensionKind;

use crate::common::media::{Packet, layer_frame, vp8};
use crate::common::node_pipe::{NodePipe, carry_another, node_pipe_specs};
use crate::common::pipes::{PIPE, PIPE_SSRC, PIPED, PRODUCER, Pipe};
use crate::common::specs::*;
use crate::common::{Client, World};

const OUT: u32 = 5000;

/// A link whose estimate is always this, bit/s, with all encodings of two cameras wanted, and a microphone.
fn fixed(estimate: u64) -> (NodePipe, Client, Client) {
    let config = WorkerConfig {
        link_bitrate: Limits {
            min: estimate,
            initial: estimate,
            max: estimate,
        },
        ..World::config()
    };
    let mut pipe = NodePipe::with(config, simulcast());
    let second = Client::connected(&mut pipe.origin, 5);
    let speaker = Client::connected(&mut pipe.origin, 6);
    let all: [(_, _, fn() -> ProducerSpec, _); 2] = [
        (second.transport, 5, simulcast, 8000),
        (speaker.transport, 6, audio, 9000),
    ];
    for (transport, number, spec, first) in all {
        let producer = produce(&mut pipe.origin, transport, number, spec());
        let (spec, _) = node_pipe_specs(&spec());
        carry_another(&mut pipe.origin, producer, spec, first);
    }
    pipe.origin.execute(Command::SetPipedEncodings {
        consumer: PIPED,
        encodings: vec![true; 3],
    });
    (pipe, second, speaker)
}

/// The SSRCs that cross while all send for a second and a half.
fn crossing((mut pipe, mut second, mut speaker): (NodePipe, Client, Client)) -> Vec<u32> {
    for number in 0..50 {
        if number == 10 {
            pipe.to_far.sent.clear();
        }
        for layer in 0..3 {
            let frame = layer_frame(layer, number, number % 5 == 0);
            pipe.send([frame.clone()]);
            second.send(&mut pipe.origin, &frame.bytes());
        }
        let sound = Packet {
            payload_type: OPUS,
            ..vp8(number, false)
        };
        speaker.send(&mut pipe.origin, &sound.bytes());
        pipe.advance(30);
    }
    let mut ssrcs: Vec<_> = pipe
        .to_far
        .take_rtp()
        .iter()
        .map(|(ssrc, _)| *ssrc)
        .collect();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    ssrcs.retain(|ssrc| ssrc % 10 == 0);
    ssrcs
}

#[test]
fn the_lowest_encodings_of_all_come_first_and_audio_always() {
    // A frame has 100 bytes, so an encoding of 33 frames a second takes 30 kbit/s.
    let (video, other, sound) = (PIPE_SSRC, 8000, 9000);
    let all = [
        video,
        video + 10,
        video + 20,
        other,
        other + 10,
        other + 20,
        sound,
    ];
    assert_eq!(crossing(fixed(10_000_000)), all);
    let four = [video, video + 10, other, other + 10, sound];
    assert_eq!(crossing(fixed(125_000)), four);
    assert_eq!(crossing(fixed(65_000)), [video, other, sound]);
    assert_eq!(crossing(fixed(1_000)), [sound]);
}

#[test]
fn a_link_without_feedback_carries_what_is_wanted() {
    let mut pipe = NodePipe::with(
        WorkerConfig {
            link_bitrate: Limits {
                min: 1_000,
                initial: 1_000,
                max: 1_000,
            },
            ..World::config()
        },
        audio(),
    );
    let producer = produce(&mut pipe.origin, pipe.sender.transport, 7, {
        let mut spec = video_of(hubbub_codec::Codec::Vp8, 120, 3000);
        spec.mid = Some("7".into());
        spec
    });
    let (mut spec, _) = node_pipe_specs(&video());
    let is_feedback = |mapping: &ExtensionMapping| mapping.kind == ExtensionKind::TransportCc;
    spec.extensions.retain(|mapping| !is_feedback(mapping));
    carry_another(&mut pipe.origin, producer, spec, 8000);
    pipe.advance(100);
    pipe.send([Packet {
        ssrc: 3000,
        payload_type: 120,
        ..vp8(0, true)
    }]);
    assert_eq!(pipe.to_far.take_rtp(), [(8000, 0)]);
    let stats = pipe.origin.transport_stats(PIPE);
    assert_eq!(stats.available_outgoing_bitrate, None);
}

#[test]
fn a_paused_producer_takes_nothing_of_the_estimate() {
    let (mut pipe, second, speaker) = fixed(65_000);
    pipe.advance(100);
    pipe.origin
        .execute(Command::PauseProducer { producer: PRODUCER });
    let crossed = crossing((pipe, second, speaker));
    assert_eq!(crossed, [8000, 8010, 9000]);
}

#[test]
fn a_resumed_producer_crosses_with_its_first_key_frame() {
    let (mut pipe, _, _) = fixed(10_000_000);
    let frame = |number| layer_frame(0, number, true);
    pipe.send([frame(0)]);
    let producer = PRODUCER;
    pipe.origin.execute(Command::PauseProducer { producer });
    pipe.advance(200);
    pipe.origin.execute(Command::ResumeProducer { producer });
    pipe.to_far.sent.clear();
    pipe.send([frame(1)]);
    assert_eq!(pipe.to_far.take_rtp().len(), 1);
}

#[test]
fn retransmissions_take_a_quarter_of_the_estimate_at_most() {
    let (mut pipe, _, _) = fixed(125_000);
    let _viewer = pipe.watch(1, video_consumer(OUT));
    let mut number = 0;
    let mut send = |pipe: &mut NodePipe, count: u16, pause: u64| {
        for _ in 0..count {
            for layer in 0..3 {
                pipe.send([layer_frame(layer, number, number % 5 == 0)]);
            }
            number += 1;
            pipe.advance(pause);
        }
    };
    send(&mut pipe, 60, 30);
    pipe.to_far.loses = Box::new(|ssrc, _| ssrc == PIPE_SSRC);
    send(&mut pipe, 60, 0);
    pipe.to_far.loses = Box::new(|_, _| false);
    pipe.to_far.sent.clear();
    send(&mut pipe, 3, 5);
    let repaired = pipe.to_far.take_rtp();
    let repaired = repaired.iter().filter(|(ssrc, _)| *ssrc == PIPE_SSRC + 1);
    // Half a second's worth.
    let count = repaired.count();
    assert!((10..=25).contains(&count), "{count}");
}

#[test]
fn audio_is_never_left_out_whatever_it_carries() {
    let (mut pipe, _, speaker) = fixed(1_000);
    let producer = produce(&mut pipe.origin, speaker.transport, 7, {
        let mut spec = audio();
        spec.mid = Some("7".into());
        spec.encodings[0].ssrc = Some(3000);
        spec
    });
    // With RTX it can have transport-wide numbers.
    let (mut spec, _) = node_pipe_specs(&audio());
    spec.codecs[0].rtx_payload_type = Some(50);
    spec.extensions
        .push(extension(ExtensionKind::TransportCc, 12));
    spec.encodings[0].rtx_ssrc = Some(9501);
    carry_another(&mut pipe.origin, producer, spec, 9500);
    let mut speaker = speaker;
    let sound = Packet {
        ssrc: 3000,
        payload_type: OPUS,
        ..vp8(1, false)
    };
    pipe.to_far.sent.clear();
    speaker.send(&mut pipe.origin, &sound.bytes());
    pipe.carry();
    assert_eq!(pipe.to_far.take_rtp(), [(9500, 1)]);
}

#[test]
fn rings_are_not_estimated() {
    let config = WorkerConfig {
        link_bitrate: Limits {
            min: 1_000,
            initial: 1_000,
            max: 1_000,
        },
        ..World::config()
    };
    let mut ring = Pipe::with(config, video());
    let producer = produce(&mut ring.origin, ring.sender.transport, 7, {
        let mut spec = video_of(hubbub_codec::Codec::Vp8, 120, 3000);
        spec.mid = Some("7".into());
        spec
    });
    let (spec, _) = node_pipe_specs(&video());
    carry_another(&mut ring.origin, producer, spec, 8000);
    let stats = ring.origin.transport_stats(PIPE);
    assert_eq!(stats.max_outgoing_bitrate, None);
}
