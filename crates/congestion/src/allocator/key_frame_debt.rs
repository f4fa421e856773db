//! The key frames that changes of the encoding have put into the queue.

use crate::constants::allocator::{BURST, KEY_FRAME};
use crate::time::{Micros, SECOND};

/// Bits of a key frame of an encoding with this bitrate, without what the encoding would send anyway.
pub(super) const fn bits(bitrate: u64) -> u64 {
    bitrate * KEY_FRAME / SECOND
}

/// Bits of key frames that may wait in the queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyFrameDebt {
    bits: u64,
    drained: Micros,
}

impl KeyFrameDebt {
    /// Lets the queue drain at `spare` bit/s.
    pub(super) fn drain(&mut self, now: Micros, spare: u64) {
        let drained = now.since(self.drained).saturating_mul(spare) / SECOND;
        self.bits = self.bits.saturating_sub(drained);
        self.drained = now;
    }

    /// Adds a key frame.
    pub(super) const fn add(&mut self, key_frame: u64) {
        self.bits += key_frame;
    }

    /// Whether a key frame may follow the others and `pending` bits. The first always may: nothing but time makes it smaller.
    pub(super) const fn allows(&self, budget: u64, pending: u64, key_frame: u64) -> bool {
        let before = self.bits + pending;
        before == 0 || key_frame == 0 || before + key_frame <= budget * BURST / SECOND
    }
}
