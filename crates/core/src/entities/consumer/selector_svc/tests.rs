use hubbub_codec::{Codec, Describer};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::testdata::records;

use super::*;

const VP8: &[u8] = include_bytes!("../../../../../codec/tests/fixtures/vp8-simulcast.rtpdump");
const VP9_KEY: &[u8] =
    include_bytes!("../../../../../codec/tests/fixtures/vp9-svc-l3t3-key.rtpdump");
const AV1: &[u8] = include_bytes!("../../../../../codec/tests/fixtures/av1-l3t3.rtpdump");
const DEPENDENCIES: u8 = 13;

const fn layer(spatial: u8, temporal: u8) -> Layer {
    Layer { spatial, temporal }
}

/// The packets of the first stream of a capture, numbered from 1.
fn frames(codec: Codec, capture: &[u8]) -> Vec<(u64, FrameInfo)> {
    let mut describer = Describer::new(codec);
    let packets: Vec<_> = records(capture)
        .map(|record| RtpPacket::parse(record.data).unwrap())
        .collect();
    let ssrc = packets[0].ssrc();
    let media = packets
        .iter()
        .filter(|packet| packet.ssrc() == ssrc && !packet.payload().is_empty());
    let described = media.map(|packet| {
        let extension = packet.extension(DEPENDENCIES);
        describer
            .describe(packet.payload(), packet.marker(), extension)
            .unwrap()
    });
    (1..).zip(described).collect()
}

/// Feeds frames. Returns the highest layers of those that were forwarded, and how many packets.
fn feed(selector: &mut SvcSelector, frames: &[(u64, FrameInfo)]) -> (Layer, usize) {
    let forwarded: Vec<_> = frames
        .iter()
        .filter(|(number, frame)| selector.select(*number, frame, u8::MAX))
        .collect();
    let highest = layer(
        forwarded
            .iter()
            .map(|(_, frame)| frame.spatial)
            .max()
            .unwrap_or_default(),
        forwarded
            .iter()
            .map(|(_, frame)| frame.temporal)
            .max()
            .unwrap_or_default(),
    );
    (highest, forwarded.len())
}

fn started(wanted: Layer) -> SvcSelector {
    let mut selector = SvcSelector::new();
    selector.want(wanted);
    selector.start(1);
    selector
}

/// Positions of packets that start key frames.
fn keys(frames: &[(u64, FrameInfo)]) -> Vec<usize> {
    (0..frames.len())
        .filter(|at| frames[*at].1.key_frame())
        .collect()
}

#[test]
fn without_a_limit_what_the_highest_layers_need_is_forwarded() {
    for (codec, capture) in [(Codec::Vp8, VP8), (Codec::Vp9, VP9_KEY), (Codec::Av1, AV1)] {
        let frames = frames(codec, capture);
        let needed = frames
            .iter()
            .filter(|(_, frame)| frame.targets.contains(Layer::TOP))
            .count();
        // In VP9's K-SVC, the highest layer refers to lower ones in key frames only.
        assert_eq!(needed < frames.len(), codec == Codec::Vp9);
        let mut selector = SvcSelector::new();
        assert_eq!(feed(&mut selector, &frames).1, needed);
        assert_eq!(selector.target(), Layer::TOP);
    }
}

#[test]
fn temporal_layers_are_dropped_from_the_next_frame_on() {
    for (codec, capture, top) in [
        (Codec::Vp8, VP8, 0),
        (Codec::Vp9, VP9_KEY, 2),
        (Codec::Av1, AV1, 2),
    ] {
        let frames = frames(codec, capture);
        let mut selector = started(Layer::TOP);
        let (before, after) = frames.split_at(frames.len() / 2);
        feed(&mut selector, before);
        selector.want(layer(3, 0));
        let start = after.iter().position(|(_, frame)| frame.start_of_frame());
        // The frame that was under way is completed.
        let (rest, after) = after.split_at(start.unwrap());
        assert_eq!(feed(&mut selector, rest).1, rest.len());
        let is_needed = |(_, frame): &&(u64, FrameInfo)| frame.targets.contains(layer(3, 0));
        let needed = after.iter().filter(is_needed).count();
        assert_eq!(feed(&mut selector, after), (layer(top, 0), needed));
    }
}

#[test]
fn a_temporal_layer_returns_at_a_frame_that_refers_to_nothing_that_was_dropped() {
    for (codec, capture) in [(Codec::Vp8, VP8), (Codec::Vp9, VP9_KEY), (Codec::Av1, AV1)] {
        let frames = frames(codec, capture);
        let last_key = *keys(&frames).last().unwrap();
        let mut selector = started(layer(3, 0));
        // Well after a key frame.
        let (before, after) = frames.split_at(last_key / 2);
        feed(&mut selector, before);
        selector.want(Layer::TOP);
        let until_key = &after[..last_key - last_key / 2];
        assert_eq!(feed(&mut selector, until_key).0.temporal, 2, "{codec:?}");
        let first = until_key.iter().find(|(number, frame)| {
            frame.temporal > 0
                && selector
                    .target_at(*number)
                    .is_some_and(|at| at.temporal > 0)
        });
        let (_, frame) = first.unwrap();
        let has_sync = frame.layer_sync() || codec == Codec::Av1;
        assert!(frame.start_of_frame() && has_sync, "{codec:?}: {frame:?}");
    }
}

