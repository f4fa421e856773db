//! The capacity of the link, from the throughput when it was overused.

use crate::constants::link_capacity::{
    DEVIATIONS, INITIAL_DEVIATION, MAX_DEVIATION, MIN_DEVIATION, OVERUSE_WEIGHT,
};

/// A mean and its deviation, in kbit/s.
#[derive(Debug, Clone)]
pub(crate) struct LinkCapacity {
    estimate: Option<f64>,
    /// Variance, normalised by the estimate.
    deviation: f64,
}

impl Default for LinkCapacity {
    fn default() -> Self {
        Self {
            estimate: None,
            deviation: INITIAL_DEVIATION,
        }
    }
}

impl LinkCapacity {
    /// The mean in bit/s.
    pub(crate) fn estimate(&self) -> Option<f64> {
        self.estimate.map(|estimate| estimate * 1_000.0)
    }

    /// Records the throughput in bit/s at which the link was overused.
    pub(crate) fn overused(&mut self, throughput: f64) {
        let sample = throughput / 1_000.0;
        let estimate = self.estimate.map_or(sample, |estimate| {
            (1.0 - OVERUSE_WEIGHT) * estimate + OVERUSE_WEIGHT * sample
        });
        let error = estimate - sample;
        self.deviation = ((1.0 - OVERUSE_WEIGHT) * self.deviation
            + OVERUSE_WEIGHT * error * error / estimate.max(1.0))
        .clamp(MIN_DEVIATION, MAX_DEVIATION);
        self.estimate = Some(estimate);
    }

    /// Forgets the capacity when a throughput contradicts it: the link has changed.
    pub(crate) fn forget_if_above(&mut self, throughput: f64) {
        if self
            .estimate
            .is_some_and(|estimate| throughput / 1_000.0 > estimate + self.spread(estimate))
        {
            self.estimate = None;
        }
    }

    /// See [`Self::forget_if_above`].
    pub(crate) fn forget_if_below(&mut self, throughput: f64) {
        if self
            .estimate
            .is_some_and(|estimate| throughput / 1_000.0 < estimate - self.spread(estimate))
        {
            self.estimate = None;
        }
    }

    fn spread(&self, estimate: f64) -> f64 {
        DEVIATIONS * (self.deviation * estimate).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throughput_beyond_three_deviations_resets_the_estimate() {
        let mut capacity = LinkCapacity::default();
        capacity.overused(1_000_000.0);
        capacity.forget_if_above(1_055_000.0);
        capacity.forget_if_below(945_000.0);
        assert_eq!(capacity.estimate(), Some(1_000_000.0));
        capacity.forget_if_above(1_065_000.0);
        assert_eq!(capacity.estimate(), None);
    }
}
