//! Additive increase, multiplicative decrease: turns the detector's verdicts into a rate.

use crate::constants::aimd::{
    BACKOFF, DEFAULT_RTT, FRAMES_PER_SECOND, GROWTH, MAX_REDUCTION_INTERVAL, MIN_ADDITIVE_GROWTH,
    MIN_GROWTH, MIN_REDUCTION_INTERVAL, PACKET_BITS, RESPONSE_TIME, SHORT_QUEUE_ARRIVALS,
    SHORT_QUEUE_BACKOFF, THROUGHPUT_FACTOR, THROUGHPUT_OFFSET,
};
use crate::link_capacity::LinkCapacity;
use crate::time::{Micros, SECOND};
use crate::trendline::Usage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Hold,
    Increase,
}

/// The rate control. Rates are bit/s.
#[derive(Debug, Clone)]
pub(crate) struct Aimd {
    rate: f64,
    throughput: f64,
    phase: Phase,
    capacity: LinkCapacity,
    changed: Micros,
    reduced: Micros,
    rtt: u64,
    queueing: bool,
    limited: bool,
}

impl Aimd {
    pub(crate) fn new(now: Micros, rate: f64) -> Self {
        Self {
            rate,
            throughput: rate,
            phase: Phase::Hold,
            capacity: LinkCapacity::default(),
            changed: now,
            reduced: Micros(0),
            rtt: DEFAULT_RTT,
            queueing: true,
            limited: false,
        }
    }

    pub(crate) const fn rate(&self) -> f64 {
        self.rate
    }

    pub(crate) const fn set_rtt(&mut self, rtt: u64) {
        self.rtt = rtt;
    }

    /// Notes whether a long queue has to be drained after overuse.
    pub(crate) const fn set_queueing(&mut self, queueing: bool) {
        self.queueing = queueing;
    }

    /// Notes whether less is sent than the rate allows: then nothing tests a higher one, and probes have to raise it.
    pub(crate) const fn set_limited(&mut self, limited: bool) {
        self.limited = limited;
    }

    /// Replaces the rate, for example by a probe's result.
    pub(crate) const fn set_rate(&mut self, now: Micros, rate: f64) {
        self.rate = rate;
        self.changed = now;
    }

    /// Whether overuse may reduce the rate again: once per round trip, or at once if half of it does not arrive.
    pub(crate) fn may_reduce(&self, now: Micros, throughput: f64) -> bool {
        let interval = self
            .rtt
            .clamp(MIN_REDUCTION_INTERVAL, MAX_REDUCTION_INTERVAL);
        now.since(self.changed) >= interval || self.plausible(throughput) < 0.5 * self.rate
    }

    /// With a short queue, hardly less arrives than before: a lower throughput is noise of few packets.
    fn plausible(&self, throughput: f64) -> f64 {
        if self.queueing {
            throughput
        } else {
            throughput.max(SHORT_QUEUE_ARRIVALS * self.throughput)
        }
    }

    /// Keeps the rate within limits.
    pub(crate) const fn clamp(&mut self, min: f64, max: f64) {
        self.rate = self.rate.clamp(min, max);
    }

    /// Follows loss alone, as TCP does, when others fill the queue. The capacity is unknown: it is not ours alone.
    pub(crate) fn compete(&mut self, now: Micros, throughput: Option<f64>, lost: bool) {
        self.capacity = LinkCapacity::default();
        if !lost {
            self.update(now, Usage::Normal, throughput);
        } else if now.since(self.reduced) >= self.rtt {
            // It takes a round trip until a reduction shows.
            self.rate *= BACKOFF;
            self.changed = now;
            self.reduced = now;
        }
    }

    /// Applies a verdict. `throughput` is the acknowledged bitrate, if it is known. It bounds the growth, so a sender that
    /// has less to send keeps its rate.
    pub(crate) fn update(&mut self, now: Micros, usage: Usage, throughput: Option<f64>) {
        let mut throughput = throughput.unwrap_or(self.throughput);
        if usage == Usage::Over {
            throughput = self.plausible(throughput);
        }
        self.throughput = throughput;
        match usage {
            Usage::Over => self.decrease(now, throughput),
            // The queue empties: it is drained before the rate grows.
            Usage::Under => self.phase = Phase::Hold,
            Usage::Normal if self.phase == Phase::Hold => {
                self.phase = Phase::Increase;
                self.changed = now;
            }
            Usage::Normal => self.increase(now, throughput),
        }
    }

    const fn backoff(&self) -> f64 {
        if self.queueing {
            BACKOFF
        } else {
            SHORT_QUEUE_BACKOFF
        }
    }

    fn decrease(&mut self, now: Micros, throughput: f64) {
        let mut reduced = self.backoff() * throughput;
        if reduced > self.rate {
            // A throughput above the rate is a measurement of the past.
            reduced = self
                .capacity
                .estimate()
                .map_or(self.rate, |capacity| self.backoff() * capacity);
        }
        self.rate = self.rate.min(reduced);
        self.capacity.forget_if_below(throughput);
        self.capacity.overused(throughput);
        self.phase = Phase::Hold;
        self.changed = now;
        self.reduced = now;
    }

