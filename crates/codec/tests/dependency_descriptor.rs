//! Dependency descriptors of Chromium for AV1 with three spatial and three temporal layers.
#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::packets;
use hubbub_codec::dependency_descriptor::{DependencyDescriptor, DependencyReader};
use hubbub_codec::{Layer, Malformed};

fn extensions() -> Vec<Vec<u8>> {
    packets("av1-l3t3.rtpdump")
        .into_iter()
        .map(|packet| packet.dependency_descriptor.unwrap())
        .collect()
}

/// Positions of the packets with a structure.
const STRUCTURES: [usize; 3] = [0, 4, 254];

fn read_all() -> (DependencyReader, Vec<DependencyDescriptor>) {
    let mut reader = DependencyReader::new();
    let descriptors = extensions()
        .iter()
        .map(|extension| reader.read(extension).unwrap())
        .collect();
    (reader, descriptors)
}

#[test]
fn each_key_frame_has_a_structure() {
    let (_, descriptors) = read_all();
    let with: Vec<_> = (0..descriptors.len())
        .filter(|&at| descriptors[at].has_structure)
        .collect();
    assert_eq!(with, STRUCTURES);
}

#[test]
fn structure_has_layers_targets_and_resolutions() {
    let (reader, _) = read_all();
    let structure = reader.structure().unwrap();
    assert_eq!(
        structure.resolutions(),
        [(320, 180), (640, 360), (1280, 720)]
    );
    let mut targets = structure.decode_targets().to_vec();
    targets.sort_by_key(|target| (target.spatial, target.temporal));
    let all = (0..3).flat_map(|spatial| (0..3).map(move |temporal| Layer { spatial, temporal }));
    assert_eq!(targets, all.collect::<Vec<_>>());
}

#[test]
fn each_frame_has_a_layer_and_frame_numbers_are_continuous() {
    let (_, descriptors) = read_all();
    let mut frames = [[0; 3]; 3];
    let mut number = None;
    for descriptor in descriptors {
        if descriptor.start_of_frame {
            let layer = descriptor.layer.unwrap();
            frames[usize::from(layer.spatial)][usize::from(layer.temporal)] += 1;
            if let Some(number) = number {
                assert_eq!(descriptor.frame_number, number + 1);
            }
        }
        number = Some(descriptor.frame_number);
    }
    // 53 pictures, each with all three spatial layers.
    assert_eq!(frames.map(|of_layer| of_layer.iter().sum::<u32>()), [53; 3]);
    assert!(frames.as_flattened().iter().all(|&count| count > 0));
}

#[test]
fn key_frame_is_a_switching_up_point_of_layer_zero() {
    let (_, descriptors) = read_all();
    for at in STRUCTURES {
        assert_eq!(descriptors[at].layer, Some(Layer::default()));
        assert!(descriptors[at].switches.contains(Layer::default()));
    }
}

#[test]
fn layer_is_unknown_before_the_first_structure() {
    let mut reader = DependencyReader::new();
    let descriptor = reader.read(&extensions()[1]).unwrap();
    assert_eq!((descriptor.layer, descriptor.has_structure), (None, false));
}

#[test]
fn late_structure_does_not_replace_a_newer_one() {
    let extensions = extensions();
    let mut reader = DependencyReader::new();
    let newer = reader
        .read(&extensions[STRUCTURES[2]])
        .and(Ok(reader.structure().cloned()))
        .unwrap();
    let late = reader.read(&extensions[STRUCTURES[1]]).unwrap();
    assert!(late.has_structure && late.layer.is_some());
    assert_eq!(reader.structure(), newer.as_ref());
}

#[test]
fn truncated_structure_is_malformed_and_keeps_the_current_one() {
    let extensions = extensions();
    let (mut reader, _) = read_all();
    let before = reader.structure().cloned();
    let key_frame = &extensions[STRUCTURES[0]];
    for len in 4..key_frame.len() {
        assert_eq!(
            reader.read(&key_frame[..len]),
            Err(Malformed),
            "{len} bytes"
        );
    }
    assert_eq!(reader.structure(), before.as_ref());
}
