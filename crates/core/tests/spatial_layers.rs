//! The layers that a consumer prefers of a stream with spatial layers: captures of VP9 and AV1 of a browser.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;

use crate::common::call::Call;
use crate::common::specs::*;
use crate::common::{Received, World};
use hubbub_codec::dependency_descriptor::DependencyReader;
use hubbub_codec::{Codec, Describer, FrameInfo, Layer};
use hubbub_core::api::{ConsumerSpec, Event};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

const VP9: &[u8] = include_bytes!("../../codec/tests/fixtures/vp9-svc-l3t3-key.rtpdump");
const AV1: &[u8] = include_bytes!("../../codec/tests/fixtures/av1-l3t3.rtpdump");

/// The positions of the third key frames in the captures.
const LAST_KEY: [(Codec, &[u8], usize); 2] = [(Codec::Vp9, VP9, 285), (Codec::Av1, AV1, 254)];

struct Replay {
    call: Call,
    describer: Describer,
    packets: Vec<RtpPacket<'static>>,
    /// What each packet of the capture says of its frame, by payload.
    frames: BTreeMap<Vec<u8>, FrameInfo>,
}

impl Replay {
    fn new(codec: Codec, capture: &'static [u8]) -> Self {
        Self::with(codec, capture, video_consumer_of(codec, 5000))
    }

    fn with(codec: Codec, capture: &'static [u8], consumer: ConsumerSpec) -> Self {
        let packets: Vec<_> = records(capture)
            .map(|record| RtpPacket::parse(record.data).expect("RTP"))
            .filter(|packet| !packet.payload().is_empty())
            .collect();
        let (ssrc, payload_type) = (packets[0].ssrc(), packets[0].payload_type());
        let call = Call::new(video_of(codec, payload_type, ssrc), consumer);
        Self {
            call,
            describer: Describer::new(codec),
            packets,
            frames: BTreeMap::new(),
        }
    }

    /// Sends these packets at once. Returns what the consumer got.
    fn send(&mut self, range: std::ops::Range<usize>) -> Vec<Received> {
        self.send_layers(range, 7, 0)
    }

    /// Sends those of these packets with spatial layers up to `highest`, this many milliseconds apart. Returns what the
    /// consumer got.
    fn send_layers(
        &mut self,
        range: std::ops::Range<usize>,
        highest: u8,
        interval: u64,
    ) -> Vec<Received> {
        let mut received = Vec::new();
        for packet in &self.packets[range] {
            let extension = packet.extension(DEPENDENCIES);
            let frame = self
                .describer
                .describe(packet.payload(), packet.marker(), extension)
                .expect("a frame");
            self.frames.insert(packet.payload().to_vec(), frame);
            if frame.spatial <= highest {
                self.call.sender.send(&mut self.call.world, packet.data());
                self.call.world.advance(interval);
                received.extend(self.call.received());
            }
        }
        received
    }

    fn frame(&self, packet: &Received) -> FrameInfo {
        self.frames[packet.rtp().payload()]
    }

    fn highest(&self, received: &[Received]) -> Layer {
        let frames = received.iter().map(|packet| self.frame(packet).layer());
        frames.fold(Layer::default(), Layer::at_least)
    }
}

fn assert_no_gap(received: &[Received]) {
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
    }
}

fn reported(world: &World) -> Vec<(u8, u8)> {
    let layers = world.events.iter().filter_map(|event| match event {
        Event::LayersChanged {
            spatial, temporal, ..
        } => Some((*spatial, *temporal)),
        _ => None,
    });
    layers.collect()
}

#[test]
fn every_picture_of_a_lower_spatial_layer_ends_with_a_marker() {
    for (codec, capture, _) in LAST_KEY {
        let mut replay = Replay::new(codec, capture);
        replay.call.prefer(1, None);
        let received = replay.send(0..200);
        assert_no_gap(&received);
        assert_eq!(replay.highest(&received).spatial, 1);
        for pair in received.windows(2) {
            let (one, two) = (pair[0].rtp(), pair[1].rtp());
            assert_eq!(
                one.marker(),
                two.timestamp() != one.timestamp(),
                "{codec:?}"
            );
        }
    }
}

