//! The maximum-likelihood estimate and its states.

use super::observations::{Channel, Observations};
use crate::constants::loss::{
    BANDWIDTH_BIAS, BIAS_SMOOTHING, BIAS_THRESHOLD, CANDIDATE_FACTORS, EXCUSED, EXCUSED_BALANCE,
    EXCUSED_WITHOUT_QUEUE, HOLD, HOLD_FACTOR, HOLD_THRESHOLD, INCREASE_FACTOR, INCREASE_WINDOW,
    INITIAL_INHERENT, LEAST_GROWTH, LOG_BANDWIDTH_BIAS, MAX_HOLD, MIN_INHERENT, MIN_RATE,
    NEWTON_STEP, NEWTON_STEPS, NOISE, RAMP_UP, RAMP_UP_IN_HOLD,
};
use crate::feedback::Reported;
use crate::time::Micros;

/// What limits the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LossState {
    /// Not loss: the delay-based estimate applies.
    DelayBased,
    /// Loss, which grows.
    Decreasing,
    /// Loss, from which the estimate recovers.
    Increasing,
}

/// After a decrease the estimate does not exceed `rate` until `until`.
#[derive(Debug, Clone, Copy)]
struct Hold {
    until: Micros,
    duration: u64,
    rate: f64,
}

impl Hold {
    const NONE: Self = Self {
        until: Micros(0),
        duration: HOLD,
        rate: f64::INFINITY,
    };
}

/// The loss-based estimate of a transport. Internally rates are kbit/s.
#[derive(Debug, Clone)]
pub(crate) struct LossEstimate {
    observations: Observations,
    channel: Channel,
    state: LossState,
    hold: Hold,
    /// Growth is bounded by `window_limit` for a while after `window_start`.
    window_start: Option<Micros>,
    window_limit: f64,
    instant_bound: f64,
    /// Loss that may be inherent in the link at any rate.
    excused: f64,
}

impl LossEstimate {
    /// An estimate that starts at a rate in bit/s.
    pub(crate) fn new(rate: f64) -> Self {
        Self {
            observations: Observations::default(),
            channel: Channel {
                inherent: INITIAL_INHERENT,
                bandwidth: rate / 1_000.0,
            },
            state: LossState::DelayBased,
            hold: Hold::NONE,
            window_start: None,
            window_limit: f64::INFINITY,
            instant_bound: f64::INFINITY,
            excused: EXCUSED,
        }
    }

    /// Notes whether packets wait in queues: then loss may come from a full one.
    pub(crate) const fn set_queueing(&mut self, queueing: bool) {
        self.excused = if queueing {
            EXCUSED
        } else {
            EXCUSED_WITHOUT_QUEUE
        };
    }

    pub(crate) const fn state(&self) -> LossState {
        self.state
    }

    /// Mean loss of the last seconds, 0 to 1.
    pub(crate) fn average_loss(&self) -> f64 {
        self.observations.average_loss()
    }