#[test]
fn vp8_returns_to_its_highest_temporal_layer_by_the_one_below() {
    let frames = frames(Codec::Vp8, VP8);
    let mut selector = started(layer(3, 0));
    let (before, after) = frames.split_at(10);
    feed(&mut selector, before);
    selector.want(Layer::TOP);
    let mut temporals = Vec::new();
    for (number, frame) in after {
        if selector.select(*number, frame, u8::MAX) && temporals.last() != Some(&frame.temporal) {
            temporals.push(frame.temporal);
        }
    }
    // The frame of layer 2 before the first of layer 1 is dropped, although it is a sync frame.
    assert_eq!(temporals[..6], [0, 1, 0, 1, 0, 2], "{temporals:?}");
}

#[test]
fn an_upper_spatial_layer_needs_no_other_between_key_frames_of_vp9() {
    let frames = frames(Codec::Vp9, VP9_KEY);
    let mut selector = started(layer(2, 2));
    let mut is_key_picture = false;
    for (number, frame) in &frames {
        if frame.spatial == 0 && frame.start_of_frame() {
            is_key_picture = frame.key_frame();
        }
        let is_selected = selector.select(*number, frame, u8::MAX);
        assert_eq!(is_selected, is_key_picture || frame.spatial == 2);
    }
}

#[test]
fn spatial_layers_of_vp9_change_at_key_frames_only() {
    let frames = frames(Codec::Vp9, VP9_KEY);
    let last_key = *keys(&frames).last().unwrap();
    for (from, to) in [(0, 2), (2, 0), (2, 1)] {
        let mut selector = started(layer(from, 2));
        let (before, after) = frames.split_at(100);
        feed(&mut selector, before);
        selector.want(layer(to, 2));
        let (until_key, after_key) = after.split_at(last_key - 100);
        feed(&mut selector, until_key);
        assert_eq!(selector.target().spatial, from);
        assert!(selector.awaits_key_frame());
        feed(&mut selector, after_key);
        assert_eq!(selector.target().spatial, to);
        assert!(!selector.awaits_key_frame());
    }
}

#[test]
fn av1_goes_down_at_once_and_up_at_a_key_frame() {
    let frames = frames(Codec::Av1, AV1);
    let last_key = *keys(&frames).last().unwrap();
    let mut selector = started(layer(2, 2));
    feed(&mut selector, &frames[..100]);
    selector.want(layer(0, 2));
    assert_eq!(feed(&mut selector, &frames[110..150]).0.spatial, 0);
    assert!(!selector.awaits_key_frame());
    selector.want(layer(2, 2));
    assert_eq!(feed(&mut selector, &frames[150..last_key]).0.spatial, 0);
    assert!(selector.awaits_key_frame());
    assert_eq!(feed(&mut selector, &frames[last_key..]).0.spatial, 2);
}

#[test]
fn a_late_packet_gets_the_choice_of_its_frame() {
    let frames = frames(Codec::Vp8, VP8);
    let first = |temporal| {
        let of_layer =
            |(_, frame): &&(u64, FrameInfo)| frame.start_of_frame() && frame.temporal == temporal;
        frames.iter().find(of_layer).unwrap().1
    };
    let (base, upper) = (first(0), first(2));
    let mut selector = started(Layer::TOP);
    assert!(selector.select(1, &base, u8::MAX));
    assert!(selector.select(2, &upper, u8::MAX));
    selector.want(layer(3, 0));
    // Packet 3 is missing; the next frame starts.
    assert!(!selector.select(4, &upper, u8::MAX));
    assert!(selector.select(3, &upper, u8::MAX));
    assert_eq!(selector.target_at(3), Some(Layer::TOP));
    assert_eq!(selector.target_at(4), Some(layer(3, 0)));
    assert_eq!(selector.target_at(0), None);
}

#[test]
fn when_all_layers_are_wanted_the_rest_of_a_frame_without_its_start_is_dropped() {
    let frames = frames(Codec::Av1, AV1);
    let upper = |(_, frame): &&(u64, FrameInfo)| frame.temporal == 2 && !frame.start_of_frame();
    let rest = frames.iter().find(upper).unwrap().1;
    let mut selector = started(layer(3, 0));
    assert!(selector.select(1, &frames[0].1, u8::MAX));
    selector.want(Layer::TOP);
    assert!(!selector.select(3, &rest, u8::MAX));
}

#[test]
fn a_client_that_has_everything_needs_no_change_when_the_highest_layer_stops() {
    let frames = frames(Codec::Av1, AV1);
    let mut selector = started(Layer::TOP);
    feed(&mut selector, &frames[..100]);
    for (number, frame) in frames[100..].iter().filter(|(_, frame)| frame.spatial < 2) {
        assert!(selector.select(*number, frame, 1));
        assert!(!selector.awaits_key_frame());
    }
    assert_eq!(selector.target(), Layer::TOP);
}

#[test]
fn a_spatial_layer_that_stops_is_replaced_at_a_key_frame() {
    let frames = frames(Codec::Vp9, VP9_KEY);
    let last_key = *keys(&frames).last().unwrap();
    let mut selector = started(layer(2, 2));
    feed(&mut selector, &frames[..100]);
    for (number, frame) in frames[100..].iter().filter(|(_, frame)| frame.spatial < 2) {
        let is_selected = selector.select(*number, frame, 1);
        let after_key = *number > last_key as u64;
        assert_eq!(selector.awaits_key_frame(), !after_key);
        let has_key = after_key && (frame.spatial == 1 || is_selected);
        assert_eq!(is_selected, has_key);
    }
    assert_eq!(selector.target(), layer(1, 2));
}
