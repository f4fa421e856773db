//! Pipes between two workers: what crosses, and what arrives behind them.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::WorkerConfig;
use hubbub_core::api::{Command, ConsumerId, Event, MediaKind};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{RtcpPacket, SenderInfo, SenderReportBuilder};
use hubbub_wire::rtp::RtpPacket;

use crate::common::media::{LAYER_SSRC, Packet, layer_frame, vp8};
use crate::common::pipes::{PIPE_SSRC, PIPED, PRODUCER, Pipe};
use crate::common::specs::*;
use crate::common::{Client, Received, World};

const OUT: u32 = 5000;
const NONE: [bool; 3] = [false; 3];

/// Viewers have less bandwidth than is assumed of an encoding that was never seen.
fn slow_links() -> WorkerConfig {
    World::with_estimate(600_000)
}

/// Sends frame `number` of the encodings that the client is asked for, and waits until the next one.
fn send_frame(pipe: &mut Pipe, number: u16, is_key_frame: bool) {
    pipe.send((0..3).map(|layer| layer_frame(layer, number, is_key_frame)));
    pipe.advance(33);
}

/// The encoding and number of the frames of [`send_frame`] that a viewer got.
fn frames(viewer: &mut Client, world: &mut World) -> Vec<(u16, u16)> {
    let frame = |packet: &Received| {
        let payload = packet.rtp().payload().to_vec();
        // `vp8_payload` ends with the picture id, which counts from 1000 times the encoding + 1.
        let id = u16::from_be_bytes([payload[payload.len() - 2], payload[payload.len() - 1]]);
        (id / 1000 - 1, id % 1000)
    };
    let packets = viewer.take_rtp(world);
    // Probes for bandwidth are padding or retransmissions.
    let media = packets
        .iter()
        .filter(|packet| packet.rtp().ssrc() == OUT && !packet.rtp().payload().is_empty());
    media.map(frame).collect()
}

fn opus(sequence: u16, level: &[u8; 1]) -> Packet<'_> {
    Packet {
        payload_type: OPUS,
        timestamp: u32::from(sequence) * 960,
        marker: false,
        extensions: vec![(AUDIO_LEVEL, level)],
        payload: vec![0xfc, sequence as u8, 1, 2, 3],
        ..vp8(sequence, false)
    }
}

fn report(ssrc: u32, ntp: u64, rtp_timestamp: u32) -> SenderReportBuilder<'static> {
    SenderReportBuilder {
        ssrc,
        info: SenderInfo {
            ntp: NtpTime(ntp),
            rtp_timestamp,
            ..SenderInfo::default()
        },
        blocks: &[],
    }
}

fn clocks(viewer: &mut Client, world: &mut World) -> Vec<SenderInfo> {
    viewer.take_rtcp(world, |packet| match packet {
        RtcpPacket::SenderReport(report) => Some(report.info),
        _ => None,
    })
}

