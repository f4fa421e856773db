//! The codec-independent description of a packet for forwarding.

use crate::Layer;
use crate::av1::Av1Payload;
use crate::decode_targets::DecodeTargets;
use crate::dependency_descriptor::DependencyDescriptor;
use crate::h264::H264Payload;
use crate::vp8::Vp8Descriptor;
use crate::vp9::Vp9Descriptor;

const KEY_FRAME: u8 = 1;
const START: u8 = 2;
const END: u8 = 4;
const LAYER_SYNC: u8 = 8;

/// The properties of a packet that forwarding depends on. Every stored packet has them, so they are small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// The decode targets that need the packet's frame; all without layers.
    pub targets: DecodeTargets,
    /// The decode targets of which a receiver that can decode this frame can decode all later frames, whatever it has
    /// missed before.
    pub switches: DecodeTargets,
    /// Spatial layer, 0 is the lowest. Every simulcast stream has layer 0.
    pub spatial: u8,
    /// Temporal layer, 0 is the lowest.
    pub temporal: u8,
    /// Which structure the dependency descriptor refers to, see [`crate::Describer::structure_of`]; 0 without one.
    pub(crate) structure: u8,
    flags: u8,
}

const _: () = assert!(size_of::<FrameInfo>() <= 8);

impl Default for FrameInfo {
    /// A packet of which nothing is known: all receivers need it.
    fn default() -> Self {
        Self {
            targets: DecodeTargets::ALL,
            switches: DecodeTargets::NONE,
            spatial: 0,
            temporal: 0,
            structure: 0,
            flags: 0,
        }
    }
}

impl FrameInfo {
    /// A packet that is a complete, independent frame.
    pub(crate) const WHOLE: Self = Self {
        targets: DecodeTargets::ALL,
        switches: DecodeTargets::ALL,
        spatial: 0,
        temporal: 0,
        structure: 0,
        flags: KEY_FRAME | START | END,
    };

    /// A receiver can start with this packet: it starts a key frame, or the codec has no key frames.
    #[must_use]
    pub const fn key_frame(&self) -> bool {
        self.flags & KEY_FRAME != 0
    }

    /// This packet starts a frame (with spatial layers: a layer frame). For H.264 without a dependency descriptor, see
    /// [`H264Payload::start_of_frame`].
    #[must_use]
    pub const fn start_of_frame(&self) -> bool {
        self.flags & START != 0
    }

    /// This packet ends a frame (with spatial layers: a layer frame).
    #[must_use]
    pub const fn end_of_frame(&self) -> bool {
        self.flags & END != 0
    }

    /// Spatial and temporal layer.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        Layer {
            spatial: self.spatial,
            temporal: self.temporal,
        }
    }

    /// The frame refers to lower temporal layers only.
    #[must_use]
    pub const fn layer_sync(&self) -> bool {
        self.flags & LAYER_SYNC != 0
    }

    pub(crate) fn from_vp8(descriptor: &Vp8Descriptor, marker: bool) -> Self {
        let layer = Layer {
            spatial: 0,
            temporal: descriptor.temporal.unwrap_or_default(),
        };
        let is_key = descriptor.key_frame_start;
        let targets = targets_above(layer);
        Self {
            targets,
            switches: switches_at(layer, is_key, descriptor.layer_sync, targets),
            flags: flags(is_key, descriptor.start_of_frame(), marker)
                | flag(LAYER_SYNC, descriptor.layer_sync),
            ..Self::at(layer)
        }
    }

    /// `top` is the stream's highest spatial layer.
    pub(crate) fn from_vp9(descriptor: &Vp9Descriptor, top: u8) -> Self {
        let layer = Layer {
            spatial: descriptor.spatial(),
            temporal: descriptor.temporal(),
        };
        let is_key = descriptor.key_frame_start();
        // The meaning of U is not that of RFC 9628, but what libwebrtc sends and SFUs rely on. A frame that refers to the
        // spatial layer below has U because that has.
        let layer_sync = descriptor
            .layers
            .is_some_and(|layers| layers.switching_up_point && !layers.inter_layer_predicted);
        let targets = if descriptor.not_referenced_by_upper && layer.spatial < top {
            let Layer { spatial, temporal } = layer.on_grid();
            DecodeTargets::select(|target| target.spatial == spatial && target.temporal >= temporal)
        } else {
            targets_above(layer)
        };
        Self {
            targets,
            switches: switches_at(layer, is_key, layer_sync, targets),
            flags: flags(
                is_key,
                descriptor.start_of_layer_frame,
                descriptor.end_of_layer_frame,
            ) | flag(LAYER_SYNC, layer_sync),
            ..Self::at(layer)
        }
    }

    pub(crate) fn from_h264(payload: H264Payload, marker: bool) -> Self {
        Self {
            switches: all_if(payload.key_frame_start),
            flags: flags(payload.key_frame_start, payload.start_of_frame, marker),
            ..Self::default()
        }
    }

    pub(crate) fn from_av1(payload: Av1Payload, marker: bool) -> Self {
        let is_key = payload.key_frame_start();
        Self {
            switches: all_if(is_key),
            // Without a dependency descriptor, only this is known: a continued OBU does not start a frame.
            flags: flags(is_key, !payload.continues, marker),
            ..Self::default()
        }
    }

    pub(crate) fn with_dependencies(self, dependencies: &DependencyDescriptor) -> Self {
        let is_key = self.key_frame() || dependencies.has_structure;
        Self {
            targets: dependencies.targets,
            switches: if is_key {
                DecodeTargets::ALL
            } else {
                dependencies.switches
            },
            flags: flags(
                is_key,
                dependencies.start_of_frame,
                dependencies.end_of_frame,
            ),
            structure: dependencies.structure,
            ..Self::at(dependencies.layer.unwrap_or_default())
        }
    }

    fn at(layer: Layer) -> Self {
        Self {
            spatial: layer.spatial,
            temporal: layer.temporal,
            ..Self::default()
        }
    }
}

const fn flags(key_frame: bool, start: bool, end: bool) -> u8 {
    flag(KEY_FRAME, key_frame) | flag(START, start) | flag(END, end)
}

const fn flag(bit: u8, is_set: bool) -> u8 {
    if is_set { bit } else { 0 }
}

const fn all_if(key_frame: bool) -> DecodeTargets {
    if key_frame {
        DecodeTargets::ALL
    } else {
        DecodeTargets::NONE
    }
}

/// The decode targets of this layer and of all above it.
fn targets_above(layer: Layer) -> DecodeTargets {
    DecodeTargets::from_layer(layer)
}

/// At a key frame, all decode targets; at a frame that refers to lower temporal layers only, those of its temporal layer
/// that need it.
fn switches_at(
    layer: Layer,
    key_frame: bool,
    layer_sync: bool,
    targets: DecodeTargets,
) -> DecodeTargets {
    if key_frame {
        return DecodeTargets::ALL;
    }
    let Layer { temporal, .. } = layer.on_grid();
    DecodeTargets::select(|target| {
        layer_sync && target.temporal == temporal && targets.contains(target)
    })
}
