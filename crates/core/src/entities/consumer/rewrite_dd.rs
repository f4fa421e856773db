//! The dependency descriptor in a consumer's packets.

use hubbub_codec::Layer;
use hubbub_codec::dependency_descriptor::{TemplateStructure, write_active_targets};
use hubbub_wire::ExtensionKind;

use crate::entities::header_extensions::tag;

/// Maximum length of a rewritten descriptor, bytes.
pub(super) const MAX_DESCRIPTOR: usize = 255;

/// Whether a stored extension is a dependency descriptor.
pub(super) const fn is_descriptor(stored: u8) -> bool {
    stored == tag(ExtensionKind::DependencyDescriptor)
}

/// Writes a descriptor whose active decode targets are those up to a layer, so that the receiver does not wait for others.
/// Every packet says so, because a receiver may miss any of them. Returns the length.
pub(super) fn limit_targets(
    descriptor: &[u8],
    limit: (&TemplateStructure, Layer),
    out: &mut [u8],
) -> Option<usize> {
    let (structure, layer) = limit;
    let active = |structure: &TemplateStructure| structure.targets_up_to(layer);
    write_active_targets(descriptor, structure, active, out)
}
