//! Throttling of key frame requests.

use crate::api::Micros;

/// Minimum time between two requests to one producer.
const INTERVAL_MICROS: u64 = 1_000_000;
/// Unanswered requests before giving up until the next consumer needs a key frame.
const MAX_TRIES: u8 = 5;

/// Merges the key frame requests of all consumers into at most one request (PLI or FIR) a second.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyFrameRequests {
    wanted: bool,
    last_sent: Option<Micros>,
    tries: u8,
}

impl KeyFrameRequests {
    /// No key frame is needed yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            wanted: false,
            last_sent: None,
            tries: 0,
        }
    }

    /// Notes that a consumer needs a key frame. Returns whether to send a request now; if not, [`Self::poll`] tells
    /// when.
    #[must_use]
    pub(crate) fn request(&mut self, now: Micros) -> bool {
        self.wanted = true;
        self.tries = 0;
        self.poll(now)
    }

    /// Whether to send a request now: a delayed one, or a repetition because no key frame arrived.
    #[must_use]
    pub(crate) fn poll(&mut self, now: Micros) -> bool {
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

    /// Ends the request: a key frame has started.
    pub(crate) const fn key_frame_arrived(&mut self) {
        self.wanted = false;
    }

    /// Whether a key frame is still needed.
    #[must_use]
    pub(crate) const fn is_wanted(&self) -> bool {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn the_first_request_is_sent_at_once() {
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
    fn a_key_frame_ends_delayed_requests() {
        let mut requests = KeyFrameRequests::new();
        assert!(requests.request(Micros(0)));
        assert!(!requests.request(Micros(200_000)));
        requests.key_frame_arrived();
        assert!(!requests.is_wanted());
        assert!(!requests.poll(Micros(SECOND)));
    }

    #[test]
    fn a_request_is_repeated_up_to_five_times() {
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
