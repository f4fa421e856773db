//! The noise floor of a microphone.

use crate::api::Micros;

/// Nobody speaks this long without a pause.
const WINDOW_US: u64 = 15_000_000;

/// The lowest loudness of the last 15 to 30 seconds. What stays at one level for longer is noise, however loud.
#[derive(Debug, Clone)]
pub(super) struct NoiseFloor {
    /// When the current window started; `None` before the first level.
    since: Option<Micros>,
    /// The lowest of the current window.
    lowest: u8,
    /// The lowest of the window before; 0 before there was one.
    former: u8,
}

impl NoiseFloor {
    pub(super) const fn new() -> Self {
        Self {
            since: None,
            lowest: 0,
            former: 0,
        }
    }

    /// Takes a loudness into account.
    pub(super) fn record(&mut self, now: Micros, loudness: u8) {
        match self.since {
            Some(since) if now.since(since) < WINDOW_US => {
                self.lowest = self.lowest.min(loudness);
                return;
            }
            Some(_) => self.former = self.lowest,
            None => {}
        }
        self.since = Some(now);
        self.lowest = loudness;
    }

    pub(super) fn loudness(&self) -> u8 {
        self.lowest.min(self.former)
    }
}
