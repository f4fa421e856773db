//! How long the last picture is forwarded although the budget is too small for it.

use crate::constants::allocator::{LAST, LAST_WAIT};
use crate::time::Micros;

/// A short fall does not pause the last picture: what is sent lets the estimate grow, and without it only probes do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastPicture {
    /// Since when nothing fits.
    short: Option<Micros>,
}

impl LastPicture {
    /// Something fits.
    pub(super) const fn fits(&mut self) {
        self.short = None;
    }

    /// Whether the lowest layers of a stream are still forwarded.
    pub(super) fn lasts(&mut self, now: Micros, budget: u64, bitrate: u64) -> bool {
        let short = *self.short.get_or_insert(now);
        bitrate * LAST / 100 <= budget && now.since(short) < LAST_WAIT
    }
}
