//! Keeps the VP8 picture id, TL0PICIDX and KEYIDX continuous for a receiver when the source switches or frames are skipped.
//!
//! Rules:
//! - An id that is sent is the id of the source minus an offset.
//! - The offset changes at a switch, so that the first frame of the new source follows the last frame sent. The offset
//!   of the picture id also grows by one for each frame skipped on purpose: a receiver would treat a gap as loss
//!   and wait.
//! - A gap from packet loss in the source stays a gap, so that a late frame still has its id.
//! - A late packet gets the offset of its frame.

use crate::vp8::{PictureId, Vp8Descriptor, Vp8Ids};

/// Number of newest pictures whose offsets are kept. A power of two, and half the range of a 7-bit picture id.
const HISTORY: usize = 64;

/// History entry of a skipped picture. Offsets have 15 bits and cannot have this value.
const SKIPPED: u16 = u16::MAX;

/// Values of KEYIDX.
const KEY_IDX_RANGE: u8 = 32;

/// The rewriting state of one VP8 consumer.
#[derive(Debug, Clone)]
pub struct Vp8Rewriter {
    source: Option<Source>,
    /// The newest ids sent before the last switch.
    last_sent: Option<SentIds>,
}

#[derive(Debug, Clone, Copy)]
struct SentIds {
    picture_id: u16,
    tl0_pic_idx: u8,
    key_idx: u8,
}

/// The state of the source since the last switch.
#[derive(Debug, Clone)]
struct Source {
    newest: PictureId,
    offset: u16,
    /// Offset of each of the newest pictures, or [`SKIPPED`], indexed by the picture id modulo the length.
    offsets: [u16; HISTORY],
    newest_tl0: u8,
    tl0_offset: u8,
    newest_key: u8,
    key_offset: u8,
}

impl Default for Vp8Rewriter {
    fn default() -> Self {
        Self::new()
    }
}

impl Vp8Rewriter {
    /// Creates a rewriter. The first source keeps its ids.
    #[must_use]
    pub fn new() -> Self {
        Self {
            source: None,
            last_sent: None,
        }
    }

    /// Call this before packets of another source, or of the same source after a pause. Their first picture gets the id
    /// after the newest id sent.
    pub fn on_switch(&mut self) {
        if let Some(source) = self.source.take() {
            self.last_sent = Some(source.newest_sent());
        }
    }

    /// Returns the ids to send a packet with; `None` when it cannot be sent, because its picture was skipped or is too
    /// old for the history. A descriptor without a picture id keeps its ids.
    pub fn rewrite(&mut self, descriptor: &Vp8Descriptor) -> Option<Vp8Ids> {
        let Some(picture_id) = descriptor.picture_id else {
            return Some(Vp8Ids {
                picture_id: None,
                tl0_pic_idx: descriptor.tl0_pic_idx,
                key_idx: descriptor.key_idx,
            });
        };
        let source = self.source_for(picture_id, descriptor);
        source.advance_to(picture_id);
        let offset = source.offset_of(picture_id)?;
        Some(Vp8Ids {
            picture_id: Some(subtract(picture_id, offset)),
            tl0_pic_idx: descriptor.tl0_pic_idx.map(|tl0| source.rewrite_tl0(tl0)),
            key_idx: descriptor.key_idx.map(|key| source.rewrite_key(key)),
        })
    }

    /// Records that the picture of a packet is skipped on purpose. Either all packets of a picture are skipped or none.
    pub fn skip(&mut self, descriptor: &Vp8Descriptor) {
        let Some(picture_id) = descriptor.picture_id else {
            return;
        };
        // Before the first picture no id was sent, so there is no gap to close.
        let Some(source) = &mut self.source else {
            return;
        };
        if source.advance_to(picture_id) {
            source.offset = (source.offset + 1) & 0x7fff;
            source.remember(picture_id.value, SKIPPED);
        }
    }

    fn source_for(&mut self, picture_id: PictureId, descriptor: &Vp8Descriptor) -> &mut Source {
        let last_sent = self.last_sent;
        self.source.get_or_insert_with(|| {
            let tl0 = descriptor.tl0_pic_idx.unwrap_or_default();
            let key = descriptor.key_idx.unwrap_or_default();
            let (offset, tl0_offset, key_offset) = last_sent.map_or((0, 0, 0), |last| {
                let picture_offset = picture_id
                    .value
                    .wrapping_sub(last.picture_id.wrapping_add(1))
                    & 0x7fff;
                (
                    picture_offset,
                    tl0.wrapping_sub(last.tl0_pic_idx.wrapping_add(1)),
                    key.wrapping_sub(last.key_idx.wrapping_add(1)),
                )
            });
            // Packets from before the switch do not belong to this source: they have no id.
            let mut offsets = [SKIPPED; HISTORY];
            if let Some(entry) = offsets.get_mut(usize::from(picture_id.value) % HISTORY) {
                *entry = offset;
            }
            Source {
                newest: picture_id,
                offset,
                offsets,
                newest_tl0: tl0,
                tl0_offset,
                newest_key: key,
                key_offset,
            }
        })
    }
}

impl Source {
    /// Advances to a picture if it is newer than all before. The pictures in between count as lost, not as skipped.
    /// Returns whether it was newer.
    fn advance_to(&mut self, picture_id: PictureId) -> bool {
        let ahead = distance(self.newest.value, picture_id);
        if ahead <= 0 {
            return false;
        }
        let lost = (ahead as usize - 1).min(HISTORY - 1) as u16;
        for back in (0..=lost).rev() {
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
        (known && offset != SKIPPED).then_some(offset)
    }

    fn rewrite_tl0(&mut self, tl0: u8) -> u8 {
        if tl0.wrapping_sub(self.newest_tl0) as i8 > 0 {
            self.newest_tl0 = tl0;
        }
        tl0.wrapping_sub(self.tl0_offset)
    }

    /// Counts modulo 32.
    fn rewrite_key(&mut self, key: u8) -> u8 {
        let ahead = key.wrapping_sub(self.newest_key) & (KEY_IDX_RANGE - 1);
        if ahead < KEY_IDX_RANGE / 2 {
            self.newest_key = key;
        }
        key.wrapping_sub(self.key_offset) & (KEY_IDX_RANGE - 1)
    }

    /// The newest ids sent. If the newest picture was skipped, the offset already accounts for it.
    fn newest_sent(&self) -> SentIds {
        SentIds {
            picture_id: subtract(self.newest, self.offset),
            tl0_pic_idx: self.newest_tl0.wrapping_sub(self.tl0_offset),
            key_idx: self.newest_key.wrapping_sub(self.key_offset),
        }
    }
}

/// Distance from `newest` to `picture_id` in the range of its width; negative when older.
fn distance(newest: u16, picture_id: PictureId) -> i32 {
    let unused_bits = if picture_id.wide { 1 } else { 9 };
    let ahead = picture_id.value.wrapping_sub(newest) << unused_bits;
    i32::from(ahead as i16 >> unused_bits)
}

/// Subtracts an offset from a picture id, in the range of its width.
fn subtract(picture_id: PictureId, offset: u16) -> u16 {
    picture_id.value.wrapping_sub(offset) & if picture_id.wide { 0x7fff } else { 0x7f }
}
