//! The codec-independent description of a packet for forwarding.

use crate::dependency_descriptor::{DependencyDescriptor, DependencyReader, Layer};
use crate::vp8::Vp8Descriptor;
use crate::vp9::Vp9Descriptor;
use crate::{Codec, Malformed};
use crate::{av1::Av1Payload, h264::H264Payload};

/// The properties of a packet that forwarding depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// A receiver can start with this packet: it starts a key frame, or the codec has no key frames.
    pub key_frame: bool,
    /// This packet starts a frame (with spatial layers: a layer frame). For H.264 without a dependency descriptor, see
    /// [`H264Payload::start_of_frame`].
    pub start_of_frame: bool,
    /// This packet ends a frame (with spatial layers: a layer frame).
    pub end_of_frame: bool,
    /// Spatial layer, 0 is the lowest. Every simulcast stream has layer 0.
    pub spatial: u8,
    /// Temporal layer, 0 is the lowest.
    pub temporal: u8,
    /// From this packet, a receiver of lower temporal layers may switch up to this layer.
    pub switching_up_point: bool,
}

/// Describes the packets of one stream.
#[derive(Debug, Clone)]
pub struct Describer {
    codec: Codec,
    dependencies: DependencyReader,
}

impl Describer {
    /// Creates a describer for one stream of `codec`.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            dependencies: DependencyReader::new(),
        }
    }

    /// The codec of the stream.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Describes a packet from its payload (not empty, without padding), its marker bit, and the bytes of its
    /// dependency descriptor, if it has one. The dependency descriptor takes precedence for layers and frame
    /// boundaries.
    ///
    /// # Errors
    /// [`Malformed`] when the payload or the dependency descriptor is invalid. A receiver could not use the packet either.
    pub fn describe(
        &mut self,
        payload: &[u8],
        marker: bool,
        dependency_descriptor: Option<&[u8]>,
    ) -> Result<FrameInfo, Malformed> {
        let info = match self.codec {
            Codec::Vp8 => FrameInfo::from_vp8(&Vp8Descriptor::parse(payload)?, marker),
            Codec::Vp9 => FrameInfo::from_vp9(&Vp9Descriptor::parse(payload)?),
            Codec::H264 => FrameInfo::from_h264(H264Payload::parse(payload)?, marker),
            Codec::Av1 => FrameInfo::from_av1(Av1Payload::parse(payload)?, marker),
            Codec::Opus | Codec::Other => return Ok(FrameInfo::WHOLE),
        };
        match dependency_descriptor {
            Some(extension) => Ok(info.with_dependencies(&self.dependencies.read(extension)?)),
            None => Ok(info),
        }
    }
}

impl FrameInfo {
    /// A packet that is a complete, independent frame.
    const WHOLE: Self = Self {
        key_frame: true,
        start_of_frame: true,
        end_of_frame: true,
        spatial: 0,
        temporal: 0,
        switching_up_point: true,
    };

    fn from_vp8(descriptor: &Vp8Descriptor, marker: bool) -> Self {
        Self {
            key_frame: descriptor.key_frame_start,
            start_of_frame: descriptor.start_of_frame(),
            end_of_frame: marker,
            spatial: 0,
            temporal: descriptor.temporal.unwrap_or_default(),
            switching_up_point: descriptor.layer_sync,
        }
    }

    fn from_vp9(descriptor: &Vp9Descriptor) -> Self {
        Self {
            key_frame: descriptor.key_frame_start(),
            start_of_frame: descriptor.start_of_layer_frame,
            end_of_frame: descriptor.end_of_layer_frame,
            spatial: descriptor.spatial(),
            temporal: descriptor.temporal(),
            switching_up_point: descriptor
                .layers
                .is_some_and(|layers| layers.switching_up_point),
        }
    }

    fn from_h264(payload: H264Payload, marker: bool) -> Self {
        Self {
            key_frame: payload.key_frame_start,
            start_of_frame: payload.start_of_frame,
            end_of_frame: marker,
            spatial: 0,
            temporal: 0,
            switching_up_point: false,
        }
    }

    fn from_av1(payload: Av1Payload, marker: bool) -> Self {
        Self {
            key_frame: payload.key_frame_start(),
            // Without a dependency descriptor, only this is known: a continued OBU does not start a frame.
            start_of_frame: !payload.continues,
            end_of_frame: marker,
            spatial: 0,
            temporal: 0,
            switching_up_point: false,
        }
    }

    fn with_dependencies(self, dependencies: &DependencyDescriptor) -> Self {
        let Layer { spatial, temporal } = dependencies.layer.unwrap_or_default();
        Self {
            key_frame: self.key_frame || dependencies.has_structure,
            start_of_frame: dependencies.start_of_frame,
            end_of_frame: dependencies.end_of_frame,
            spatial,
            temporal,
            switching_up_point: dependencies.switching_up_point,
        }
    }
}
