//! How the estimate follows feedback, and the lack of it.

use super::Estimator;
use crate::constants::estimator::{
    FEEDBACK_TIMEOUT, FEEDBACK_TIMEOUT_FACTOR, FEEDBACK_TIMEOUT_INTERVAL, LIMITED_USAGE,
    START_PHASE,
};
use crate::loss::LossState;
use crate::probe::Limit;
use crate::time::Micros;
use crate::trendline::Usage;

impl Estimator {
    pub(super) fn apply_results(&mut self, now: Micros) {
        let Some(reported) = self.results.reported() else {
            return;
        };
        self.count_departures(now);
        let nothing_lost = !self.results.has_losses();
        let first_feedback = *self.first_feedback.get_or_insert(now);
        self.last_feedback = now;
        self.departures.unanswered = None;
        self.path.update(now, self.results.arrived());
        if let Some(rtt) = self.path.rtt() {
            self.delay.set_rtt(rtt);
        }
        let queueing = self.path.is_queueing();
        self.delay.set_queueing(queueing);
        self.loss.set_queueing(queueing);
        let application_limited = self.application.since().is_some();
        if self.was_application_limited && !application_limited {
            self.acknowledged.expect_fast_change();
        }
        self.was_application_limited = application_limited;

        let usage = self.delay.usage();
        // A probe's own queue is not overuse by media.
        let media = self.results.arrived().iter();
        let media = media.filter(|packet| !packet.is_late && packet.cluster.is_none());
        self.delay
            .add(now, media.map(|packet| (packet.sent, packet.arrival)));
        if usage != Usage::Over && self.delay.usage() == Usage::Over {
            // The capacity may have fallen far below what arrived so far.
            self.acknowledged.expect_fast_change();
            if queueing {
                self.acknowledged.fall_to_newest();
            }
        }
        let mut probe = None;
        for packet in self.results.arrived() {
            self.acknowledged.add(packet.arrival, packet.size);
            if packet.cluster.is_some() {
                probe = self.clusters.add(packet).or(probe);
            }
        }
        let acknowledged = self.acknowledged.bitrate();
        let recovered = if self.path.is_competing() && probe.is_none() {
            self.delay
                .update_competing(now, acknowledged, !nothing_lost);
            false
        } else {
            self.delay.update(now, acknowledged, probe)
        };
        self.clamp_delay();
        let starting = now.since(first_feedback) < START_PHASE && nothing_lost;
        if starting || probe.is_some() {
            self.loss.set_rate(self.delay.rate());
        }
        self.loss.update(
            &reported,
            self.delay.rate(),
            acknowledged.filter(|_| !application_limited),
        );
        self.combine(now);
        if recovered {
            self.probing.recovered(now);
        }
    }

    /// Takes the lower of the estimates and tells those who depend on it. Departures are to be counted before.
    pub(super) fn combine(&mut self, now: Micros) {
        self.clamp_delay();
        let (min, max) = (self.limits.min as f64, self.limits.max as f64);
        let others = match (self.first_feedback, self.remb) {
            (None, Some(remb)) => remb,
            _ => self.delay.rate(),
        };
        let loss = self.loss.rate(self.acknowledged.bitrate());
        self.estimate = others.min(loss).clamp(min, max);
        self.application.set_estimate(self.estimate);
        let limit = match (self.delay.usage(), self.loss.state()) {
            (Usage::Over, _) | (_, LossState::Decreasing) => Limit::Congestion,
            (_, LossState::Increasing) => Limit::Loss,
            (_, LossState::DelayBased) => Limit::Delay,
        };
        self.note_limited(now);
        self.probing.set_estimate(now, self.estimate, limit);
    }

    fn clamp_delay(&mut self) {
        self.delay
            .clamp(self.limits.min as f64, self.limits.max as f64);
    }

    pub(super) fn note_limited(&mut self, now: Micros) {
        let sends_less = self
            .acknowledged
            .bitrate()
            .is_some_and(|rate| rate < LIMITED_USAGE * self.estimate);
        let limited = sends_less || self.application.since().is_some();
        self.probing.set_limited(now, limited);
        self.delay.set_limited(limited);
    }

    pub(super) fn fall_without_feedback(&mut self, now: Micros) {
        let Some(since) = self.departures.unanswered else {
            return;
        };
        if self.first_feedback.is_some() && now.since(since) >= FEEDBACK_TIMEOUT {
            let rate = FEEDBACK_TIMEOUT_FACTOR * self.delay.rate();
            self.delay.set_rate(now, rate);
            self.combine(now);
            self.departures.unanswered = Some(since.plus(FEEDBACK_TIMEOUT_INTERVAL));
        }
    }
}
