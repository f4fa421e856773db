//! Throttling of key frame requests.

use crate::api::Micros;

/// Minimum time between two requests. Encoders such as libwebrtc's make no key frames in shorter intervals.
const INTERVAL_MICROS: u64 = 300_000;
/// Time after which a request is repeated if no key frame arrived.
const REPEAT_MICROS: u64 = 1_000_000;
/// Requests that may follow each other in the minimum interval.
const BURST: u64 = 4;
/// Time after which one more request may be sent. With the burst, at most 12 are sent in any 10 seconds.
const REFILL_MICROS: u64 = 1_250_000;
/// Unanswered requests before giving up until the next consumer needs a key frame.
const MAX_TRIES: u8 = 5;

/// Merges what all consumers ask for into few requests (PLI or FIR) for one encoding: a key frame costs its sender and
/// every receiver several times the bytes of another frame.
///
/// A request is sent at once if it is the first for a while, then at most every 300 ms and 12 times in 10 seconds.
#[derive(Debug, Clone)]
pub(crate) struct KeyFrameRequests {
    wanted: bool,
    /// A consumer has asked since the last request was sent.
    is_new: bool,
    /// A key frame has started since the last request was sent.
    is_answered: bool,
    /// The bound of 12 requests in 10 seconds does not apply to the next one.
    is_exempt: bool,
    last_sent: Option<Micros>,
    /// The requests that the rate limit allowed after the last one, in units of [`REFILL_MICROS`].
    allowance: u64,
    tries: u8,
}

