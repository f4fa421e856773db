//! Fields of Chromium's payload descriptors besides key frames and layers.

mod common;

use common::{packets, streams};
use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_codec::vp9::Vp9Descriptor;

#[test]
fn vp8_picture_id_counts_frames_and_tl0_pic_idx_counts_base_layer_frames() {
    for stream in streams("vp8-simulcast.rtpdump").values() {
        let mut last: Option<(u32, Vp8Descriptor)> = None;
        for packet in stream {
            let descriptor = Vp8Descriptor::parse(&packet.payload).unwrap();
            if let Some((timestamp, before)) =
                last.filter(|(timestamp, _)| *timestamp != packet.timestamp)
            {
                assert_ne!(timestamp, packet.timestamp);
                let (id, id_before) = (descriptor.picture_id.unwrap(), before.picture_id.unwrap());
                assert!(id.wide);
                assert_eq!(id.value, (id_before.value + 1) & 0x7fff);
                let base = u8::from(descriptor.temporal == Some(0));
                assert_eq!(
                    descriptor.tl0_pic_idx.unwrap(),
                    before.tl0_pic_idx.unwrap().wrapping_add(base)
                );
            }
            last = Some((packet.timestamp, descriptor));
        }
    }
}

#[test]
fn vp8_key_frames_have_a_resolution() {
    for (ssrc, size) in [(473_982_134, (320, 180)), (2_563_090_973, (640, 360))] {
        let stream = &streams("vp8-simulcast.rtpdump")[&ssrc];
        let sizes: Vec<_> = stream
            .iter()
            .filter_map(|packet| Vp8Descriptor::parse(&packet.payload).unwrap().resolution)
            .collect();
        assert_eq!(sizes, [size; 3]);
    }
}

#[test]
fn vp9_key_frames_have_a_resolution_per_spatial_layer() {
    let stream = packets("vp9-svc-l3t3-key.rtpdump");
    let structures: Vec<_> = stream
        .iter()
        .filter_map(|packet| Vp9Descriptor::parse(&packet.payload).unwrap().structure)
        .collect();
    assert_eq!(structures.len(), 3);
    for structure in structures {
        assert_eq!(
            structure.resolutions(),
            Some(&[(320, 180), (640, 360), (1280, 720)][..])
        );
    }
}

#[test]
fn vp9_layer_frames_of_one_picture_share_a_picture_id() {
    let mut last = None;
    for packet in packets("vp9-svc-l3t3-key.rtpdump") {
        let id = Vp9Descriptor::parse(&packet.payload)
            .unwrap()
            .picture_id
            .unwrap()
            .value;
        if let Some((timestamp, before)) = last {
            let step = u16::from(timestamp != packet.timestamp);
            assert_eq!(id, (before + step) & 0x7fff);
        }
        last = Some((packet.timestamp, id));
    }
}
