//! Detects a growing queue by the slope of the delay of consecutive groups of packets.

use crate::constants::trendline::{
    GAIN, INITIAL_THRESHOLD, K_DOWN, K_UP, MAX_ADAPT_INTERVAL, MAX_ADAPT_OFFSET, MAX_DELTAS,
    MAX_THRESHOLD, MIN_THRESHOLD, OVERUSE_TIME, SMOOTHING, WINDOW,
};
use crate::inter_arrival::GroupDelta;
use crate::regression::{Regression, Sample};

/// What the delay says about the use of the link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Usage {
    /// The queue is stable.
    #[default]
    Normal,
    /// The queue grows.
    Over,
    /// The queue empties.
    Under,
}

/// The trendline filter with its adaptive threshold. Times are milliseconds, that of arrival microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Trendline {
    line: Regression,
    /// Number of samples so far, up to [`MAX_DELTAS`].
    count: u32,
    arrival: f64,
    accumulated: f64,
    smoothed: f64,
    slope: f64,
    threshold: f64,
    overusing: Option<f64>,
    overusing_samples: u32,
    usage: Usage,
}

impl Default for Trendline {
    fn default() -> Self {
        Self {
            line: Regression::default(),
            count: 0,
            arrival: 0.0,
            accumulated: 0.0,
            smoothed: 0.0,
            slope: 0.0,
            threshold: INITIAL_THRESHOLD,
            overusing: None,
            overusing_samples: 0,
            usage: Usage::Normal,
        }
    }
}

impl Trendline {
    pub(crate) const fn usage(&self) -> Usage {
        self.usage
    }

    /// Adds the distance of two groups.
    pub(crate) fn add(&mut self, delta: GroupDelta) {
        let arrival = delta.arrival as f64 / 1_000.0;
        let departure = delta.departure as f64 / 1_000.0;
        self.count = (self.count + 1).min(MAX_DELTAS);
        self.arrival += delta.arrival as f64;
        self.accumulated += arrival - departure;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        self.line.add(Sample {
            arrival: self.arrival,
            delay: self.smoothed,
        });
        let is_known = self.count as usize >= WINDOW;
        let slope = is_known.then(|| self.line.slope()).flatten();
        let slope = slope.unwrap_or(self.slope);
        self.detect(slope, departure, arrival);
    }

    fn detect(&mut self, slope: f64, departure: f64, arrival: f64) {
        if self.count < 2 {
            return;
        }
        let trend = f64::from(self.count) * slope * GAIN;
        if trend > self.threshold {
            // The link is taken for overused since the middle of the first sample above the threshold.
            let time = self
                .overusing
                .map_or(departure / 2.0, |time| time + departure);
            self.overusing = Some(time);
            self.overusing_samples += 1;
            if time > OVERUSE_TIME && self.overusing_samples > 1 && slope >= self.slope {
                self.overusing = Some(0.0);
                self.overusing_samples = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.overusing = None;
            self.overusing_samples = 0;
            self.usage = if trend < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.slope = slope;
        self.adapt(trend.abs(), arrival);
    }

    /// Follows the trend, so that a competing TCP flow, whose queue grows and shrinks, does not starve this one.
    fn adapt(&mut self, trend: f64, interval: f64) {
        if trend > self.threshold + MAX_ADAPT_OFFSET {
            return;
        }
        let k = if trend < self.threshold { K_DOWN } else { K_UP };
        let interval = interval.min(MAX_ADAPT_INTERVAL);
        self.threshold = (self.threshold + k * (trend - self.threshold) * interval)
            .clamp(MIN_THRESHOLD, MAX_THRESHOLD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trendline: &mut Trendline, groups: usize, departure: i64, arrival: i64) -> Usage {
        for _ in 0..groups {
            trendline.add(GroupDelta { departure, arrival });
        }
        trendline.usage()
    }

    #[test]
    fn a_constant_delay_is_normal_use() {
        assert_eq!(
            run(&mut Trendline::default(), 200, 10_000, 10_000),
            Usage::Normal
        );
    }

    #[test]
    fn a_growing_delay_is_overuse_and_a_shrinking_one_underuse() {
        let mut trendline = Trendline::default();
        run(&mut trendline, 40, 10_000, 10_000);
        assert_eq!(run(&mut trendline, 10, 10_000, 14_000), Usage::Over);
        assert_eq!(run(&mut trendline, 40, 10_000, 6_000), Usage::Under);
        assert_eq!(run(&mut trendline, 60, 10_000, 10_000), Usage::Normal);
    }

    #[test]
    fn the_threshold_follows_a_long_trend() {
        let mut trendline = Trendline::default();
        run(&mut trendline, 100, 10_000, 10_100);
        assert!(
            trendline.threshold < INITIAL_THRESHOLD,
            "falls to the trend"
        );
        run(&mut trendline, 400, 10_000, 10_600);
        assert!(
            trendline.threshold > INITIAL_THRESHOLD,
            "rises to the trend"
        );
    }
}
