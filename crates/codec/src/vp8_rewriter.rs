//! Keeps VP8's running numbers continuous for a receiver when the source is switched or frames are left out.
//!
//! Rules:
//! - A number that goes out is the source's number less an offset.
//! - The offset changes at a switch, so that the first frame of the new source follows the last that went out, and
//!   (picture id only) by one for each frame left out on purpose: a receiver takes a gap for loss and waits.
//! - A gap that loss left in the source stays a gap, so that the late frame still has its number.
//! - A late packet gets the offset that held for its frame.

use crate::vp8::{PictureId, Vp8Descriptor, Vp8Ids};

/// For how many pictures behind the newest the offset is remembered; a power of two, and all that 7 bits can tell.
const HISTORY: usize = 64;

/// In the history: the picture was left out. No offset is as large, they have 15 bits.
const LEFT_OUT: u16 = u16::MAX;

/// The state of one consumer of VP8.
#[derive(Debug, Clone)]
pub struct Vp8Rewriter {
    source: Option<Source>,
    /// The newest numbers that went out, or would have, up to the last switch.
    last_out: Option<Out>,
}

#[derive(Debug, Clone, Copy)]
struct Out {
    picture_id: u16,
    tl0_pic_idx: u8,
}

/// What is known of the source since the last switch.
#[derive(Debug, Clone)]
struct Source {
    newest: PictureId,
    offset: u16,
    /// Offset of each of the newest pictures, or [`LEFT_OUT`], at the picture id modulo the length.
    offsets: [u16; HISTORY],
    newest_tl0: u8,
    tl0_offset: u8,
}

impl Default for Vp8Rewriter {
    fn default() -> Self {
        Self::new()
    }
}

impl Vp8Rewriter {
    /// A rewriter that has sent nothing: the first source keeps its numbers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            source: None,
            last_out: None,
        }
    }

    /// The packets that follow come from another source, or from the same one after a pause. Their first picture is
    /// numbered next to the newest that went out.
    pub fn on_switch(&mut self) {
        if let Some(source) = self.source.take() {
            self.last_out = Some(source.newest_out());
        }
    }

    /// The numbers with which a packet goes out; `None` when it cannot: its picture was left out, or is so old that
    /// its number is forgotten. A descriptor without picture id keeps what it has.
    pub fn rewrite(&mut self, descriptor: &Vp8Descriptor) -> Option<Vp8Ids> {
        let Some(picture_id) = descriptor.picture_id else {
            return Some(Vp8Ids {
                picture_id: None,
                tl0_pic_idx: descriptor.tl0_pic_idx,
            });
        };
        let tl0_pic_idx = descriptor.tl0_pic_idx;
        let source = self.source_for(picture_id, tl0_pic_idx);
        source.advance_to(picture_id);
        let offset = source.offset_of(picture_id)?;
        let tl0_pic_idx = tl0_pic_idx.map(|tl0| source.rewrite_tl0(tl0));
        Some(Vp8Ids {
            picture_id: Some(less(picture_id, offset)),
            tl0_pic_idx,
        })
    }

    /// Notes that a packet's picture is left out on purpose. Of one picture either every packet is left out or none.
    pub fn leave_out(&mut self, descriptor: &Vp8Descriptor) {
        let Some(picture_id) = descriptor.picture_id else {
            return;
        };
        // Before the first picture nothing is numbered yet, so nothing needs closing up.
        let Some(source) = &mut self.source else {
            return;
        };
        if source.advance_to(picture_id) {
            source.offset = (source.offset + 1) & 0x7fff;
            source.remember(picture_id.value, LEFT_OUT);
        }
    }

    fn source_for(&mut self, picture_id: PictureId, tl0_pic_idx: Option<u8>) -> &mut Source {
        let last_out = self.last_out;
        self.source.get_or_insert_with(|| {
            let tl0 = tl0_pic_idx.unwrap_or_default();
            let (offset, tl0_offset) = last_out.map_or((0, 0), |last| {
                let picture_offset = picture_id
                    .value
                    .wrapping_sub(last.picture_id.wrapping_add(1))
                    & 0x7fff;
                (
                    picture_offset,
                    tl0.wrapping_sub(last.tl0_pic_idx.wrapping_add(1)),
                )
            });
            // Packets from before the switch are not of this source's pictures: they have no number.
            let mut offsets = [LEFT_OUT; HISTORY];
            if let Some(entry) = offsets.get_mut(usize::from(picture_id.value) % HISTORY) {
                *entry = offset;
            }
            Source {
                newest: picture_id,
                offset,
                offsets,
                newest_tl0: tl0,
                tl0_offset,
            }
        })
    }
}

impl Source {
    /// Moves to a picture that is newer than any before; the pictures skipped are taken for lost, not left out.
    /// Returns whether it was newer.
    fn advance_to(&mut self, picture_id: PictureId) -> bool {
        let ahead = distance(self.newest.value, picture_id);
        if ahead <= 0 {
            return false;
        }
        let skipped = (ahead as usize - 1).min(HISTORY - 1) as u16;
        for back in (0..=skipped).rev() {
            self.remember(picture_id.value.wrapping_sub(back), self.offset);
        }
        self.newest = picture_id;
        true
    }

    fn remember(&mut self, value: u16, offset: u16) {
        if let Some(entry) = self.offsets.get_mut(usize::from(value) % HISTORY) {
            *entry = offset;
        }
    }

    fn offset_of(&self, picture_id: PictureId) -> Option<u16> {
        let behind = -distance(self.newest.value, picture_id);
        let known = usize::try_from(behind).is_ok_and(|behind| behind < HISTORY);
        let offset = self
            .offsets
            .get(usize::from(picture_id.value) % HISTORY)
            .copied()?;
        (known && offset != LEFT_OUT).then_some(offset)
    }

    fn rewrite_tl0(&mut self, tl0: u8) -> u8 {
        if tl0.wrapping_sub(self.newest_tl0) as i8 > 0 {
            self.newest_tl0 = tl0;
        }
        tl0.wrapping_sub(self.tl0_offset)
    }

    /// The newest numbers that went out. A newest picture that was left out has already moved the offset past itself.
    fn newest_out(&self) -> Out {
        Out {
            picture_id: less(self.newest, self.offset),
            tl0_pic_idx: self.newest_tl0.wrapping_sub(self.tl0_offset),
        }
    }
}

/// How far `picture_id` is ahead of `newest` in the numbers of its width; negative when behind.
fn distance(newest: u16, picture_id: PictureId) -> i32 {
    let unused_bits = if picture_id.wide { 1 } else { 9 };
    let ahead = picture_id.value.wrapping_sub(newest) << unused_bits;
    i32::from(ahead as i16 >> unused_bits)
}

/// A picture id less an offset, in its width.
fn less(picture_id: PictureId, offset: u16) -> u16 {
    picture_id.value.wrapping_sub(offset) & if picture_id.wide { 0x7fff } else { 0x7f }
}
