//! Dependency descriptors of Chromium for AV1 with three spatial and three temporal layers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

use std::cell::Cell;

use common::packets;
use hubbub_codec::dependency_descriptor::{
    DependencyDescriptor, DependencyReader, TemplateStructure, frame_number, write_active_targets,
    write_frame_number,
};
use hubbub_codec::{Layer, Malformed};
use proptest::prelude::*;

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

/// Every descriptor of the capture with the targets up to these layers, and what a reader says about it before and after.
fn rewritten(layer: Layer) -> Vec<(DependencyDescriptor, DependencyDescriptor, u32)> {
    let (mut before, mut after) = (DependencyReader::new(), DependencyReader::new());
    let rewrite = |extension: &Vec<u8>| {
        let descriptor = before.read(extension).unwrap();
        let structure = before.structure().unwrap();
        let mut out = [0xff; 255];
        let active = structure.targets_up_to(layer);
        let len = write_active_targets(extension, structure, |_| active, &mut out).unwrap();
        (descriptor, after.read(&out[..len]).unwrap(), active)
    };
    extensions().iter().map(rewrite).collect()
}

#[test]
fn active_targets_are_rewritten_and_nothing_else() {
    let layer = Layer {
        spatial: 1,
        temporal: 2,
    };
    for (before, after, active) in rewritten(layer) {
        assert_eq!(active.count_ones(), 6);
        assert_eq!(after.active_decode_targets, Some(active));
        assert_eq!(
            DependencyDescriptor {
                active_decode_targets: None,
                targets: before.targets,
                switches: before.switches,
                ..after
            },
            before
        );
        // What the capture has stands for the highest active target.
        let is_active = before.layer.unwrap().spatial <= 1;
        assert_eq!(after.targets.contains(Layer::TOP), is_active);
    }
}

#[test]
fn active_targets_are_rewritten_again() {
    let (mut reader, extensions) = (DependencyReader::new(), extensions());
    reader.read(&extensions[0]).unwrap();
    let structure = &reader.structure().cloned().unwrap();
    for extension in extensions {
        let (mut once, mut twice, mut direct) = ([0; 255], [0; 255], [0; 255]);
        let len = write_active_targets(&extension, structure, |_| 0b101, &mut once).unwrap();
        let again = write_active_targets(&once[..len], structure, |_| 0b11, &mut twice).unwrap();
        let other = write_active_targets(&extension, structure, |_| 0b11, &mut direct).unwrap();
        assert_eq!(twice[..again], direct[..other]);
        assert_eq!(
            reader.read(&direct[..other]).unwrap().active_decode_targets,
            Some(0b11)
        );
    }
}

#[test]
fn frame_number_is_overwritten_and_nothing_else() {
    let mut reader = DependencyReader::new();
    let mut rewritten_reader = DependencyReader::new();
    for extension in extensions() {
        let descriptor = reader.read(&extension).unwrap();
        assert_eq!(frame_number(&extension), Some(descriptor.frame_number));
        let mut rewritten = extension.clone();
        let number = descriptor.frame_number.wrapping_add(40_000);
        write_frame_number(&mut rewritten, number);
        let expected = DependencyDescriptor {
            frame_number: number,
            ..descriptor
        };
        assert_eq!(rewritten_reader.read(&rewritten), Ok(expected));
    }
    let mut truncated = [0x80, 0x01];
    write_frame_number(&mut truncated, 7);
    assert_eq!((truncated, frame_number(&truncated)), ([0x80, 0x01], None));
}

#[test]
fn descriptor_that_does_not_fit_is_not_written() {
    let (reader, _) = read_all();
    let structure = reader.structure().unwrap();
    for extension in extensions() {
        let mut out = [0; 3];
        let written = write_active_targets(&extension, structure, |_| 1, &mut out);
        assert_eq!(written, None);
        let cut = &extension[..2];
        assert_eq!(
            write_active_targets(cut, structure, |_| 1, &mut [0; 9]),
            None
        );
    }
}

proptest! {
    /// A reader finds the written targets in whatever could be rewritten.
    #[test]
    fn arbitrary_descriptors_are_rewritten_or_refused(
        damage in prop::collection::vec((0..95_usize, any::<u8>()), 0..6),
        len in 0..95_usize,
        active in any::<u32>(),
    ) {
        let extensions = extensions();
        let mut reader = DependencyReader::new();
        reader.read(&extensions[0]).unwrap();
        let structure = reader.structure().cloned().unwrap();
        let mut extension = extensions[0].clone();
        for (at, byte) in damage {
            extension[at] = byte;
        }
        extension.truncate(len);
        let written = Cell::new(0);
        let active = |of: &TemplateStructure| {
            written.set(active & u32::MAX >> (32 - of.decode_targets().len()));
            written.get()
        };
        let mut out = [0; 255];
        if let Some(len) = write_active_targets(&extension, &structure, active, &mut out)
            && let Ok(descriptor) = reader.read(&out[..len])
        {
            prop_assert_eq!(descriptor.active_decode_targets, Some(written.get()));
        }
    }
}
