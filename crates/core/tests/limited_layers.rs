//! The layers that a client receives while its bandwidth, or what it prefers, changes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use crate::common::Received;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, Packet, vp8};
use crate::common::specs::*;
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_core::api::{ConsumerSpec, EncodingSpec, Event, ExtensionMapping, FeedbackKind};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtcp::RembBuilder;

/// Bytes of a frame of each encoding; there are 30 in a second. A quarter of them are of the lowest temporal layer, and a
/// quarter of the middle one.
const BYTES: [usize; 2] = [200, 1_200];
/// Temporal layer and Y bit of each frame of a group, as libvpx orders three layers.
const PATTERN: [(u8, bool); 4] = [(0, false), (2, true), (1, true), (2, false)];
/// Bitrates at which everything, the lower encoding, and nothing fits.
const ALL: u64 = 10_000_000;
const LOWER: u64 = 60_000;
const NOTHING: u64 = 2_000;
/// Of the lower encoding, the lowest temporal layer fits.
const LOWEST: u64 = 20_000;
/// Of the higher encoding, all but the highest temporal layer fits.
const MIDDLE: u64 = 230_000;

fn packet(encoding: u16, number: u16, is_key_frame: bool) -> Packet<'static> {
    const RIDS: [&[u8]; 2] = [b"r0", b"r1"];
    let (temporal, sync) = match is_key_frame {
        true => (0, false),
        false => PATTERN[usize::from(number) % 4],
    };
    let [high, low] = (number | 0x8000).to_be_bytes();
    // I, L, T, K; KEYIDX 3.
    let layer = temporal << 6 | u8::from(sync) << 5 | 3;
    let tag = u8::from(!is_key_frame);
    let mut payload = vec![0x90, 0xf0, high, low, (number / 4) as u8, layer, tag];
    payload.extend([0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
    payload.push(encoding as u8);
    payload.resize(BYTES[usize::from(encoding)], 0);
    Packet {
        ssrc: LAYER_SSRC + u32::from(encoding),
        sequence: 10_000 * encoding + number,
        timestamp: u32::from(number) * 3_000 + u32::from(encoding) * 1_000_000,
        extensions: vec![(MID, b"0"), (RID, RIDS[usize::from(encoding)])],
        payload,
        ..vp8(0, is_key_frame)
    }
}

/// Encoding and temporal layer.
fn layer(packet: &Received) -> (u8, u8) {
    let rtp = packet.rtp();
    let descriptor = Vp8Descriptor::parse(rtp.payload()).expect("VP8");
    (rtp.payload()[14], descriptor.temporal.expect("TID"))
}

fn layers(received: &[Received]) -> Vec<(u8, u8)> {
    let mut layers: Vec<_> = received.iter().map(layer).collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}

/// A client sends two encodings of three temporal layers each to one that says by REMB what it can receive.
struct Limited {
    call: Call,
    /// The encodings that are sent.
    encodings: Vec<u16>,
    number: u16,
    events: Vec<Event>,
}

impl Limited {
    fn new() -> Self {
        Self::announcing(2)
    }

    /// The client says that it may send this many encodings.
    fn announcing(encodings: usize) -> Self {
        let mut producer = simulcast();
        let encoding = |number| EncodingSpec {
            rid: Some(format!("r{number}")),
            ..EncodingSpec::default()
        };
        producer.encodings = (0..encodings).map(encoding).collect();
        let consumer = video_consumer(OUT_SSRC);
        let is_other = |one: &&ExtensionMapping| one.kind != ExtensionKind::TransportCc;
        let extensions = consumer.extensions.iter().filter(is_other).cloned();
        let consumer = ConsumerSpec {
            extensions: extensions.collect(),
            feedback: FeedbackKind::GoogRemb,
            ..consumer
        };
        let config = WorkerConfig {
            outgoing_bitrate: Limits {
                min: 1_000,
                initial: ALL,
                max: ALL,
            },
            ..WorkerConfig::default()
        };
        Self {
            call: Call::with(config, producer, consumer),
            encodings: vec![0, 1],
            number: 0,
            events: Vec::new(),
        }
    }

    /// The receiver gets everything.
    fn running() -> Self {
        let mut limited = Self::new();
        limited.send(100, &[0, 1]);
        assert_eq!(limited.layers(), [(1, 0), (1, 1), (1, 2)]);
        limited.events.clear();
        limited
    }

    /// Sends this many frames of each encoding; the first is a key frame of `keys`.
    fn send(&mut self, count: u16, keys: &[u16]) {
        for index in 0..count {
            for encoding in self.encodings.clone() {
                let is_key = index == 0 && keys.contains(&encoding);
                self.call.send([packet(encoding, self.number, is_key)]);
            }
            self.number += 1;
            self.call.world.advance(33);
            self.events.append(&mut self.call.world.events);
            if self.number.is_multiple_of(100) {
                self.call.sender.check(&mut self.call.world, true);
                self.call.receiver.check(&mut self.call.world, true);
            }
        }
    }

    /// The receiver can receive this many bit/s.
    fn remb(&mut self, bitrate: u64) {
        let remb = RembBuilder {
            sender_ssrc: 1,
            bitrate,
            ssrcs: &[OUT_SSRC],
        };
        self.call.receiver.send_rtcp(&mut self.call.world, &remb);
    }

    /// The layers that the receiver got at the end of what it got since the last call.
    fn layers(&mut self) -> Vec<(u8, u8)> {
        let received = self.call.received();
        layers(&received[received.len().saturating_sub(20)..])
    }

    /// The pauses for lack of bandwidth that began and ended since the last call.
    fn pauses(&mut self) -> Vec<bool> {
        let events = self.events.drain(..);
        let pauses = events.filter_map(|event| match event {
            Event::BandwidthPause { paused, .. } => Some(paused),
            _ => None,
        });
        pauses.collect()
    }
}

#[test]
fn until_a_lower_encoding_starts_the_higher_one_is_thinned_out_and_not_repaired() {
    let mut limited = Limited::running();
    limited.remb(LOWER);
    limited.call.received();
    limited.send(40, &[]);
    let received = limited.call.received();
    assert_eq!(received.len(), 10);
    assert_eq!(layers(&received), [(1, 0)]);
    let lost = received[9].rtp().sequence_number();
    limited.call.nack(&[lost]);
    assert_eq!(limited.call.received(), []);
    limited.send(40, &[0]);
    assert_eq!(limited.layers(), [(0, 0), (0, 1), (0, 2)]);
}

#[test]
fn what_is_lost_of_the_encoding_that_bandwidth_allows_is_repeated() {
    let mut limited = Limited::running();
    limited.remb(LOWER);
    limited.send(40, &[0]);
    let received = limited.call.received();
    let lost = received[received.len() - 1].rtp().sequence_number();
    limited.call.nack(&[lost]);
    assert_eq!(limited.call.received().len(), 1);
}

#[test]
fn until_a_higher_encoding_starts_the_lower_one_keeps_all_its_temporal_layers() {
    let mut limited = Limited::running();
    limited.remb(LOWER);
    limited.send(40, &[0]);
    limited.call.plis();
    limited.remb(MIDDLE);
    for _ in 0..20 {
        limited.send(20, &[]);
        assert_eq!(limited.layers(), [(0, 0), (0, 1), (0, 2)]);
    }
    limited.send(40, &[1]);
    assert_eq!(limited.layers(), [(1, 0), (1, 1)]);
}

#[test]
fn the_control_plane_learns_once_of_each_pause_for_lack_of_bandwidth() {
    let mut limited = Limited::running();
    limited.remb(NOTHING);
    limited.send(200, &[]);
    assert_eq!(limited.pauses(), [true]);
    limited.remb(ALL);
    limited.send(200, &[]);
    assert_eq!(limited.pauses(), [false]);
}

#[test]
fn after_a_pause_for_lack_of_bandwidth_a_stream_starts_with_a_key_frame() {
    let mut limited = Limited::running();
    limited.remb(NOTHING);
    limited.send(200, &[]);
    limited.remb(ALL);
    limited.call.received();
    limited.send(100, &[]);
    assert_eq!(limited.call.received(), []);
    limited.events.clear();
    limited.send(20, &[1]);
    assert_eq!(limited.call.received().len(), 20);
    let told = |event: &Event| matches!(event, Event::LayersChanged { .. });
    assert!(limited.events.iter().any(told));
}

#[test]
fn bandwidth_limits_a_client_that_prefers_few_layers_as_well() {
    let mut limited = Limited::running();
    limited.call.prefer(1, Some(1));
    limited.remb(LOWER);
    limited.send(40, &[0]);
    assert_eq!(limited.layers(), [(0, 0), (0, 1)]);
}

#[test]
fn an_encoding_that_was_never_seen_does_not_start_without_room_for_it() {
    let mut limited = Limited::new();
    limited.encodings = vec![0];
    limited.remb(1_000_000);
    limited.send(40, &[0]);
    limited.encodings = vec![0, 1];
    limited.send(2, &[1]);
    assert_eq!(limited.layers(), [(0, 0), (0, 1), (0, 2)]);
}

#[test]
fn of_four_encodings_single_temporal_layers_may_fit() {
    let mut limited = Limited::announcing(4);
    limited.send(100, &[0, 1]);
    limited.remb(LOWEST);
    limited.send(40, &[0]);
    limited.call.received();
    limited.send(40, &[]);
    assert_eq!(limited.layers(), [(0, 0)]);
}
