//! The ids of VP9 in a consumer's packets.

use hubbub_codec::SwitchedCounter;
use hubbub_codec::vp9::Vp9Descriptor;

/// Picture id and TL0PICIDX, which continue after a switch. Pictures that are dropped leave gaps: later ones refer to
/// earlier ones by the distance of their ids (RFC 9628 section 4.2).
#[derive(Debug, Default)]
pub(crate) struct Vp9Ids {
    picture_id: SwitchedCounter,
    tl0_pic_idx: SwitchedCounter,
}

impl Vp9Ids {
    pub(super) const fn on_switch(&mut self) {
        self.picture_id.on_switch();
        self.tl0_pic_idx.on_switch();
    }

    pub(super) fn rewrite(&mut self, payload: &mut [u8]) {
        let Ok(descriptor) = Vp9Descriptor::parse(payload) else {
            return;
        };
        let picture_id = descriptor.picture_id.map(|id| {
            let bits = if id.wide { 15 } else { 7 };
            self.picture_id.rewrite(id.value, bits)
        });
        let tl0_pic_idx = descriptor
            .tl0_pic_idx()
            .map(|index| self.tl0_pic_idx.rewrite(index.into(), 8) as u8);
        descriptor.write_ids(payload, picture_id, tl0_pic_idx);
    }
}