    fn increase(&mut self, now: Micros, throughput: f64) {
        self.capacity.forget_if_above(throughput);
        let limit = THROUGHPUT_FACTOR * throughput + THROUGHPUT_OFFSET;
        if self.rate < limit && !self.limited {
            let elapsed = now.since(self.changed) as f64 / SECOND as f64;
            let growth = if self.is_near_capacity() {
                self.additive_growth() * elapsed
            } else {
                (self.rate * (GROWTH.powf(elapsed.min(1.0)) - 1.0)).max(MIN_GROWTH)
            };
            self.rate = (self.rate + growth).min(limit);
        }
        self.changed = now;
    }

    /// Whether the rate may overuse the link soon. Once a queue is drained, less than the next decrease would leave is far
    /// from it.
    fn is_near_capacity(&self) -> bool {
        self.capacity
            .estimate()
            .is_some_and(|capacity| self.queueing || self.rate >= SHORT_QUEUE_BACKOFF * capacity)
    }

    /// Growth per second near the capacity: one average packet per response time, which the queue shows before the next.
    fn additive_growth(&self) -> f64 {
        let frame = self.rate / FRAMES_PER_SECOND;
        let packet = frame / (frame / PACKET_BITS).ceil().max(1.0);
        let response = 2.0 * (self.rtt + RESPONSE_TIME) as f64 / SECOND as f64;
        (packet / response).max(MIN_ADDITIVE_GROWTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Micros {
        Micros(n * SECOND)
    }

    #[test]
    fn overuse_reduces_the_rate_below_the_throughput() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        aimd.update(second(1), Usage::Over, Some(800_000.0));
        assert!((aimd.rate() - 680_000.0).abs() < 1.0);
    }

    #[test]
    fn few_packets_beside_a_short_queue_are_no_deep_fall() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        aimd.update(second(1), Usage::Normal, Some(1_000_000.0));
        aimd.set_queueing(false);
        aimd.update(second(2), Usage::Over, Some(300_000.0));
        assert!((aimd.rate() - 0.92 * 800_000.0).abs() < 1.0);
        assert!(
            !aimd.may_reduce(second(2), 300_000.0),
            "once per round trip"
        );
        aimd.update(second(3), Usage::Over, Some(300_000.0));
        assert!((aimd.rate() - 0.92 * 640_000.0).abs() < 1.0);
        aimd.set_queueing(true);
        aimd.update(second(4), Usage::Over, Some(300_000.0));
        assert!((aimd.rate() - 0.85 * 300_000.0).abs() < 1.0);
    }

    #[test]
    fn the_rate_grows_by_8_percent_a_second_while_the_capacity_is_unknown() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        for n in 0..=2 {
            aimd.update(second(n), Usage::Normal, Some(1_000_000.0));
        }
        assert!((aimd.rate() - 1_166_400.0).abs() < 1.0);
    }

    #[test]
    fn the_rate_grows_slowly_near_the_capacity() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        aimd.update(second(1), Usage::Over, Some(1_000_000.0));
        aimd.update(second(2), Usage::Normal, Some(850_000.0));
        aimd.update(second(3), Usage::Normal, Some(850_000.0));
        assert!(aimd.rate() > 855_000.0 && aimd.rate() < 890_000.0);
    }

    #[test]
    fn the_rate_does_not_exceed_what_arrives_by_much() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        for n in 0..60 {
            aimd.update(second(n), Usage::Normal, Some(800_000.0));
        }
        assert!((aimd.rate() - 1_210_000.0).abs() < 1.0);
    }

    #[test]
    fn a_rate_that_nothing_tests_does_not_grow() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        aimd.set_limited(true);
        for n in 0..9 {
            aimd.update(second(n), Usage::Normal, Some(800_000.0));
        }
        assert!((aimd.rate() - 1_000_000.0).abs() < 1.0);
    }

    #[test]
    fn a_competing_sender_falls_once_per_round_trip_and_grows_again() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        for millisecond in [1_000, 1_100, 1_199] {
            aimd.compete(Micros(1_000 * millisecond), None, true);
        }
        assert!((aimd.rate() - 850_000.0).abs() < 1.0);
        for n in 2..5 {
            aimd.compete(second(n), Some(850_000.0), false);
        }
        assert!((aimd.rate() - 850_000.0 * 1.08 * 1.08).abs() < 1.0);
    }

    #[test]
    fn a_sender_of_little_keeps_its_rate() {
        let mut aimd = Aimd::new(Micros(0), 1_000_000.0);
        for n in 0..60 {
            aimd.update(second(n), Usage::Normal, Some(10_000.0));
        }
        assert!((aimd.rate() - 1_000_000.0).abs() < 1.0);
    }
}
