//! The dependency descriptor header extension (RTP payload format for AV1 1.0, appendix A). Chromium also sends it with
//! other codecs.

mod template_structure;

use crate::Malformed;
use crate::bit_reader::BitReader;
use template_structure::{DecodeTargetIndication, MAX_DECODE_TARGETS};
pub use template_structure::{Layer, TemplateStructure};

/// Length of a descriptor without extended fields, in bytes.
const SHORT_LEN: usize = 3;

/// A structure is late when its frame is older than that of the current structure by fewer than this many frames.
const LATE_FRAMES: u16 = 512;

/// The description of a packet and its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// This packet starts the frame.
    pub start_of_frame: bool,
    /// This packet ends the frame.
    pub end_of_frame: bool,
    /// Id of a template of the structure, 0..=63.
    pub template_id: u8,
    /// Frame counter; wraps.
    pub frame_number: u16,
    /// Layer of the frame; `None` without the structure that the frame refers to.
    pub layer: Option<Layer>,
    /// From this frame, a receiver may switch up to its layer: its decode target needs no earlier frame that the layers
    /// below do not need.
    pub switching_up_point: bool,
    /// The packet has a new structure, as the first packet of a key frame does.
    pub has_structure: bool,
    /// Bit mask of the active decode targets, if it changes.
    pub active_decode_targets: Option<u32>,
}

/// Reads the descriptors of one stream and stores the structure that they refer to.
#[derive(Debug, Clone, Default)]
pub struct DependencyReader {
    structure: Option<TemplateStructure>,
    /// Frame number of the packet with the structure.
    structure_frame: u16,
}

impl DependencyReader {
    /// Creates a reader without a structure.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The current structure.
    #[must_use]
    pub fn structure(&self) -> Option<&TemplateStructure> {
        self.structure.as_ref()
    }

    /// Reads the extension of a packet. A structure that arrives after a newer one applies only to its own frame.
    ///
    /// # Errors
    /// [`Malformed`] when the extension is truncated or a structure contradicts itself. The current structure is kept.
    pub fn read(&mut self, extension: &[u8]) -> Result<DependencyDescriptor, Malformed> {
        let mut bits = BitReader::new(extension);
        let mut descriptor = DependencyDescriptor {
            start_of_frame: bits.flag()?,
            end_of_frame: bits.flag()?,
            template_id: bits.read_u8(6)?,
            frame_number: bits.read_u16()?,
            layer: None,
            switching_up_point: false,
            has_structure: false,
            active_decode_targets: None,
        };
        let extended = if extension.len() > SHORT_LEN {
            Extended::parse(&mut bits)?
        } else {
            Extended::default()
        };
        let attached = if extended.has_structure {
            Some(TemplateStructure::parse(&mut bits)?)
        } else {
            None
        };
        let structure = attached.as_ref().or(self.structure.as_ref());
        if let Some(structure) = structure {
            if extended.has_active_targets {
                let targets = structure.decode_targets().len() as u32;
                descriptor.active_decode_targets = Some(bits.read(targets)?);
            }
            if let Some(template) = structure.template(descriptor.template_id) {
                let layer = structure.layers().get(template).copied();
                descriptor.layer = layer;
                let own = if extended.custom_indications {
                    Some(read_indications(
                        &mut bits,
                        structure.decode_targets().len(),
                    )?)
                } else {
                    None
                };
                let indications = own
                    .as_ref()
                    .map_or_else(|| structure.indications(template), |own| own.as_slice());
                descriptor.switching_up_point =
                    layer.is_some_and(|layer| structure.switches_to(layer, indications));
            }
        }
        if let Some(structure) = attached {
            descriptor.has_structure = true;
            self.adopt(structure, descriptor.frame_number);
        }
        Ok(descriptor)
    }

    fn adopt(&mut self, structure: TemplateStructure, frame_number: u16) {
        let behind = self.structure_frame.wrapping_sub(frame_number);
        if self.structure.is_some() && (1..LATE_FRAMES).contains(&behind) {
            return;
        }
        self.structure = Some(structure);
        self.structure_frame = frame_number;
    }
}

/// The flags of `extended_descriptor_fields` that the reader uses. Custom references and chains, which the last two
/// flags announce, come after all fields that are read.
#[derive(Debug, Clone, Copy, Default)]
struct Extended {
    has_structure: bool,
    has_active_targets: bool,
    custom_indications: bool,
}

impl Extended {
    fn parse(bits: &mut BitReader<'_>) -> Result<Self, Malformed> {
        let extended = Self {
            has_structure: bits.flag()?,
            has_active_targets: bits.flag()?,
            custom_indications: bits.flag()?,
        };
        let _custom_references_and_chains = bits.read(2)?;
        Ok(extended)
    }
}

fn read_indications(
    bits: &mut BitReader<'_>,
    targets: usize,
) -> Result<[DecodeTargetIndication; MAX_DECODE_TARGETS], Malformed> {
    let mut indications = [DecodeTargetIndication::NotPresent; MAX_DECODE_TARGETS];
    for indication in indications.iter_mut().take(targets) {
        *indication = DecodeTargetIndication::read(bits)?;
    }
    Ok(indications)
}
