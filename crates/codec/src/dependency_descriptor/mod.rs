//! The dependency descriptor header extension (RTP payload format for AV1 1.0, appendix A). Chromium sends it with
//! other codecs as well.

mod template_structure;

use crate::Malformed;
use crate::bits::BitReader;
use template_structure::{Indication, MAX_DECODE_TARGETS, TEMPLATE_IDS};
pub use template_structure::{Layer, TemplateStructure};

/// Length of the descriptor of a frame that fits its template.
const SHORT_LEN: usize = 3;

/// A structure whose frame lies by less than this many frames behind that of the structure in use has come late.
const LATE_FRAMES: u16 = 512;

/// What the descriptor tells of a packet and its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// The frame begins with this packet.
    pub start_of_frame: bool,
    /// The frame ends with this packet.
    pub end_of_frame: bool,
    /// Names a template of the structure, 0..=63.
    pub template_id: u8,
    /// A running number of frames.
    pub frame_number: u16,
    /// The frame's layer; `None` while no structure has come, or not the one that the frame was made with.
    pub layer: Option<Layer>,
    /// From this frame a receiver may go up to its layer: the layer's decode target needs nothing before it that the
    /// layers below do not need as well.
    pub switching_up_point: bool,
    /// The packet carries a new structure, as the first of a key frame does.
    pub has_structure: bool,
    /// Which decode targets are still sent, bit by bit, when this changes.
    pub active_decode_targets: Option<u32>,
}

/// Reads the descriptors of one stream and keeps the structure that they refer to.
#[derive(Debug, Clone, Default)]
pub struct DependencyReader {
    structure: Option<TemplateStructure>,
    /// Number of the frame that brought the structure.
    since: u16,
}

impl DependencyReader {
    /// A reader that has seen no structure.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The structure in use.
    #[must_use]
    pub fn structure(&self) -> Option<&TemplateStructure> {
        self.structure.as_ref()
    }

    /// Reads the extension of a packet. A structure that comes late, behind a newer one, is used for its own frame
    /// only.
    ///
    /// # Errors
    /// [`Malformed`] when the extension ends within a field or a structure contradicts itself; the structure in use
    /// stays.
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
        let behind = self.since.wrapping_sub(frame_number);
        if self.structure.is_some() && (1..LATE_FRAMES).contains(&behind) {
            return;
        }
        self.structure = Some(structure);
        self.since = frame_number;
    }
}

/// The flags of `extended_descriptor_fields` that matter here. The frame's own references and chains, which the last
/// two flags announce, stand behind all that is read.
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
) -> Result<[Indication; MAX_DECODE_TARGETS], Malformed> {
    let mut indications = [Indication::NotPresent; MAX_DECODE_TARGETS];
    for indication in indications.iter_mut().take(targets) {
        *indication = Indication::read(bits)?;
    }
    Ok(indications)
}

/// Index of template `id` in a structure whose first template has the id `offset`.
fn template_index(id: u8, offset: u8) -> usize {
    usize::from((id + TEMPLATE_IDS - offset) % TEMPLATE_IDS)
}
