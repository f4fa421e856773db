//! Describes the packets of a stream, whatever its codec.

use crate::av1::Av1Payload;
use crate::dependency_descriptor::{DependencyReader, TemplateStructure};
use crate::frame_info::FrameInfo;
use crate::h264::H264Payload;
use crate::vp8::Vp8Descriptor;
use crate::vp9::Vp9Descriptor;
use crate::{Codec, Malformed};

/// Describes the packets of one stream.
#[derive(Debug, Clone)]
pub struct Describer {
    codec: Codec,
    dependencies: DependencyReader,
    /// The highest spatial layer of VP9, from the last scalability structure.
    vp9_top: u8,
}

impl Describer {
    /// Creates a describer for one stream of `codec`.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            dependencies: DependencyReader::new(),
            vp9_top: 0,
        }
    }

    /// The codec of the stream.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// A structure with the decode targets of the one that the dependency descriptor of a packet refers to; `None` if one
    /// with others has replaced it.
    #[must_use]
    pub fn structure_of(&self, frame: &FrameInfo) -> Option<&TemplateStructure> {
        self.dependencies.structure_number(frame.structure)
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
            Codec::Vp9 => {
                let descriptor = Vp9Descriptor::parse(payload)?;
                if let Some(structure) = descriptor.structure {
                    self.vp9_top = structure.top();
                }
                FrameInfo::from_vp9(&descriptor, self.vp9_top)
            }
            Codec::H264 => FrameInfo::from_h264(H264Payload::parse(payload)?, marker),
            Codec::Av1 => FrameInfo::from_av1(Av1Payload::parse(payload)?, marker),
            Codec::Opus | Codec::Red | Codec::Other => return Ok(FrameInfo::WHOLE),
        };
        match dependency_descriptor {
            Some(extension) => Ok(info.with_dependencies(&self.dependencies.read(extension)?)),
            None => Ok(info),
        }
    }
}
