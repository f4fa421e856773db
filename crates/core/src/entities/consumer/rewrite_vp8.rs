//! The ids of VP8 in a consumer's packets.

use hubbub_codec::vp8::Vp8Descriptor;
use hubbub_codec::vp8_rewriter::Vp8Rewriter;

/// Rewrites picture id and TL0PICIDX of VP8, so that they continue after a switch. `None`: the picture is too old to be
/// numbered.
pub(super) fn rewrite_ids(rewriter: &mut Vp8Rewriter, payload: &mut [u8]) -> Option<()> {
    if let Ok(descriptor) = Vp8Descriptor::parse(payload) {
        let ids = rewriter.rewrite(&descriptor)?;
        descriptor.write_ids(payload, ids);
    }
    Some(())
}

/// Closes the gap that a dropped packet's picture would leave in the picture ids.
pub(super) fn skip_picture(rewriter: &mut Vp8Rewriter, payload: &[u8]) {
    if let Ok(descriptor) = Vp8Descriptor::parse(payload) {
        rewriter.skip(&descriptor);
    }
}
