//! Loss of the last seconds, in periods of at least 250 ms, and the likelihood of a channel given it.

use crate::constants::loss::{MIN_DURATION, MIN_OBSERVATIONS, TEMPORAL_WEIGHT, WINDOW};
use crate::feedback::Reported;
use crate::time::Micros;

/// A link as a channel: it loses a share of all packets, and all that exceeds its bandwidth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    /// Share of lost packets at any rate.
    pub(super) inherent: f64,
    /// kbit/s.
    pub(super) bandwidth: f64,
}

impl Channel {
    /// Probability that a packet is lost at a sending rate in kbit/s.
    fn loss(&self, rate: f64) -> f64 {
        let congestion = if rate > self.bandwidth {
            (1.0 - self.inherent) * (rate - self.bandwidth) / rate
        } else {
            0.0
        };
        (self.inherent + congestion).clamp(1e-6, 1.0 - 1e-6)
    }
}

/// A period of sending.
#[derive(Debug, Clone, Copy, Default)]
struct Observation {
    /// kB, so that the objective has the scale that the biases are made for.
    lost: f64,
    received: f64,
    /// kbit/s.
    rate: f64,
}

/// Of the periods, newest first.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const WEIGHTS: [f64; WINDOW] = {
    let mut weights = [1.0; WINDOW];
    let mut older = 1;
    while older < WINDOW {
        weights[older] = weights[older - 1] * TEMPORAL_WEIGHT;
        older += 1;
    }
    weights
};

/// The last periods, newest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Observations {
    window: [Observation; WINDOW],
    count: usize,
    received: u64,
    lost: u64,
    last_sent: Micros,
    period_start: Option<Micros>,
}

impl Observations {
    /// Adds what a feedback reported. Returns whether it completes a period.
    pub(super) fn add(&mut self, reported: &Reported) -> bool {
        self.received += reported.received + reported.late;
        self.lost = self.lost.saturating_sub(reported.late) + reported.lost;
        self.last_sent = self.last_sent.max(reported.last_sent);
        self.period_start.get_or_insert(reported.first_sent);
        self.complete()
    }

    /// Adds bytes that a report counts, up to the packets sent at `sent`. Returns whether they complete a period.
    pub(super) fn add_report(&mut self, sent: Micros, received: u64, lost: u64) -> bool {
        self.received += received;
        self.lost += lost;
        self.last_sent = self.last_sent.max(sent);
        self.period_start.get_or_insert(sent);
        self.complete()
    }

    fn complete(&mut self) -> bool {
        let Some(start) = self.period_start else {
            return false;
        };
        let duration = self.last_sent.since(start);
        if duration <= MIN_DURATION || self.received + self.lost == 0 {
            return false;
        }
        let bytes = (self.received + self.lost) as f64;
        self.window.rotate_right(1);
        if let Some(newest) = self.window.first_mut() {
            *newest = Observation {
                lost: self.lost as f64 / 1_000.0,
                received: self.received as f64 / 1_000.0,
                rate: 8_000.0 * bytes / duration as f64,
            };
        }
        self.count = (self.count + 1).min(WINDOW);
        self.period_start = Some(self.last_sent);
        self.received = 0;
        self.lost = 0;
        true
    }

    /// Send time of the newest reported packet.
    pub(super) const fn last_sent(&self) -> Micros {
        self.last_sent
    }

    /// Whether there are enough periods for an estimate.
    pub(super) const fn is_ready(&self) -> bool {
        self.count >= MIN_OBSERVATIONS
    }

    /// Each period with its weight.
    fn weighted(&self) -> impl Iterator<Item = (f64, &Observation)> {
        let periods = self.window.iter().take(self.count);
        WEIGHTS.iter().copied().zip(periods)
    }

    /// Mean loss, recent periods weighing more.
    pub(super) fn average_loss(&self) -> f64 {
        let (lost, total) = self
            .weighted()
            .fold((0.0, 0.0), |(lost, total), (weight, seen)| {
                (
                    lost + weight * seen.lost,
                    total + weight * (seen.lost + seen.received),
                )
            });
        if total > 0.0 { lost / total } else { 0.0 }
    }

    /// Log-likelihood of the channel, with a bias in nepers per kB.
    pub(super) fn likelihood(&self, channel: &Channel, bias: f64) -> f64 {
        // Logarithms are slow. Most periods have no losses, and rates that the channel carries.
        let carried = (1.0 - channel.loss(0.0)).ln();
        self.weighted().fold(0.0, |sum, (weight, seen)| {
            let loss = channel.loss(seen.rate);
            let lost = if seen.lost > 0.0 {
                seen.lost * loss.ln()
            } else {
                0.0
            };
            let kept = if seen.rate > channel.bandwidth {
                (1.0 - loss).ln()
            } else {
                carried
            };
            let fit = lost + seen.received * kept;
            sum + weight * (fit + bias * (seen.lost + seen.received))
        })
    }

    /// A Newton step of the channel's inherent loss towards the maximum likelihood.
    pub(super) fn newton_step(&self, channel: &Channel) -> f64 {
        let (first, second) =
            self.weighted()
                .fold((0.0, 0.0), |(first, second), (weight, seen)| {
                    let loss = channel.loss(seen.rate);
                    let kept = 1.0 - loss;
                    (
                        first + weight * (seen.lost / loss - seen.received / kept),
                        second
                            - weight * (seen.lost / (loss * loss) + seen.received / (kept * kept)),
                    )
                });
        if second < 0.0 { first / second } else { 0.0 }
    }
}
