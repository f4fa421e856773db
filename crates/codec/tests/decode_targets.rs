//! The decode targets of Chromium's frames: what a receiver of given layers needs.
#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use std::collections::BTreeSet;

use common::{describe, packets, streams};
use hubbub_codec::{Codec, DecodeTargets, Describer, FrameInfo, Layer};

const fn layer(spatial: u8, temporal: u8) -> Layer {
    Layer { spatial, temporal }
}

/// The layers (spatial, temporal) of the frames that a decode target needs.
fn needed(infos: &[FrameInfo], target: Layer) -> BTreeSet<(u8, u8)> {
    let needs = infos.iter().filter(|info| info.targets.contains(target));
    needs.map(|info| (info.spatial, info.temporal)).collect()
}

#[test]
fn a_frame_has_its_layer() {
    for info in describe(Codec::Av1, &packets("av1-l3t3.rtpdump")) {
        assert_eq!(info.layer(), layer(info.spatial, info.temporal));
    }
}

#[test]
fn a_lower_temporal_target_of_vp8_needs_the_lower_temporal_layers() {
    let streams = streams("vp8-simulcast.rtpdump");
    let infos = describe(Codec::Vp8, &streams[&473_982_134]);
    assert_eq!(needed(&infos, layer(0, 0)), [(0, 0)].into());
    assert_eq!(needed(&infos, layer(0, 1)), [(0, 0), (0, 1)].into());
    assert_eq!(needed(&infos, Layer::TOP).len(), 3);
}

#[test]
fn vp9_with_inter_layer_prediction_on_key_frames_needs_one_spatial_layer_besides() {
    let infos = describe(Codec::Vp9, &packets("vp9-svc-l3t3-key.rtpdump"));
    let mut is_key_picture = false;
    for info in &infos {
        if info.spatial == 0 && info.start_of_frame() {
            is_key_picture = info.key_frame();
        }
        for spatial in 0..3 {
            let is_needed = info.targets.contains(layer(spatial, 2));
            let is_own = info.spatial == spatial;
            let is_reference = is_key_picture && info.spatial < spatial;
            assert_eq!(is_needed, is_own || is_reference, "{info:?} for {spatial}");
        }
        assert!(info.spatial < 2 || info.targets.contains(Layer::TOP));
    }
}

#[test]
fn av1_with_inter_layer_prediction_needs_all_lower_layers() {
    let infos = describe(Codec::Av1, &packets("av1-l3t3.rtpdump"));
    for info in &infos {
        for spatial in 0..3 {
            for temporal in 0..3 {
                let target = layer(spatial, temporal);
                let is_below = info.spatial <= spatial && info.temporal <= temporal;
                assert_eq!(info.targets.contains(target), is_below, "{info:?}");
            }
        }
        // What the stream does not have stands for its highest layer.
        assert!(info.targets.contains(Layer::TOP));
    }
}

#[test]
fn a_receiver_can_switch_to_every_target_at_a_key_frame() {
    for (codec, capture) in [
        (Codec::Vp8, "vp8-simulcast.rtpdump"),
        (Codec::Vp9, "vp9-svc-l3t3-key.rtpdump"),
        (Codec::Av1, "av1-l3t3.rtpdump"),
    ] {
        for stream in streams(capture).values() {
            for info in describe(codec, stream) {
                assert_eq!(info.switches == DecodeTargets::ALL, info.key_frame());
            }
        }
    }
}

#[test]
fn frames_of_upper_temporal_layers_refer_to_lower_ones_only_in_sync_frames() {
    let vp8 = &streams("vp8-simulcast.rtpdump")[&473_982_134];
    for infos in [
        describe(Codec::Vp8, vp8),
        describe(Codec::Vp9, &packets("vp9-svc-l3t3-key.rtpdump")),
    ] {
        for temporal in 1..3 {
            let of_layer = infos.iter().filter(|info| info.temporal == temporal);
            let mut syncs = of_layer.filter(|info| info.layer_sync());
            let sync = syncs.next().unwrap();
            assert!(sync.switches.contains(layer(sync.spatial, temporal)));
            assert!(!sync.switches.contains(layer(sync.spatial, 0)));
        }
    }
}

#[test]
fn a_sync_frame_of_vp9_says_so_and_refers_to_no_lower_spatial_layer() {
    let is_sync = |layers: u8| {
        // P, L, B; TID (3 bits), U, SID (3), D; TL0PICIDX.
        let payload = [0x68, layers, 7, 0x11];
        let info = Describer::new(Codec::Vp9).describe(&payload, true, None);
        info.unwrap().layer_sync()
    };
    assert!(is_sync(0b0101_0010));
    assert!(!is_sync(0b0100_0010));
    assert!(!is_sync(0b0101_0011));
}

#[test]
fn av1_switches_to_upper_temporal_targets_of_a_spatial_layer_at_its_lowest() {
    for info in describe(Codec::Av1, &packets("av1-l3t3.rtpdump")) {
        let switches = info.switches.contains(layer(info.spatial, 2));
        assert_eq!(switches, info.temporal < 2, "{info:?}");
    }
}
