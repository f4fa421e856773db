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
        Self {
            wanted: false,
            last_sent: None,
            tries: 0,
        }
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
        if !self.wanted
            || self
                .last_sent
                .is_some_and(|sent| now.since(sent) < INTERVAL_MICROS)
        {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn the_first_request_goes_at_once() {
        assert!(KeyFrameRequests::new().request(Micros(0)));
    }

    #[test]
    fn requests_within_a_second_become_one() {
        let mut requests = KeyFrameRequests::new();
        assert!(requests.request(Micros(0)));
        requests.key_frame_arrived();
        assert!(!requests.request(Micros(200_000)));
        assert!(!requests.request(Micros(400_000)));
        assert!(!requests.poll(Micros(SECOND - 1)));
        assert!(requests.poll(Micros(SECOND)));
        assert!(!requests.poll(Micros(SECOND + 10_000)));
    }

    #[test]
    fn a_key_frame_answers_those_that_wait() {
        let mut requests = KeyFrameRequests::new();
        assert!(requests.request(Micros(0)));
        assert!(!requests.request(Micros(200_000)));
        requests.key_frame_arrived();
        assert!(!requests.is_wanted());
        assert!(!requests.poll(Micros(SECOND)));
    }

    #[test]
    fn asks_again_five_times_at_most() {
        let mut requests = KeyFrameRequests::new();
        let asked = usize::from(requests.request(Micros(0)));
        let again = (1..2_000)
            .filter(|tick| requests.poll(Micros(tick * 10_000)))
            .count();
        assert_eq!(asked + again, 5);
        assert!(!requests.is_wanted());
        assert!(requests.request(Micros(30 * SECOND)));
    }
}