impl KeyFrameRequests {
    /// No key frame is needed yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            wanted: false,
            is_new: false,
            is_answered: false,
            is_exempt: false,
            last_sent: None,
            allowance: BURST * REFILL_MICROS,
            tries: 0,
        }
    }

    /// Notes that a consumer asks for a key frame that starts from now on. [`Self::poll`] tells when to request it.
    pub(crate) const fn request(&mut self) {
        self.wanted = true;
        self.is_new = true;
        self.tries = 0;
    }

    /// Whether a key frame is needed that has not started.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Notes that a consumer waits for a key frame, whether or not it was requested already.
    pub(crate) const fn wait(&mut self) {
        if !self.wanted {
            self.request();
        }
    }

    /// As [`Self::wait`], for a consumer that receives more than it should: its request may exceed the bound of 12 in 10
    /// seconds.
    pub(crate) const fn wait_for_less(&mut self) {
        self.wait();
        self.is_exempt = true;
    }

    /// Whether to send a request now: a new or delayed one, or a repetition because no key frame arrived.
    ///
    /// `rtt` is the round-trip time to the client in microseconds: a consumer that asks while the answer to the last
    /// request is under way gets that.
    #[must_use]
    pub(crate) fn poll(&mut self, now: Micros, rtt: u64) -> bool {
        if !self.wanted {
            return false;
        }
        let interval = match (self.is_new, self.is_answered) {
            (true, true) => INTERVAL_MICROS,
            (true, false) => rtt.clamp(INTERVAL_MICROS, REPEAT_MICROS),
            (false, _) => REPEAT_MICROS,
        };
        let elapsed = self.last_sent.map_or(u64::MAX, |sent| now.since(sent));
        let allowance = self
            .allowance
            .saturating_add(elapsed)
            .min(BURST * REFILL_MICROS);
        if elapsed < interval || (allowance < REFILL_MICROS && !self.is_exempt) {
            return false;
        }
        if self.tries == MAX_TRIES {
            self.wanted = false;
            return false;
        }
        self.allowance = allowance.saturating_sub(REFILL_MICROS);
        self.is_exempt = false;
        self.last_sent = Some(now);
        self.is_new = false;
        self.is_answered = false;
        self.tries += 1;
        true
    }

    /// Ends the request: a key frame has started.
    pub(crate) const fn key_frame_arrived(&mut self) {
        self.wanted = false;
        self.is_exempt = false;
        self.is_answered = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: u64 = 60_000;

    const fn ms(n: u64) -> Micros {
        Micros(n * 1_000)
    }

    /// Polls every 10 ms in a range of milliseconds. Returns when a request was sent.
    fn sent(requests: &mut KeyFrameRequests, range: std::ops::Range<u64>) -> Vec<u64> {
        range
            .step_by(10)
            .filter(|at| requests.poll(ms(*at), RTT))
            .collect()
    }

    #[test]
    fn the_first_request_is_sent_at_once() {
        let mut requests = KeyFrameRequests::new();
        requests.request();
        assert!(requests.poll(ms(0), RTT));
    }

    #[test]
    fn nothing_is_sent_unless_a_key_frame_is_wanted() {
        assert_eq!(sent(&mut KeyFrameRequests::new(), 0..5_000), []);
    }

    #[test]
    fn requests_after_a_key_frame_are_300_ms_apart() {
        let mut requests = KeyFrameRequests::new();
        requests.request();
        assert_eq!(sent(&mut requests, 0..50), [0]);
        requests.key_frame_arrived();
        requests.request();
        assert_eq!(sent(&mut requests, 50..600), [300]);
    }

    #[test]
    fn a_request_waits_for_the_answer_that_is_under_way() {
        let mut requests = KeyFrameRequests::new();
        requests.request();
        assert!(requests.poll(ms(0), 500_000));
        requests.request();
        assert!(!requests.poll(ms(490), 500_000));
        assert!(requests.poll(ms(500), 500_000));
    }

    #[test]
    fn a_key_frame_ends_delayed_requests() {
        let mut requests = KeyFrameRequests::new();
        requests.request();
        assert_eq!(sent(&mut requests, 0..50), [0]);
        requests.request();
        requests.key_frame_arrived();
        assert!(!requests.wanted);
        assert_eq!(sent(&mut requests, 50..2_000), []);
    }

    #[test]
    fn a_waiting_consumer_changes_nothing_while_the_request_is_unanswered() {
        let mut requests = KeyFrameRequests::new();
        requests.wait();
        assert_eq!(sent(&mut requests, 0..50), [0]);
        requests.wait();
        assert_eq!(sent(&mut requests, 50..1_050), [1_000]);
    }

    #[test]
    fn an_unanswered_request_is_sent_five_times_at_most() {
        let mut requests = KeyFrameRequests::new();
        requests.request();
        let times = sent(&mut requests, 0..20_000);
        assert_eq!(times.len(), 5);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000));
        assert!(!requests.wanted);
        requests.wait();
        assert_eq!(sent(&mut requests, 30_000..30_010), [30_000]);
    }

    #[test]
    fn a_consumer_that_should_receive_less_is_exempt_from_the_bound() {
        let mut requests = KeyFrameRequests::new();
        let mut times = Vec::new();
        for at in (0..6_000).step_by(10) {
            requests.wait_for_less();
            if requests.poll(ms(at), RTT) {
                requests.key_frame_arrived();
                times.push(at);
            }
        }
        let every_300_ms: Vec<u64> = (0..6_000).step_by(300).collect();
        assert_eq!(times, every_300_ms);
    }

    #[test]
    fn a_storm_of_requests_is_limited_to_twelve_in_ten_seconds() {
        let mut requests = KeyFrameRequests::new();
        let times: Vec<u64> = (0..30_000)
            .step_by(10)
            .filter(|at| {
                requests.request();
                let is_sent = requests.poll(ms(*at), RTT);
                if is_sent {
                    requests.key_frame_arrived();
                }
                is_sent
            })
            .collect();
        assert_eq!(times[..5], [0, 300, 600, 900, 1_250]);
        for (index, first) in times.iter().enumerate() {
            let within = times[index..].iter().filter(|at| **at <= first + 10_000);
            assert!(within.count() <= 12, "{times:?}");
        }
        // Nobody waits much longer than a second.
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 1_250));
    }
}
