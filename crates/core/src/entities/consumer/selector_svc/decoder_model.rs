//! Whatever a consumer wants and when, its decoder has every frame that a forwarded frame refers to.

use hubbub_codec::{Codec, Describer, FrameInfo, Layer};
use proptest::prelude::*;

use super::SvcSelector;

/// Temporal layers of a group of pictures.
const GROUP: [u8; 4] = [0, 2, 1, 2];

/// A picture of the sender.
#[derive(Debug, Clone, Copy)]
struct Picture {
    is_key: bool,
    /// Frames of upper temporal layers refer to lower ones only.
    sync: bool,
    /// The consumer wants these layers from here on.
    wants: Option<Layer>,
}

/// How frames of upper spatial layers are predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum InterLayer {
    None,
    KeyFrames,
    Always,
}

/// A frame and the frames that it refers to, by index.
struct Frame {
    info: FrameInfo,
    references: Vec<usize>,
}

/// Encodes pictures with this many spatial layers.
struct Encoder {
    codec: Codec,
    spatial_layers: usize,
    inter_layer: InterLayer,
    describer: Describer,
    frames: Vec<Frame>,
    /// By spatial and temporal layer: the last frame.
    last: [[Option<usize>; 3]; 3],
    since_key: usize,
}

impl Encoder {
    fn new(codec: Codec, spatial_layers: usize, inter_layer: InterLayer) -> Self {
        Self {
            codec,
            spatial_layers,
            inter_layer,
            describer: Describer::new(codec),
            frames: Vec::new(),
            last: [[None; 3]; 3],
            since_key: 0,
        }
    }

    fn encode(&mut self, picture: Picture) -> std::ops::Range<usize> {
        let start = self.frames.len();
        if picture.is_key {
            self.last = [[None; 3]; 3];
            self.since_key = 0;
        }
        let temporal = GROUP[self.since_key % GROUP.len()];
        self.since_key += 1;
        for spatial in 0..self.spatial_layers {
            let is_top = spatial + 1 == self.spatial_layers;
            let predicts = self.inter_layer == InterLayer::Always
                || (self.inter_layer == InterLayer::KeyFrames && picture.is_key);
            let mut references = Vec::new();
            let highest = usize::from(temporal) + usize::from(!picture.sync || temporal == 0);
            for lower in &self.last[spatial][..highest.min(3)] {
                references.extend(*lower);
            }
            if predicts && spatial > 0 {
                references.push(self.frames.len() - 1);
            }
            let payload = match self.codec {
                Codec::Vp8 => vp8(picture, temporal),
                _ => vp9(picture, spatial as u8, temporal, predicts, is_top),
            };
            let info = self.describer.describe(&payload, is_top, None).unwrap();
            self.last[spatial][usize::from(temporal)] = Some(self.frames.len());
            self.frames.push(Frame { info, references });
        }
        start..self.frames.len()
    }
}

fn vp8(picture: Picture, temporal: u8) -> Vec<u8> {
    let layer = temporal << 6 | u8::from(picture.sync) << 5;
    vec![0x90, 0x20, layer, u8::from(!picture.is_key)]
}

fn vp9(picture: Picture, spatial: u8, temporal: u8, predicts: bool, is_top: bool) -> Vec<u8> {
    let starts_structure = picture.is_key && spatial == 0;
    let flags = 0x2c
        | u8::from(!picture.is_key) << 6
        | u8::from(starts_structure) << 1
        | u8::from(!predicts || is_top);
    let has_lower = predicts && spatial > 0;
    let layers = temporal << 5 | u8::from(picture.sync) << 4 | spatial << 1 | u8::from(has_lower);
    let mut payload = vec![flags, layers, 0];
    if starts_structure {
        payload.push(2 << 5);
    }
    payload.push(0xaa);
    payload
}

/// Asserts that each forwarded frame is decodable, and that the wanted layers arrive after a key frame.
fn check(mut encoder: Encoder, pictures: &[Picture]) -> Result<(), TestCaseError> {
    let mut selector = SvcSelector::new();
    let mut decoded = Vec::new();
    let mut wanted = Layer::TOP;
    for (index, picture) in pictures.iter().enumerate() {
        if let Some(wants) = picture.wants {
            wanted = wants;
            selector.want(wants);
        }
        let is_key = picture.is_key || index == 0;
        let range = encoder.encode(Picture { is_key, ..*picture });
        if index == 0 {
            selector.start(1);
        }
        for number in range {
            let frame = &encoder.frames[number];
            let is_forwarded = selector.select(number as u64 + 1, &frame.info, u8::MAX);
            let is_decodable = frame.references.iter().all(|reference| decoded[*reference]);
            prop_assert!(
                !is_forwarded || is_decodable,
                "frame {number} of {pictures:?}"
            );
            decoded.push(is_forwarded);
            // A key frame has the layer wanted, and none above it.
            let (spatial, top) = (frame.info.spatial, encoder.spatial_layers as u8 - 1);
            prop_assert!(!is_key || spatial <= wanted.spatial || !is_forwarded);
            prop_assert!(!is_key || spatial != wanted.spatial.min(top) || is_forwarded);
        }
    }
    Ok(())
}

fn pictures() -> impl Strategy<Value = Vec<Picture>> {
    let layer = (0..4u8, 0..4u8).prop_map(|(spatial, temporal)| Layer { spatial, temporal });
    let picture = (
        prop::bool::weighted(0.1),
        any::<bool>(),
        prop::option::weighted(0.2, layer),
    );
    let picture = picture.prop_map(|(is_key, sync, wants)| Picture {
        is_key,
        sync,
        wants,
    });
    prop::collection::vec(picture, 1..80)
}

proptest! {
    #[test]
    fn temporal_layers_of_vp8(pictures in pictures()) {
        check(Encoder::new(Codec::Vp8, 1, InterLayer::None), &pictures)?;
    }

    #[test]
    fn layers_of_vp9(pictures in pictures(), mode in 0..3usize) {
        let modes = [InterLayer::None, InterLayer::KeyFrames, InterLayer::Always];
        check(Encoder::new(Codec::Vp9, 3, modes[mode]), &pictures)?;
    }
}
