//! Rewriting of the active decode targets of a descriptor (RTP payload format for AV1 1.0, appendix A.4).

use super::template_structure::TemplateStructure;
use crate::Layer;
use crate::bit_reader::BitReader;
use crate::bit_writer::BitWriter;

/// Bits of the fields that every descriptor has.
const SHORT_BITS: u32 = 24;
/// Bits of the largest copied chunk.
const CHUNK: u32 = 32;

impl TemplateStructure {
    /// The decode targets up to these layers, as a bit mask.
    #[must_use]
    pub fn targets_up_to(&self, layer: Layer) -> u32 {
        let targets = (0u32..).zip(self.decode_targets());
        targets
            .filter(|(_, target)| target.at_most(layer) == **target)
            .fold(0, |mask, (index, _)| mask | 1 << index)
    }
}

/// Writes a descriptor with other active decode targets. `structure` is that of the descriptor's frame, `active` makes
/// the bit mask from it or from the structure that the descriptor carries.
///
/// Returns the length; `None` if the descriptor is malformed or does not fit.
pub fn write_active_targets(
    descriptor: &[u8],
    structure: &TemplateStructure,
    active: impl Fn(&TemplateStructure) -> u32,
    out: &mut [u8],
) -> Option<usize> {
    let mut bits = BitReader::new(descriptor);
    let mut out = BitWriter::new(out);
    out.write(bits.read(SHORT_BITS).ok()?, SHORT_BITS)?;
    if bits.left() == 0 {
        // Of the five flags, only that of the active decode targets.
        out.write(0b01000, 5)?;
        out.write(active(structure), target_count(structure))?;
        return Some(out.bytes_written());
    }
    let has_structure = bits.flag().ok()?;
    let has_active = bits.flag().ok()?;
    out.write(u32::from(has_structure), 1)?;
    out.write(1, 1)?;
    out.write(bits.read(3).ok()?, 3)?;
    let own;
    let structure = if has_structure {
        let mut end = bits.clone();
        own = TemplateStructure::parse(&mut end).ok()?;
        let len = bits.left() - end.left();
        copy(&mut bits, &mut out, len)?;
        &own
    } else {
        structure
    };
    if has_active {
        bits.read(target_count(structure)).ok()?;
    }
    out.write(active(structure), target_count(structure))?;
    let rest = bits.left();
    copy(&mut bits, &mut out, rest)?;
    Some(out.bytes_written())
}

fn target_count(structure: &TemplateStructure) -> u32 {
    structure.decode_targets().len() as u32
}

fn copy(bits: &mut BitReader<'_>, out: &mut BitWriter<'_>, mut count: usize) -> Option<()> {
    while count > 0 {
        let chunk = CHUNK.min(count as u32);
        out.write(bits.read(chunk).ok()?, chunk)?;
        count -= chunk as usize;
    }
    Some(())
}