    /// Adopts a rate in bit/s that is known to be right, such as a probe's result.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        self.channel.bandwidth = rate / 1_000.0;
    }

    /// The estimate in bit/s; infinite when loss does not limit it.
    pub(crate) fn rate(&self, acknowledged: Option<f64>) -> f64 {
        let bandwidth = if self.is_limiting() {
            self.channel.bandwidth
        } else {
            f64::INFINITY
        };
        // What arrives, the link carries.
        (1_000.0 * bandwidth.min(self.instant_bound)).max(acknowledged.unwrap_or_default())
    }

    /// Adds what a feedback reported. `delay_based` is the other estimate; `acknowledged` is the bitrate that arrives,
    /// `None` in an application-limited phase, where it says nothing about the link. Both are bit/s.
    pub(crate) fn update(
        &mut self,
        reported: &Reported,
        delay_based: f64,
        acknowledged: Option<f64>,
    ) {
        if self.observations.add(reported) {
            self.observed(
                delay_based / 1_000.0,
                acknowledged.map(|rate| rate / 1_000.0),
            );
        }
    }

    /// Adds the bytes that a receiver report counts as received and lost; `delay_based` is the receiver's estimate in bit/s.
    pub(crate) fn update_report(
        &mut self,
        now: Micros,
        received: u64,
        lost: u64,
        delay_based: f64,
    ) {
        if self.observations.add_report(now, received, lost) {
            self.observed(delay_based / 1_000.0, None);
        }
    }

    fn observed(&mut self, delay_based: f64, acknowledged: Option<f64>) {
        if !self.observations.is_ready() {
            return;
        }
        let loss = self.observations.average_loss();
        self.instant_bound = if loss > self.excused {
            EXCUSED_BALANCE / (loss - self.excused)
        } else {
            f64::INFINITY
        };
        let mut best = self.best_candidate(loss, delay_based, acknowledged);
        if loss > NOISE * best.inherent && best.bandwidth > self.channel.bandwidth {
            best.bandwidth = self.channel.bandwidth;
        }
        self.bound_growth(&mut best, acknowledged);
        let now = self.observations.last_sent();
        let holds = self.hold.until > now && loss > INITIAL_INHERENT;
        if self.state == LossState::Decreasing && holds && best.bandwidth < delay_based {
            best.bandwidth = best.bandwidth.min(self.hold.rate);
            self.channel = best;
            return;
        }
        self.change_state(now, &best, delay_based);
        self.channel = best;
        if self.is_limiting()
            && self
                .window_start
                .is_none_or(|start| now.since(start) > INCREASE_WINDOW)
        {
            self.window_limit = (INCREASE_FACTOR * best.bandwidth).max(MIN_RATE);
            self.window_start = Some(now);
        }
    }

    fn is_limiting(&self) -> bool {
        self.state != LossState::DelayBased
    }

    /// The channel that explains the observed loss best, of a few bandwidths around the current one.
    fn best_candidate(&self, loss: f64, delay_based: f64, acknowledged: Option<f64>) -> Channel {
        let current = self.channel.bandwidth;
        let mut bound = self.instant_bound.min(delay_based);
        if self.is_limiting() {
            bound = bound.min(self.window_limit);
        }
        let bound = bound.max(current);
        let scaled = CANDIDATE_FACTORS.map(|factor| Some(factor * current));
        let others = [acknowledged, (delay_based > current).then_some(delay_based)];
        let mut best = (f64::NEG_INFINITY, self.channel);
        let mut last = None;
        for bandwidth in scaled.into_iter().chain(others).flatten() {
            let bandwidth = bandwidth.min(bound);
            // The bound often makes candidates equal.
            if last.replace(bandwidth) == Some(bandwidth) {
                continue;
            }
            let mut candidate = Channel {
                bandwidth,
                ..self.channel
            };
            candidate.inherent = self.feasible(candidate.inherent, bandwidth);
            for _ in 0..NEWTON_STEPS {
                // Without loss, all steps go down.
                if loss <= 0.0 && candidate.inherent <= MIN_INHERENT {
                    break;
                }
                let step = NEWTON_STEP * self.observations.newton_step(&candidate);
                let former = candidate.inherent;
                candidate.inherent = self.feasible(former - step, bandwidth);
                // Further steps would repeat this one.
                if candidate.inherent.to_bits() == former.to_bits() {
                    break;
                }
            }
            let bias = bias(loss, candidate.bandwidth);
            let likelihood = self.observations.likelihood(&candidate, bias);
            if likelihood > best.0 {
                best = (likelihood, candidate);
            }
        }
        best.1
    }

    /// The inherent loss within its bounds. The upper one falls with the bandwidth: at a low rate loss is excused more.
    fn feasible(&self, inherent: f64, bandwidth: f64) -> f64 {
        let upper = self.excused + EXCUSED_BALANCE / bandwidth.max(1.0);
        inherent.clamp(MIN_INHERENT, upper.min(1.0))
    }

    fn bound_growth(&self, best: &mut Channel, acknowledged: Option<f64>) {
        if !self.is_limiting() {
            return;
        }
        let now = self.observations.last_sent();
        if self
            .window_start
            .is_some_and(|start| now.since(start) < INCREASE_WINDOW)
        {
            best.bandwidth = best.bandwidth.min(self.window_limit);
        }
        if self.is_growing(best)
            && let Some(acknowledged) = acknowledged
        {
            let factor = if acknowledged < HOLD_THRESHOLD * self.hold.rate {
                RAMP_UP_IN_HOLD
            } else {
                RAMP_UP
            };
            best.bandwidth = best
                .bandwidth
                .min(factor * acknowledged)
                .max(self.channel.bandwidth);
            if self.state == LossState::Decreasing && best.bandwidth <= self.channel.bandwidth {
                // The least growth, so that the state changes: then probes are allowed.
                best.bandwidth = self.channel.bandwidth + LEAST_GROWTH;
            }
        }
    }

    fn is_growing(&self, best: &Channel) -> bool {
        self.is_limiting()
            && (best.bandwidth > self.channel.bandwidth
                || (best.bandwidth >= self.channel.bandwidth
                    && self.state == LossState::Increasing))
    }

    fn change_state(&mut self, now: Micros, best: &Channel, delay_based: f64) {
        self.state = if best.bandwidth >= delay_based {
            self.hold = Hold::NONE;
            LossState::DelayBased
        } else if self.is_growing(best) {
            LossState::Increasing
        } else {
            if self.state != LossState::Decreasing {
                self.hold = Hold {
                    until: now.plus(self.hold.duration),
                    duration: (HOLD_FACTOR * self.hold.duration).min(MAX_HOLD),
                    rate: best.bandwidth,
                };
            }
            LossState::Decreasing
        };
    }
}

/// Preference for higher bandwidths; negative at high loss.
fn bias(loss: f64, bandwidth: f64) -> f64 {
    let distance = BIAS_THRESHOLD - loss;
    let sign = distance / (BIAS_SMOOTHING + distance.abs());
    sign * (BANDWIDTH_BIAS * bandwidth + LOG_BANDWIDTH_BIAS * (1.0 + bandwidth).ln())
}
