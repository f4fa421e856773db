//! The regression line through the last groups of packets.

use crate::constants::trendline::WINDOW;

/// A point of the line: the time of arrival in microseconds, and the smoothed delay in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) arrival: f64,
    pub(crate) delay: f64,
}

/// The last samples and their sums. A new sample changes the sums by itself and by the one that it replaces. Once in
/// [`WINDOW`] samples they are added up anew, so that rounding errors do not accumulate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Regression {
    samples: [Sample; WINDOW],
    /// The place of the oldest sample.
    next: usize,
    /// The sums are relative to it: so they stay small, and those of times are exact.
    origin: Sample,
    sums: Sums,
}

/// Sums over the samples.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    arrival: f64,
    delay: f64,
    arrival_squared: f64,
    product: f64,
}

impl Regression {
    /// Replaces the oldest sample.
    pub(crate) fn add(&mut self, sample: Sample) {
        let Some(place) = self.samples.get_mut(self.next) else {
            return;
        };
        let oldest = std::mem::replace(place, sample);
        self.next += 1;
        if self.next == WINDOW {
            self.next = 0;
            self.add_up(sample);
        } else {
            self.sums.add(relative(sample, self.origin), 1.0);
            self.sums.add(relative(oldest, self.origin), -1.0);
        }
    }

    /// The slope of the line, milliseconds of delay per millisecond; `None` if all arrived at once.
    pub(crate) fn slope(&self) -> Option<f64> {
        let Sums {
            arrival,
            delay,
            arrival_squared,
            product,
        } = self.sums;
        let count = WINDOW as f64;
        let denominator = count * arrival_squared - arrival * arrival;
        (denominator > 0.0).then(|| 1_000.0 * (count * product - arrival * delay) / denominator)
    }

    #[inline(never)]
    fn add_up(&mut self, origin: Sample) {
        self.origin = origin;
        self.sums = Sums::default();
        for sample in self.samples {
            self.sums.add(relative(sample, origin), 1.0);
        }
    }
}

impl Sums {
    /// Adds a sample, or with a `sign` of -1 removes it.
    fn add(&mut self, sample: Sample, sign: f64) {
        let Sample { arrival, delay } = sample;
        self.arrival += sign * arrival;
        self.delay += sign * delay;
        self.arrival_squared += sign * (arrival * arrival);
        self.product += sign * (arrival * delay);
    }
}

fn relative(sample: Sample, origin: Sample) -> Sample {
    Sample {
        arrival: sample.arrival - origin.arrival,
        delay: sample.delay - origin.delay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slope by its definition.
    fn slope(samples: &[Sample]) -> f64 {
        let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / WINDOW as f64;
        let (arrival, delay) = (mean(|sample| sample.arrival), mean(|sample| sample.delay));
        let sum = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>();
        let over = sum(&|sample| (sample.arrival - arrival) * (sample.delay - delay));
        1_000.0 * over / sum(&|sample| (sample.arrival - arrival).powi(2))
    }

    #[test]
    fn the_slope_is_that_of_the_last_samples_however_many_came_before() {
        let mut regression = Regression::default();
        let mut samples = Vec::new();
        let (mut arrival, mut delay) = (0.0, 0.0);
        for n in 0..100_000_u64 {
            // Irregular, and the clocks drift apart.
            let noise = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
            arrival += 5_000.0 + noise as f64;
            delay = 0.9 * delay + 0.1 * (noise as f64 / 1_000.0 + n as f64);
            let sample = Sample { arrival, delay };
            regression.add(sample);
            samples.push(sample);
            if let Some(last) = samples.len().checked_sub(WINDOW) {
                let (found, expected) = (regression.slope().unwrap(), slope(&samples[last..]));
                assert!(
                    (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
                    "{n}"
                );
            }
        }
    }

    #[test]
    fn samples_of_one_moment_have_no_slope() {
        let mut regression = Regression::default();
        for n in 0..3 * WINDOW as u64 {
            regression.add(Sample {
                arrival: 1_000.0 * n.min(25) as f64 / 3.0,
                delay: n as f64,
            });
        }
        assert_eq!(regression.slope(), None);
    }
}