#[test]
fn a_viewer_behind_a_pipe_gets_the_highest_encoding_and_only_that_crosses() {
    let mut pipe = Pipe::new(simulcast());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    for number in 0..100 {
        send_frame(&mut pipe, number, number % 30 == 0);
    }
    let got = frames(&mut viewer, &mut pipe.far);
    // From the first key frame on; it begins with the encoding that arrives first.
    assert!(got.len() >= 100, "{got:?}");
    assert!(got[10..].iter().all(|(encoding, _)| *encoding == 2));
    let numbers: Vec<_> = got[10..].iter().map(|(_, number)| *number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(pipe.wanted.last().unwrap(), &[false, false, true]);
    pipe.take_crossed();
    send_frame(&mut pipe, 100, false);
    assert_eq!(pipe.crossed_encodings(), [2]);
}

#[test]
fn a_viewer_behind_a_pipe_gets_the_highest_encoding_that_its_link_has_room_for() {
    let mut pipe = Pipe::with(slow_links(), simulcast());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    for number in 0..200 {
        send_frame(&mut pipe, number, number % 30 == 0);
    }
    let last = frames(&mut viewer, &mut pipe.far).pop().unwrap();
    assert_eq!(last, (2, 199));
    assert_eq!(pipe.wanted.last().unwrap(), &[false, false, true]);
}

#[test]
fn a_viewer_with_a_slow_link_sees_a_single_encoding_whenever_it_starts() {
    let mut pipe = Pipe::with(slow_links(), video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.advance(10_000);
    for number in 0..100 {
        pipe.send([vp8(number, number % 30 == 0)]);
        pipe.advance(33);
    }
    let got = viewer.take_rtp(&mut pipe.far);
    let media = got.iter().filter(|packet| packet.rtp().ssrc() == OUT);
    assert!(media.count() >= 60);
}

#[test]
fn a_lower_layer_crosses_when_it_is_wanted_and_the_higher_one_stops() {
    let mut pipe = Pipe::new(simulcast());
    let (mut viewer, consumer) = pipe.watch(1, video_consumer(OUT));
    for number in 0..100 {
        send_frame(&mut pipe, number, number % 30 == 0);
    }
    pipe.far.execute(Command::SetPreferredLayers {
        consumer,
        spatial: 1,
        temporal: None,
    });
    pipe.carry();
    assert_eq!(pipe.wanted.last().unwrap(), &[false, true, true], "at once");
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [LAYER_SSRC + 1]);
    frames(&mut viewer, &mut pipe.far);
    for number in 100..200 {
        send_frame(&mut pipe, number, number == 105);
    }
    assert_eq!(pipe.wanted.last().unwrap(), &[false, true, false]);
    let got = frames(&mut viewer, &mut pipe.far);
    let switched: Vec<_> = (100..105)
        .map(|n| (2, n))
        .chain((105..200).map(|n| (1, n)))
        .collect();
    assert_eq!(got, switched);
}

#[test]
fn nothing_crosses_that_nobody_wants() {
    let mut pipe = Pipe::new(simulcast());
    for number in 0..30 {
        send_frame(&mut pipe, number, number == 0);
    }
    assert_eq!((pipe.take_crossed().len(), pipe.wanted.len()), (0, 0));
    let (_viewer, consumer) = pipe.watch(1, video_consumer(OUT));
    assert_eq!(pipe.wanted, [[true, true, true]], "at once");
    for number in 30..90 {
        send_frame(&mut pipe, number, number % 30 == 0);
    }
    assert!(!pipe.take_crossed().is_empty());
    pipe.far.execute(Command::PauseConsumer { consumer });
    pipe.advance(1_900);
    assert_ne!(pipe.wanted.last().unwrap(), &NONE);
    pipe.advance(300);
    assert_eq!(pipe.wanted.last().unwrap(), &NONE);
    pipe.take_crossed();
    send_frame(&mut pipe, 90, true);
    assert_eq!(pipe.take_crossed(), []);
}

#[test]
fn what_a_pipe_sends_counts_as_received_at_the_origin() {
    let mut pipe = Pipe::new(simulcast());
    let asked = |pipe: &mut Pipe| {
        let events = std::mem::take(&mut pipe.origin.events);
        let asked = events.into_iter().filter_map(|event| match event {
            Event::LayersWanted { encodings, .. } => Some(encodings),
            _ => None,
        });
        asked.collect::<Vec<_>>()
    };
    for number in 0..100 {
        send_frame(&mut pipe, number, number == 0);
    }
    assert_eq!(asked(&mut pipe), [[true, false, false]]);
    let (_viewer, _) = pipe.watch(1, video_consumer(OUT));
    assert_eq!(asked(&mut pipe), [[true, true, true]]);
    for number in 100..200 {
        send_frame(&mut pipe, number, number % 30 == 0);
    }
    assert_eq!(asked(&mut pipe), [[true; 3]; 0], "the highest is wanted");
}

#[test]
fn each_viewer_gets_its_own_layer_of_one_pipe() {
    let mut pipe = Pipe::new(simulcast());
    let (mut high, _) = pipe.watch(1, video_consumer(OUT));
    let (mut low, consumer) = pipe.watch(2, video_consumer(OUT));
    pipe.far.execute(Command::SetPreferredLayers {
        consumer,
        spatial: 0,
        temporal: None,
    });
    for number in 0..100 {
        send_frame(&mut pipe, number, number % 20 == 0);
    }
    assert_eq!(pipe.wanted.last().unwrap(), &[true, false, true]);
    let last = |viewer: &mut Client, world: &mut World| frames(viewer, world).pop().unwrap();
    assert_eq!(last(&mut high, &mut pipe.far), (2, 99));
    assert_eq!(last(&mut low, &mut pipe.far), (0, 99));
}

#[test]
fn a_key_frame_is_requested_of_the_encoding_that_needs_one_only() {
    let mut pipe = Pipe::new(simulcast());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    for number in 0..100 {
        send_frame(&mut pipe, number, number % 20 == 0);
    }
    pipe.sender.take_plis(&mut pipe.origin);
    viewer.send_pli(&mut pipe.far, OUT);
    pipe.carry();
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [LAYER_SSRC + 2]);
}

