//! When to ask a producer for a key frame.

use crate::api::Micros;

/// The time between two requests to one producer.
const INTERVAL_MICROS: u64 = 1_000_000;
/// Requests without an answer before it is left to the next who wants one.
const MAX_TRIES: u8 = 5;

/// Merges the wish of all consumers for a key frame into at most one request (PLI or FIR) a second.
#[derive(Debug, Clone, Default)]
pub struct KeyFrameRequests {
    wanted: bool,
    last_sent: Option<Micros>,
    tries: u8,
}

impl KeyFrameRequests {
    /// Nobody wants any.
    #[must_use]
    pub const fn new() -> Self {
        Self { wanted: false, last_sent: None, tries: 0 }
    }

    /// Someone wants a key frame; whether a request is to be sent at once. Else [`Self::poll`] will say when.
    #[must_use]
    pub fn request(&mut self, now: Micros) -> bool {
        self.wanted = true;
        self.tries = 0;
        self.poll(now)
    }

    /// Whether a request is to be sent now: one that had to wait, or again because no key frame came.
    #[must_use]
    pub fn poll(&mut self, now: Micros) -> bool {
        if !self.wanted || self.last_sent.is_some_and(|sent| now.since(sent) < INTERVAL_MICROS) {
            return false;
        }
        if self.tries == MAX_TRIES {
            self.wanted = false;
            return false;
        }
        self.tries += 1;
        self.last_sent = Some(now);
        true
    }

    /// A key frame begins: whoever wanted one has it.
    pub const fn key_frame_arrived(&mut self) {
        self.wanted = false;
    }

    /// Whether a key frame is still awaited.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.wanted
    }
}
