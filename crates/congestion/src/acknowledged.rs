//! The bitrate that arrives at the receiver.

use crate::constants::acknowledged::{
    FAST_CHANGE_VARIANCE, INITIAL_VARIANCE, INITIAL_WINDOW, PROCESS_NOISE, UNCERTAINTY, WINDOW,
};

/// A Bayesian estimate from windows of arrivals. Times are microseconds of the receiver's clock.
#[derive(Debug, Clone)]
pub(crate) struct AcknowledgedBitrate {
    /// kbit/s.
    estimate: Option<f64>,
    variance: f64,
    /// Length of the current window, and what of it has passed.
    window: i64,
    elapsed: i64,
    bytes: u64,
    /// The bitrates of the last two complete windows, kbit/s.
    newest: [f64; 2],
    last_arrival: Option<i64>,
}

impl Default for AcknowledgedBitrate {
    fn default() -> Self {
        Self {
            estimate: None,
            variance: INITIAL_VARIANCE,
            window: 1_000 * INITIAL_WINDOW,
            elapsed: 0,
            bytes: 0,
            newest: [f64::MAX; 2],
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

    /// Falls to what arrived in the last windows: while packets wait in a queue, that is what the link carries.
    pub(crate) fn fall_to_newest(&mut self) {
        let mean = self.newest.iter().sum::<f64>() / 2.0;
        self.estimate = self.estimate.map(|estimate| estimate.min(mean));
    }

    /// Adds a received packet.
    #[inline]
    pub(crate) fn add(&mut self, arrival: i64, size: u16) {
        let last = self.last_arrival.replace(arrival).unwrap_or(arrival);
        let interval = arrival.wrapping_sub(last);
        if (0..=self.window).contains(&interval) {
            self.elapsed += interval;
        } else {
            self.skip(interval);
        }
        if self.elapsed >= self.window {
            self.complete_window();
        }
        self.bytes += u64::from(size);
    }

    /// Leaves out a time that says nothing about the rate.
    #[cold]
    const fn skip(&mut self, interval: i64) {
        self.bytes = 0;
        self.newest = [f64::MAX; 2];
        self.elapsed = if interval < 0 {
            0
        } else {
            // Nothing arrived for a whole window: a pause of the sender, not a low rate.
            self.elapsed.saturating_add(interval) % self.window
        };
    }

    #[inline(never)]
    fn complete_window(&mut self) {
        let sample = 8_000.0 * self.bytes as f64 / self.window as f64;
        self.elapsed -= self.window;
        self.bytes = 0;
        self.window = 1_000 * WINDOW;
        self.newest = [self.newest[1], sample];
        self.fold(sample);
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
    fn the_newest_windows_replace_a_higher_estimate_only() {
        let mut rate = AcknowledgedBitrate::default();
        feed(&mut rate, 0, 1_910, 250);
        feed(&mut rate, 1_910, 480, 60);
        rate.fall_to_newest();
        let fallen = rate.bitrate().unwrap_or_default();
        assert!((fallen - 480_000.0).abs() < 10_000.0, "{fallen}");
        let before = feed(&mut rate, 2_390, 160, 30);
        rate.fall_to_newest();
        assert!((rate.bitrate().unwrap_or_default() - before).abs() < 1.0);
    }

    #[test]
    fn a_pause_does_not_lower_the_estimate() {
        let mut rate = AcknowledgedBitrate::default();
        let before = feed(&mut rate, 0, 1_000, 125);
        rate.add(60_000_000, 125);
        assert!((rate.bitrate().unwrap_or_default() - before).abs() < 1.0);
    }
}
