//! The dependency descriptor header extension (RTP payload format for AV1 1.0, appendix A). Chromium also sends it with
//! other codecs.

mod active_targets;
mod template_structure;

use crate::bit_reader::BitReader;
use crate::{DecodeTargets, Layer, Malformed};
pub use active_targets::write_active_targets;
pub use template_structure::TemplateStructure;
use template_structure::{DecodeTargetIndication, MAX_DECODE_TARGETS};

/// Length of a descriptor without extended fields, in bytes.
const SHORT_LEN: usize = 3;

/// The bytes of the frame number.
const FRAME_NUMBER: std::ops::Range<usize> = 1..3;

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
    /// The decode targets that need the frame; all without the structure.
    pub targets: DecodeTargets,
    /// The decode targets to which a receiver may switch up at this frame: they need no earlier frame that the layers
    /// below do not need.
    pub switches: DecodeTargets,
    /// The packet has a new structure, as the first packet of a key frame does.
    pub has_structure: bool,
    /// Number of the structure that the frame refers to, 1..=255; wraps. 0 without one. Successive structures with the same
    /// decode targets have the same number.
    pub structure: u8,
    /// Bit mask of the active decode targets, if it changes.
    pub active_decode_targets: Option<u32>,
}

/// Reads the descriptors of one stream and stores the structure that they refer to.
#[derive(Debug, Clone, Default)]
pub struct DependencyReader {
    structure: Option<TemplateStructure>,
    /// Frame number of the packet with the structure.
    structure_frame: u16,
    /// Number of the structure; 0 without one.
    number: u8,
    /// Frame number of the packet that set the active decode targets.
    active_frame: u16,
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

    /// A structure with the decode targets of the one with this number, if it is the current one.
    pub(crate) fn structure_number(&self, number: u8) -> Option<&TemplateStructure> {
        self.structure.as_ref().filter(|_| number == self.number)
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
            targets: DecodeTargets::ALL,
            switches: DecodeTargets::NONE,
            has_structure: false,
            structure: 0,
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
        let mut own_indications = None;
        if let Some(structure) = attached.as_ref().or(self.structure.as_ref()) {
            let targets = structure.decode_targets().len();
            if extended.has_active_targets {
                descriptor.active_decode_targets = Some(bits.read(targets as u32)?);
            }
            if extended.custom_indications {
                own_indications = Some(read_indications(&mut bits, targets)?);
            }
        }
        let own_indications = own_indications.as_ref().map(<[_; _]>::as_slice);
        if let Some(mut structure) = attached {
            descriptor.has_structure = true;
            if let Some(active) = descriptor.active_decode_targets {
                structure.set_active(active);
            }
            descriptor.describe_frame(&structure, own_indications);
            self.adopt(structure, descriptor.frame_number);
        } else if let Some(structure) = &mut self.structure {
            let is_late = precedes(descriptor.frame_number, self.active_frame);
            if let Some(active) = descriptor.active_decode_targets.filter(|_| !is_late) {
                structure.set_active(active);
                self.active_frame = descriptor.frame_number;
            }
            descriptor.describe_frame(structure, own_indications);
        }
        descriptor.structure = self.number;
        Ok(descriptor)
    }

    fn adopt(&mut self, structure: TemplateStructure, frame_number: u16) {
        if self.structure.is_some() && precedes(frame_number, self.structure_frame) {
            return;
        }
        let has_same_targets = self
            .structure
            .as_ref()
            .is_some_and(|former| former.decode_targets() == structure.decode_targets());
        if !has_same_targets {
            self.number = self.number.checked_add(1).unwrap_or(1);
        }
        self.structure = Some(structure);
        self.structure_frame = frame_number;
        self.active_frame = frame_number;
    }
}

impl DependencyDescriptor {
    /// Sets what the structure says about the frame. `own`: the indications of the frame, if they differ from those of
    /// its template.
    fn describe_frame(
        &mut self,
        structure: &TemplateStructure,
        own: Option<&[DecodeTargetIndication]>,
    ) {
        let Some(template) = structure.template(self.template_id) else {
            return;
        };
        let indications = own.unwrap_or_else(|| structure.indications(template));
        self.layer = structure.layers().get(template).copied();
        self.targets = structure.select_targets(indications, true, |indication| {
            indication != DecodeTargetIndication::NotPresent
        });
        self.switches = structure.select_targets(indications, false, |indication| {
            indication == DecodeTargetIndication::Switch
        });
    }
}

/// The frame number in a descriptor; `None` if that is truncated.
#[must_use]
pub fn frame_number(descriptor: &[u8]) -> Option<u16> {
    let bytes = descriptor.get(FRAME_NUMBER)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

/// Overwrites the frame number in a descriptor. One that is truncated is left as it is.
pub fn write_frame_number(descriptor: &mut [u8], number: u16) {
    if let Some(bytes) = descriptor.get_mut(FRAME_NUMBER) {
        bytes.copy_from_slice(&number.to_be_bytes());
    }
}

/// Whether a frame is older than another.
fn precedes(frame_number: u16, other: u16) -> bool {
    (1..LATE_FRAMES).contains(&other.wrapping_sub(frame_number))
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
