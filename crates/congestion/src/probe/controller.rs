//! Decides when to probe, and at which rate.

use std::num::NonZeroU8;

use crate::constants::probe::{
    ALR_ENDED_TIMEOUT, ALR_INTERVAL, ALR_SCALE, DROP_TIMEOUT, DURATION, FIRST_SCALE, FURTHER_SCALE,
    FURTHER_THRESHOLD, LARGE_DROP, LOSS_LIMITED_SCALE, MIN_PACKETS, RESULT_TIMEOUT,
    SCALE_AFTER_DROP, SECOND_SCALE, UNCERTAINTY, WANTED_FACTOR,
};
use crate::history::ClusterId;
use crate::time::{Micros, SECOND};

/// A burst to send: at least `packets` and `bytes` at `rate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// Marks the packets of the burst.
    pub id: ClusterId,
    /// bit/s.
    pub rate: f64,
    /// The fewest packets.
    pub packets: u32,
    /// The fewest bytes.
    pub bytes: u64,
}

/// What limits the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Delay, which is stable.
    Delay,
    /// Delay or loss, which grows: a probe would add to it.
    Congestion,
    /// Loss, from which the estimate recovers.
    Loss,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Initial,
    /// A higher probe follows when the estimate exceeds `further_above`.
    Waiting {
        further_above: f64,
    },
    Complete,
}

/// The probing of a transport. Rates are bit/s.
#[derive(Debug, Clone)]
pub(crate) struct ProbeController {
    state: State,
    estimate: f64,
    /// What the receiver could use; zero when nothing is wanted.
    wanted: f64,
    limit: Limit,
    pending: [Option<f64>; 2],
    last_id: NonZeroU8,
    last_probe: Option<Micros>,
    /// Less is sent than the estimate allows.
    limited: bool,
    limited_until: Option<Micros>,
    drop_at: Micros,
    before_drop: f64,
    last_drop_probe: Option<Micros>,
}

impl ProbeController {
    pub(crate) const fn new(estimate: f64) -> Self {
        Self {
            state: State::Initial,
            estimate,
            wanted: 0.0,
            limit: Limit::Delay,
            pending: [None; 2],
            last_id: NonZeroU8::MAX,
            last_probe: None,
            limited: false,
            limited_until: None,
            drop_at: Micros(0),
            before_drop: 0.0,
            last_drop_probe: None,
        }
    }

    /// Sets what the receiver could use. The first time, this starts the initial probes; a later growth beyond the estimate
    /// probes at once if the link is not in full use.
    pub(crate) fn set_wanted(&mut self, now: Micros, wanted: f64) {
        let grew = wanted > self.wanted;
        self.wanted = wanted;
        if wanted <= 0.0 {
            self.pending = [None; 2];
        } else if self.state == State::Initial {
            let start = self.estimate;
            self.probe(
                now,
                [Some(FIRST_SCALE * start), Some(SECOND_SCALE * start)],
                true,
            );
        } else if grew && self.state == State::Complete && self.limited {
            self.probe(now, [Some(ALR_SCALE * self.estimate), None], true);
        }
    }

    /// Notes whether less is sent than the estimate allows.
    pub(crate) fn set_limited(&mut self, now: Micros, limited: bool) {
        if self.limited && !limited {
            self.limited_until = Some(now);
        }
        self.limited = limited;
    }

    pub(crate) fn set_estimate(&mut self, now: Micros, estimate: f64, limit: Limit) {
        self.limit = limit;
        if estimate < LARGE_DROP * self.estimate {
            self.drop_at = now;
            self.before_drop = self.estimate;
        }
        self.estimate = estimate;
        if let State::Waiting { further_above } = self.state
            && estimate > further_above
        {
            self.probe(now, [Some(FURTHER_SCALE * estimate), None], true);
        }
    }

    /// The queue emptied after overuse. If the estimate fell far, a probe shows whether that was a short disturbance.
    pub(crate) fn recovered(&mut self, now: Micros) {
        let was_limited = self.limited
            || self
                .limited_until
                .is_some_and(|until| now.since(until) < ALR_ENDED_TIMEOUT);
        let rate = SCALE_AFTER_DROP * self.before_drop;
        if was_limited
            && self.state == State::Complete
            && (1.0 - UNCERTAINTY) * rate > self.estimate
            && now.since(self.drop_at) < DROP_TIMEOUT
            && self
                .last_drop_probe
                .is_none_or(|last| now.since(last) > ALR_INTERVAL)
        {
            self.last_drop_probe = Some(now);
            self.probe(now, [Some(rate), None], false);
        }
    }

    /// What limited the estimate is not known any more: nothing was sent for some time, so queues are empty.
    pub(crate) fn forget_congestion(&mut self) {
        if self.limit == Limit::Congestion {
            self.limit = Limit::Delay;
        }
    }

    /// Lets time pass: ends the wait for results, repeats probes in application-limited phases.
    pub(crate) fn tick(&mut self, now: Micros) {
        let since_probe = self.last_probe.map_or(u64::MAX, |last| now.since(last));
        if matches!(self.state, State::Waiting { .. }) && since_probe > RESULT_TIMEOUT {
            self.state = State::Complete;
        }
        if self.state == State::Complete
            && self.limited
            && self.wanted > self.estimate
            && since_probe >= ALR_INTERVAL
        {
            self.probe(now, [Some(ALR_SCALE * self.estimate), None], true);
        }
    }

    /// Whether there is a probe to send.
    pub(crate) const fn has_next(&self) -> bool {
        !matches!(self.pending, [None, None])
    }

    /// The next probe to send.
    pub(crate) fn next(&mut self) -> Option<Probe> {
        let rate = self.pending.iter_mut().find_map(Option::take)?;
        self.last_id = self.last_id.checked_add(1).unwrap_or(NonZeroU8::MIN);
        Some(Probe {
            id: ClusterId(self.last_id),
            rate,
            packets: MIN_PACKETS,
            bytes: (rate * DURATION as f64 / (8 * SECOND) as f64) as u64,
        })
    }

    fn probe(&mut self, now: Micros, rates: [Option<f64>; 2], mut further: bool) {
        let mut bound = WANTED_FACTOR * self.wanted;
        match self.limit {
            Limit::Delay => {}
            Limit::Congestion => return,
            Limit::Loss => bound = bound.min(LOSS_LIMITED_SCALE * self.estimate),
        }
        let mut highest = 0.0;
        let mut bounded = |rate: f64| {
            further &= rate < bound;
            highest = rate.min(bound);
            highest
        };
        let [first, second] = rates;
        // The second probe repeats the first if the bound makes them equal.
        let first = first.map(&mut bounded);
        let second = second.map(&mut bounded).filter(|rate| Some(*rate) != first);
        // Nothing higher is wanted.
        if bound <= self.estimate {
            if self.state == State::Initial {
                self.state = State::Complete;
            }
            return;
        }
        self.pending = [first, second];
        self.last_probe = Some(now);
        self.state = if further {
            State::Waiting {
                further_above: FURTHER_THRESHOLD * highest,
            }
        } else {
            State::Complete
        };
    }
}

#[cfg(test)]
mod tests;
