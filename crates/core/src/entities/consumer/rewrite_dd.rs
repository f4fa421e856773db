//! The dependency descriptor in a consumer's packets.

use hubbub_codec::Layer;
use hubbub_codec::dependency_descriptor::{
    TemplateStructure, frame_number, write_active_targets, write_frame_number,
};
use hubbub_wire::ExtensionKind;

use crate::entities::header_extensions::tag;

/// Maximum length of a rewritten descriptor, bytes.
pub(super) const MAX_DESCRIPTOR: usize = 255;

/// Whether a stored extension is a dependency descriptor.
pub(super) const fn is_descriptor(stored: u8) -> bool {
    stored == tag(ExtensionKind::DependencyDescriptor)
}

/// What a consumer's copy of a descriptor says instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rewritten<'a> {
    /// Continues after a switch. Dropped frames leave gaps: later ones refer to earlier ones by the distance of their
    /// numbers.
    pub(super) frame_number: u16,
    /// The layers up to which decode targets are active, if they are limited, and the structure of the frame. Every packet
    /// says so, because a receiver may miss any of them; otherwise it would wait for the other layers.
    pub(super) limit: Option<(&'a TemplateStructure, Layer)>,
}

impl Rewritten<'_> {
    /// Writes the copy. Returns its length; `None` if it is the original.
    pub(super) fn write(&self, descriptor: &[u8], out: &mut [u8]) -> Option<usize> {
        let limited = self.limit.and_then(|(structure, layer)| {
            let active = |structure: &TemplateStructure| structure.targets_up_to(layer);
            write_active_targets(descriptor, structure, active, out)
        });
        if limited.is_none() && frame_number(descriptor) == Some(self.frame_number) {
            return None;
        }
        let len = match limited {
            Some(len) => len,
            None => {
                out.get_mut(..descriptor.len())?.copy_from_slice(descriptor);
                descriptor.len()
            }
        };
        write_frame_number(out, self.frame_number);
        Some(len)
    }
}