#[test]
fn audio_crosses_with_its_levels() {
    let mut pipe = Pipe::new(audio());
    let (mut viewer, _) = pipe.watch(1, audio_consumer(OUT));
    for number in 0..50 {
        pipe.send([opus(number, &[25])]);
        pipe.advance(20);
    }
    let got = viewer.take_rtp(&mut pipe.far);
    assert_eq!(got.len(), 50);
    for (number, packet) in got.iter().enumerate() {
        let rtp = packet.rtp();
        assert_eq!(rtp.payload(), [0xfc, number as u8, 1, 2, 3]);
        assert_eq!(rtp.extension(OUT_AUDIO_LEVEL), Some(&[25][..]));
    }
    // Numbers and timestamps on the pipe are the sender's.
    for (number, datagram) in pipe.crossed.iter().enumerate() {
        let packet = RtpPacket::parse(datagram).unwrap();
        assert_eq!(packet.sequence_number(), number as u16);
        assert_eq!(packet.timestamp(), number as u32 * 960);
        assert_eq!(
            (packet.ssrc(), packet.payload_type()),
            (PIPE_SSRC, OUT_OPUS)
        );
    }
}

#[test]
fn speakers_are_detected_in_each_router_and_last_n_leaves_no_pipe_out() {
    let config = WorkerConfig {
        last_n_audio: 1,
        ..World::config()
    };
    let mut pipe = Pipe::with(config, audio());
    // Louder, so that the other one is not forwarded at the origin.
    let mut loud = Client::connected(&mut pipe.origin, 2);
    let mut spec = audio();
    spec.encodings[0].ssrc = Some(2000);
    produce(&mut pipe.origin, loud.transport, 9, spec);
    pipe.carry();
    assert_eq!(pipe.wanted, [[true]], "without a consumer");
    for number in 0..100 {
        let mut packet = opus(number, &[5]);
        packet.ssrc = 2000;
        loud.send(&mut pipe.origin, &packet.bytes());
        pipe.send([opus(number, &[30])]);
        pipe.advance(20);
    }
    assert_eq!(pipe.take_crossed().len(), 100);
    let speaker = pipe.far.events.iter().find_map(|event| match event {
        Event::ActiveSpeaker { speaker, .. } => Some(speaker.producer),
        _ => None,
    });
    assert_eq!(speaker, Some(PRODUCER));
}

#[test]
fn a_paused_producer_sends_nothing_and_resumes_with_a_key_frame() {
    let mut pipe = Pipe::new(video());
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.send((0..10).map(|number| vp8(number, number == 0)));
    pipe.advance(400);
    let producer = PRODUCER;
    pipe.origin.execute(Command::PauseProducer { producer });
    pipe.far.execute(Command::PauseProducer { producer });
    pipe.take_crossed();
    pipe.send((10..20).map(|number| vp8(number, false)));
    assert_eq!(pipe.take_crossed(), []);
    pipe.sender.take_plis(&mut pipe.origin);
    pipe.origin.execute(Command::ResumeProducer { producer });
    pipe.far.execute(Command::ResumeProducer { producer });
    pipe.carry();
    assert_eq!(pipe.sender.take_plis(&mut pipe.origin), [SSRC]);
    viewer.take_rtp(&mut pipe.far);
    pipe.send((20..30).map(|number| vp8(number, number == 25)));
    // The pause is no gap.
    let expected: Vec<_> = (10..15).map(|number| (PIPE_SSRC, number)).collect();
    assert_eq!(pipe.take_crossed(), expected);
    assert_eq!(viewer.take_rtp(&mut pipe.far).len(), 5);
    pipe.advance(100);
    assert_eq!(pipe.nacked, []);
}

