//! Which template structure a dependency descriptor refers to, when packets arrive late or in a new coded sequence.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

use common::{Packet, packets};
use hubbub_codec::dependency_descriptor::{
    DependencyDescriptor, DependencyReader, write_active_targets,
};
use hubbub_codec::{Codec, DecodeTargets, Describer};

/// Positions of the packets with a structure.
const STRUCTURES: [usize; 3] = [0, 4, 254];

fn extensions() -> Vec<Vec<u8>> {
    let extension = |packet: Packet| packet.dependency_descriptor.unwrap();
    let packets = packets("av1-l3t3.rtpdump");
    packets.into_iter().map(extension).collect()
}

/// A descriptor of the capture that says that these decode targets are active.
fn with_active(extension: &[u8], active: u32) -> Vec<u8> {
    let mut reader = DependencyReader::new();
    reader.read(&extensions()[0]).unwrap();
    let structure = reader.structure().unwrap();
    let mut out = [0; 255];
    let len = write_active_targets(extension, structure, |_| active, &mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn a_newer_structure_replaces_the_current_one_and_a_late_one_does_not() {
    let extensions = extensions();
    let mut reader = DependencyReader::new();
    reader.read(&extensions[STRUCTURES[0]]).unwrap();
    let first = reader.structure().cloned();
    let newer = with_active(&extensions[STRUCTURES[1]], 0b11);
    reader.read(&newer).unwrap();
    let second = reader.structure().cloned();
    assert_ne!(first, second);
    reader.read(&extensions[STRUCTURES[0]]).unwrap();
    assert_eq!(reader.structure(), second.as_ref());
}

#[test]
fn newer_active_targets_replace_the_current_ones_and_late_ones_do_not() {
    let extensions = extensions();
    let mut reader = DependencyReader::new();
    reader.read(&extensions[STRUCTURES[1]]).unwrap();
    let all = reader.structure().cloned();
    reader.read(&with_active(&extensions[100], 0b11)).unwrap();
    let few = reader.structure().cloned();
    assert_ne!(few, all);
    reader.read(&with_active(&extensions[50], 0b1)).unwrap();
    assert_eq!(reader.structure(), few.as_ref());
}

#[test]
fn a_structure_with_the_same_decode_targets_serves_earlier_frames() {
    let mut describer = Describer::new(Codec::Av1);
    let mut describe = |packet: &Packet| {
        let extension = packet.dependency_descriptor.as_deref();
        let info = describer.describe(&packet.payload, packet.marker, extension);
        info.unwrap()
    };
    let packets = packets("av1-l3t3.rtpdump");
    let infos: Vec<_> = packets.iter().map(&mut describe).collect();
    for info in infos {
        let structure = describer.structure_of(&info).unwrap();
        assert_eq!(structure.decode_targets().len(), 9);
    }
}

#[test]
fn template_ids_count_from_the_offset_of_the_structure() {
    const OFFSET: u8 = 61;
    let (mut plain, mut shifted) = (DependencyReader::new(), DependencyReader::new());
    let shift = |id: u8| (id + OFFSET) % 64;
    for (at, mut extension) in extensions().into_iter().enumerate() {
        let descriptor = plain.read(&extension).unwrap();
        if STRUCTURES.contains(&at) {
            // The offset follows five flags in the fourth byte: it was 0.
            assert_eq!((extension[3] & 7, extension[4] & 0xe0), (0, 0));
            extension[3] |= OFFSET >> 3;
            extension[4] |= OFFSET << 5;
        }
        let template_id = shift(descriptor.template_id);
        extension[0] = extension[0] & 0xc0 | template_id;
        let expected = DependencyDescriptor {
            template_id,
            ..descriptor
        };
        assert_eq!(shifted.read(&extension), Ok(expected));
    }
}

#[test]
fn a_frame_with_a_structure_or_a_sequence_header_is_a_key_frame() {
    let packets = packets("av1-l3t3.rtpdump");
    let (key, delta) = (&packets[STRUCTURES[0]], &packets[1]);
    let mut describer = Describer::new(Codec::Av1);
    let mut describe = |payload: &Packet, dependencies: &Packet| {
        let extension = dependencies.dependency_descriptor.as_deref();
        describer
            .describe(&payload.payload, false, extension)
            .unwrap()
    };
    for (payload, dependencies) in [(delta, key), (key, delta)] {
        let info = describe(payload, dependencies);
        assert!(info.key_frame());
        assert_eq!(info.switches, DecodeTargets::ALL);
    }
    assert!(!describe(delta, delta).key_frame());
}
