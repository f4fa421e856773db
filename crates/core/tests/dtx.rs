//! Discontinuous transmission (DTX) of opus costs nothing: silence is neither loss nor the end of a stream.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use hubbub_core::api::{EncodingSpec, Event, ProducerSpec};
use hubbub_netem::TransportCcReceiver;
use hubbub_wire::rtcp::RtcpPacket;

use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, World};

const CAMERA_OUT: u32 = 5000;
const MICROPHONE: u32 = 77;
const MICROPHONE_OUT: u32 = 6000;
const TICK_MS: u64 = 20;
/// Between two comfort packets of opus. On their way, some take up to 40 ms longer.
const COMFORT_MS: u64 = 400;
const SPEAKS_MS: u64 = 10_000;
const END_MS: u64 = 60_000;

/// What was seen after the speaker fell silent.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// Each second.
    estimates: Vec<Option<u64>>,
    padding: u64,
    nacked: usize,
    /// Without those on who speaks.
    events: Vec<Event>,
}

/// A call with video and audio for a minute. Returns also number and timestamp of each audio packet that was received.
fn call(is_silent_later: bool) -> (Seen, Vec<(u16, u32)>) {
    let mut world = World::with(World::following());
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let camera = produce(&mut world, sender.transport, 1, video());
    let mut spec = ProducerSpec {
        mid: Some("1".into()),
        encodings: vec![EncodingSpec {
            ssrc: Some(MICROPHONE),
            ..EncodingSpec::default()
        }],
        ..audio()
    };
    spec.codecs[0].nack = true;
    let microphone = produce(&mut world, sender.transport, 2, spec);
    let to = receiver.transport;
    consume_running(&mut world, to, camera, 1, video_consumer(CAMERA_OUT));
    let sound = audio_consumer(MICROPHONE_OUT);
    consume_running(&mut world, to, microphone, 2, sound);
    let mut feedback = TransportCcReceiver::new(world.now, None);

    let (mut seen, mut heard, mut sequence) = (Seen::default(), Vec::new(), 0);
    let mut padding_before = 0;
    for ms in (0..END_MS).step_by(TICK_MS as usize) {
        let is_silent = is_silent_later && ms >= SPEAKS_MS;
        let (nth, late) = (ms / COMFORT_MS, ms % COMFORT_MS);
        let is_comfort = late == nth % 3 * TICK_MS;
        if ms % 40 == 0 {
            let number = (ms / 40) as u16;
            let mut packet = vp8(number, number == 0);
            packet.payload.resize(1_000, 0);
            sender.send(&mut world, &packet.bytes());
        }
        if !is_silent || is_comfort {
            let (level, payload) = match is_silent {
                true => (&[127], vec![0x08, 0]),
                false => (&[25], vec![0x08; 90]),
            };
            let packet = Packet {
                ssrc: MICROPHONE,
                payload_type: OPUS,
                timestamp: (48 * if is_silent { ms - late } else { ms }) as u32,
                marker: false,
                extensions: vec![(AUDIO_LEVEL, level)],
                payload,
                ..vp8(sequence, false)
            };
            sequence += 1;
            sender.send(&mut world, &packet.bytes());
        }
        if ms.is_multiple_of(3_000) {
            sender.check(&mut world, true);
            receiver.check(&mut world, true);
        }
        world.advance(TICK_MS);
        let nacks = sender.take_rtcp(&mut world, |packet| match packet {
            RtcpPacket::Nack(nack) => Some(nack.lost().count()),
            _ => None,
        });
        for packet in receiver.take_rtp(&mut world) {
            let rtp = packet.rtp();
            if rtp.ssrc() == MICROPHONE_OUT {
                heard.push((rtp.sequence_number(), rtp.timestamp()));
            } else {
                let number = rtp.extension(OUT_TRANSPORT_CC).expect("a number");
                feedback.arrived(world.now, u16::from_be_bytes([number[0], number[1]]));
            }
        }
        if world.now >= feedback.due() {
            for packet in feedback.feedback(world.now) {
                receiver.send_rtcp_bytes(&mut world, &packet);
            }
        }
        let events = std::mem::take(&mut world.events);
        let stats = world.transport_stats(to);
        if ms < SPEAKS_MS {
            padding_before = stats.probation_bytes_sent;
            continue;
        }
        seen.padding = stats.probation_bytes_sent - padding_before;
        seen.nacked += nacks.iter().sum::<usize>();
        if ms.is_multiple_of(1_000) {
            seen.estimates.push(stats.available_outgoing_bitrate);
        }
        let on_speakers = |event: &Event| {
            matches!(
                event,
                Event::ActiveSpeaker { .. } | Event::AudioLevels { .. }
            )
        };
        seen.events
            .extend(events.into_iter().filter(|event| !on_speakers(event)));
    }
    (seen, heard)
}

#[test]
fn a_speaker_in_dtx_costs_neither_requests_nor_bandwidth_nor_events() {
    let (silent, heard) = call(true);
    let (speaking, _) = call(false);
    assert_eq!(silent, speaking);
    assert_eq!((silent.padding, silent.nacked), (0, 0));
    assert_eq!(silent.events, []);
    assert!(
        silent
            .estimates
            .iter()
            .all(|estimate| *estimate == silent.estimates[0])
    );
    // Nothing but what was sent: numbers without a gap, and the sender's times.
    let comfort = (END_MS - SPEAKS_MS) / COMFORT_MS;
    assert_eq!(heard.len() as u64, SPEAKS_MS / TICK_MS + comfort);
    for pair in heard.windows(2) {
        assert_eq!(pair[1].0.wrapping_sub(pair[0].0), 1);
        let step = pair[1].1.wrapping_sub(pair[0].1);
        assert!([20 * 48, 400 * 48].contains(&step), "{step}");
    }
}