#[test]
fn a_higher_spatial_layer_follows_a_key_frame_that_is_requested() {
    for (codec, capture, key) in LAST_KEY {
        let mut replay = Replay::new(codec, capture);
        replay.call.prefer(0, None);
        replay.send(0..100);
        replay.call.world.advance(1_000);
        replay.call.plis();
        replay.call.prefer(2, None);
        let until_key = replay.send(100..key);
        assert_eq!(replay.highest(&until_key).spatial, 0);
        assert_eq!(replay.call.plis().len(), 1, "{codec:?}");
        let after = replay.send(key..key + 40);
        assert_eq!(replay.highest(&after).spatial, 2);
        assert_no_gap(&[until_key, after].concat());
        assert_eq!(reported(&replay.call.world).last(), Some(&(2, 2)));
    }
}

#[test]
fn a_spatial_layer_that_stops_is_replaced_by_the_one_below() {
    let mut replay = Replay::new(Codec::Vp9, VP9);
    replay.call.prefer(2, None);
    replay.send_layers(0..100, 2, 5);
    replay.call.world.advance(1_000);
    replay.call.plis();
    replay.send_layers(100..285, 1, 10);
    assert!(!replay.call.plis().is_empty());
    let received = replay.send_layers(285..295, 1, 10);
    assert_eq!(replay.highest(&received).spatial, 1);
    assert_eq!(reported(&replay.call.world).last(), Some(&(1, 2)));
}

#[test]
fn av1_goes_down_at_once() {
    let mut replay = Replay::new(Codec::Av1, AV1);
    replay.send(0..100);
    replay.call.prefer(0, Some(0));
    let received = replay.send(110..200);
    assert_eq!(replay.highest(&received), Layer::default());
    assert_eq!(reported(&replay.call.world).last(), Some(&(0, 0)));
}

/// The active decode targets in each packet, and the number of decode targets.
fn active_targets(received: &[Received]) -> Vec<Option<u32>> {
    let mut reader = DependencyReader::new();
    let active = received.iter().map(|packet| {
        let rtp = packet.rtp();
        let extension = rtp.extension(OUT_DEPENDENCIES).expect("descriptor");
        reader
            .read(extension)
            .expect("descriptor")
            .active_decode_targets
    });
    active.collect()
}

#[test]
fn the_descriptor_says_which_targets_are_active() {
    let mut replay = Replay::new(Codec::Av1, AV1);
    replay.call.prefer(1, Some(1));
    let received = replay.send(0..100);
    for active in active_targets(&received) {
        assert_eq!(active.map(u32::count_ones), Some(4));
    }
    // Until the next start, also when all are active again.
    replay.call.prefer(u8::MAX, None);
    let received = [received, replay.send(100..290)].concat();
    let last = active_targets(&received).pop().flatten();
    assert_eq!(last.map(u32::count_ones), Some(9));
}

#[test]
fn the_descriptor_of_an_unlimited_consumer_is_that_of_the_sender() {
    let mut replay = Replay::new(Codec::Av1, AV1);
    let received = replay.send(0..100);
    assert_eq!(received.len(), 100);
    for (received, sent) in received.iter().zip(&replay.packets) {
        let received = received.rtp();
        assert_eq!(
            received.extension(OUT_DEPENDENCIES),
            sent.extension(DEPENDENCIES)
        );
    }
}

#[test]
fn a_repeat_has_the_descriptor_and_the_marker_of_the_first_copy() {
    for (codec, capture, _) in LAST_KEY {
        let mut replay = Replay::new(codec, capture);
        replay.call.prefer(1, Some(1));
        let mut first = replay.send(0..50);
        replay.call.prefer(0, Some(0));
        first.extend(replay.send(50..100));
        let lost: Vec<u16> = first
            .iter()
            .map(|packet| packet.rtp().sequence_number())
            .collect();
        replay.call.nack(&lost);
        let repeats = replay.call.received();
        assert_eq!(repeats.len(), first.len());
        for (repeat, first) in repeats.iter().zip(&first) {
            let (repeat, first) = (repeat.rtp(), first.rtp());
            assert_eq!(&repeat.payload()[2..], first.payload());
            assert_eq!(repeat.marker(), first.marker());
            assert_eq!(
                repeat.extension(OUT_DEPENDENCIES),
                first.extension(OUT_DEPENDENCIES)
            );
        }
    }
}

#[test]
fn without_rtx_the_descriptor_is_left_as_it_is() {
    let consumer = ConsumerSpec {
        rtx_ssrc: None,
        ..video_consumer_of(Codec::Av1, 5000)
    };
    let mut replay = Replay::with(Codec::Av1, AV1, consumer);
    replay.call.prefer(0, None);
    let received = replay.send(0..100);
    let limited = active_targets(&received);
    assert!(limited.iter().all(Option::is_none), "{limited:?}");
}
