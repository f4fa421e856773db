//! The bitrate that arrives at the receiver.

use crate::constants::acknowledged::{
    FAST_CHANGE_VARIANCE, INITIAL_VARIANCE, INITIAL_WINDOW, PROCESS_NOISE, UNCERTAINTY, WINDOW,
};

/// A Bayesian estimate from windows of arrivals.
#[derive(Debug, Clone)]
pub(crate) struct AcknowledgedBitrate {
    /// kbit/s.
    estimate: Option<f64>,
    variance: f64,
    /// Microseconds covered by the current window.
    elapsed: i64,
    bytes: u64,
    last_arrival: Option<i64>,
}

impl Default for AcknowledgedBitrate {
    fn default() -> Self {
        Self {
            estimate: None,
            variance: INITIAL_VARIANCE,
            elapsed: 0,
            bytes: 0,
            last_arrival: None,
        }
    }
}

impl AcknowledgedBitrate {
    /// bit/s; `None` before the first window is complete.
    pub(crate) fn bitrate(&self) -> Option<f64> {
        self.estimate.map(|estimate| estimate * 1_000.0)
    }

    /// Lets the next windows change the estimate fast.
    pub(crate) fn expect_fast_change(&mut self) {
        self.variance += FAST_CHANGE_VARIANCE;
    }

    /// Adds a received packet; `arrival` is in microseconds of the receiver's clock.
    pub(crate) fn add(&mut self, arrival: i64, size: u16) {
        let window = 1_000
            * if self.estimate.is_none() {
                INITIAL_WINDOW
            } else {
                WINDOW
            };
        if let Some(last) = self.last_arrival {
            let interval = arrival.saturating_sub(last);
            if interval < 0 {
                self.elapsed = 0;
                self.bytes = 0;
            } else {
                self.elapsed = self.elapsed.saturating_add(interval);
                if interval > window {
                    // Nothing arrived for a whole window: a pause of the sender, not a low rate.
                    self.bytes = 0;
                    self.elapsed %= window;
                }
            }
        }
        self.last_arrival = Some(arrival);
        if self.elapsed >= window {
            let sample = 8_000.0 * self.bytes as f64 / window as f64;
            self.elapsed -= window;
            self.bytes = 0;
            self.fold(sample);
        }
        self.bytes += u64::from(size);
    }

    fn fold(&mut self, sample: f64) {
        let Some(estimate) = self.estimate else {
            self.estimate = Some(sample);
            return;
        };
        let uncertainty = UNCERTAINTY * (estimate - sample).abs() / estimate.max(1.0);
        let sample_variance = uncertainty * uncertainty;
        let variance = self.variance + PROCESS_NOISE;
        let sum = sample_variance + variance;
        self.estimate = Some((sample_variance * estimate + variance * sample) / sum);
        self.variance = sample_variance * variance / sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(rate: &mut AcknowledgedBitrate, from: i64, milliseconds: i64, size: u16) -> f64 {
        for n in 0..milliseconds {
            rate.add(1_000 * (from + n), size);
        }
        rate.bitrate().unwrap_or_default()
    }

    #[test]
    fn the_estimate_settles_at_the_rate() {
        let mut rate = AcknowledgedBitrate::default();
        let bitrate = feed(&mut rate, 0, 1_000, 125);
        assert!((bitrate - 1_000_000.0).abs() < 10_000.0, "{bitrate}");
        let bitrate = feed(&mut rate, 1_000, 3_000, 250);
        assert!((bitrate - 2_000_000.0).abs() < 20_000.0, "{bitrate}");
    }

    #[test]
    fn an_expected_change_is_followed_faster() {
        let mut slow = AcknowledgedBitrate::default();
        feed(&mut slow, 0, 1_910, 250);
        let mut fast = slow.clone();
        fast.expect_fast_change();
        assert!(feed(&mut fast, 1_910, 320, 60) < feed(&mut slow, 1_910, 320, 60));
    }

    #[test]
    fn a_pause_does_not_lower_the_estimate() {
        let mut rate = AcknowledgedBitrate::default();
        let before = feed(&mut rate, 0, 1_000, 125);
        rate.add(60_000_000, 125);
        assert!((rate.bitrate().unwrap_or_default() - before).abs() < 1.0);
    }
}