#[test]
fn lip_sync_holds_behind_a_pipe() {
    for (spec, ssrc, ticks) in [(audio(), SSRC, 48_000), (video(), SSRC, 90_000)] {
        let kind = spec.kind;
        let mut pipe = Pipe::new(spec);
        let out = match kind {
            MediaKind::Audio => audio_consumer(OUT),
            MediaKind::Video => video_consumer(OUT),
        };
        let (mut viewer, _) = pipe.watch(1, out);
        // The client's clock is far from ours: 1,000 s is RTP timestamp 77.
        let clock = report(ssrc, 1_000 << 32, 77);
        let packet = |number: u16| match kind {
            MediaKind::Audio => opus(number, &[30]),
            MediaKind::Video => vp8(number, number == 0),
        };
        pipe.send([packet(0)]);
        pipe.sender.send_rtcp(&mut pipe.origin, &clock);
        for number in 1..150 {
            pipe.send([packet(number)]);
            pipe.advance(20);
        }
        let media = viewer.take(&mut pipe.far);
        let out_timestamp = media.0[0].rtp().timestamp();
        pipe.advance(1_100);
        let seen = clocks(&mut viewer, &mut pipe.far);
        assert!(!seen.is_empty());
        for info in seen {
            let seconds = (info.ntp.0 as f64 / 2f64.powi(32)) - 1_000.0;
            let offset = f64::from(info.rtp_timestamp.wrapping_sub(out_timestamp) as i32);
            // Packet 0 has timestamp 0, 77 ticks before the report's moment.
            let expected = seconds * f64::from(ticks) + 77.0;
            assert!((offset - expected).abs() < 90.0, "{offset} {expected}");
        }
    }
}

#[test]
fn a_new_stream_of_the_client_continues_on_the_pipe() {
    let mut spec = video();
    spec.encodings[0] = hubbub_core::api::EncodingSpec::default();
    let mut pipe = Pipe::new(spec);
    let (mut viewer, _) = pipe.watch(1, video_consumer(OUT));
    let packet = |ssrc: u32, number: u16, is_key: bool| Packet {
        ssrc,
        extensions: vec![(MID, b"0")],
        ..vp8(number, is_key)
    };
    pipe.send((500..510).map(|number| packet(50, number, number == 500)));
    pipe.advance(200);
    pipe.send((60_000..60_010).map(|number| packet(51, number, number == 60_002)));
    let numbers: Vec<_> = pipe
        .take_crossed()
        .iter()
        .map(|(_, number)| *number)
        .collect();
    assert_eq!(numbers, (500..518).collect::<Vec<_>>());
    let got = viewer.take_rtp(&mut pipe.far);
    assert_eq!(got.len(), 18);
    assert_eq!(pipe.nacked, []);
}

#[test]
fn who_joins_behind_a_pipe_sees_a_stream_that_stands_still() {
    let mut pipe = Pipe::new(video());
    let (mut first, consumer) = pipe.watch(1, video_consumer(OUT));
    pipe.send((0..3).map(|number| vp8(number, number == 0)));
    assert_eq!(first.take_rtp(&mut pipe.far).len(), 3);
    pipe.far.execute(Command::PauseConsumer { consumer });
    pipe.advance(3_000);
    assert_eq!(pipe.wanted.last().unwrap(), &[false]);
    // The picture changes while nobody behind the pipe watches.
    pipe.send((3..6).map(|number| vp8(number, number == 3)));
    pipe.advance(3_000);
    let (mut second, _) = pipe.watch(2, video_consumer(OUT));
    pipe.advance(500);
    let got = second.take_rtp(&mut pipe.far);
    let ids: Vec<_> = got
        .iter()
        .map(|packet| packet.rtp().payload().last().copied().unwrap())
        .collect();
    assert_eq!(ids, [3, 4, 5]);
}

#[test]
fn a_pipe_has_statistics() {
    let mut pipe = Pipe::new(video());
    let (_viewer, _) = pipe.watch(1, video_consumer(OUT));
    pipe.send((0..10).map(|number| vp8(number, number == 0)));
    pipe.advance(2_100);
    let stats = pipe.origin.consumer_stats(PIPED);
    assert_eq!((stats.ssrc, stats.packets), (PIPE_SSRC, 10));
    let far = pipe.far.producer_stats(PRODUCER);
    assert_eq!((far.streams[0].packets, far.streams[0].lost), (10, 0));
    let scored = pipe
        .far
        .events
        .iter()
        .any(|event| matches!(event, Event::ProducerScore { .. }));
    assert!(!scored, "the origin scores it");
    assert_eq!(pipe.far.consumer_stats(ConsumerId(1)).packets, 10);
}
