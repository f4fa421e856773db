//! The score of a stream: how well its packets are delivered, 0 to 10, as mediasoup computes it.
//!
//! Each second gives a sample: ten times the fourth power of the share of packets that were delivered. A repaired packet
//! counts in part: less, the more packets needed repair and the more often each was sent again. The score is the mean of
//! the last samples, in which newer ones weigh more.

/// The highest score; also that of a stream of which nothing is known.
pub(crate) const BEST_SCORE: u8 = 10;

/// Samples of the mean.
const SAMPLES: usize = 24;

/// What became of a stream's packets in an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Packets that were to arrive.
    pub(crate) expected: u64,
    /// Of these: packets that were lost at first.
    pub(crate) lost: u64,
    /// Packets that were repaired by a retransmission.
    pub(crate) repaired: u64,
    /// Retransmissions that were asked for.
    pub(crate) retransmitted: u64,
}

impl Delivery {
    fn sample(self) -> u8 {
        if self.expected == 0 {
            return BEST_SCORE;
        }
        let expected = self.expected as f64;
        let lost = self.lost.min(self.expected) as f64;
        let repaired = (self.repaired as f64).min(lost);
        let again = (self.retransmitted as f64).max(repaired).max(1.0);
        let weight = (1.0 + repaired / expected).powi(-4) * repaired / again;
        let delivered = 1.0 - (lost - repaired * weight) / expected;
        (delivered.powi(4) * f64::from(BEST_SCORE)).round() as u8
    }
}

/// The score of one stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamScore {
    /// Oldest first; the first `len` are valid.
    samples: [u8; SAMPLES],
    len: usize,
    score: u8,
}

impl StreamScore {
    /// The best score, until the first sample.
    pub(crate) const fn new() -> Self {
        Self {
            samples: [BEST_SCORE; SAMPLES],
            len: 0,
            score: BEST_SCORE,
        }
    }

    /// The score, 0 to 10.
    pub(crate) const fn value(&self) -> u8 {
        self.score
    }

    /// Adds the packets of an interval. Returns their sample.
    pub(crate) fn add(&mut self, delivery: Delivery) -> u8 {
        let sample = delivery.sample();
        if self.len == SAMPLES {
            self.samples.rotate_left(1);
        } else {
            self.len += 1;
        }
        let samples = self.samples.get_mut(..self.len).unwrap_or_default();
        if let Some(newest) = samples.last_mut() {
            *newest = sample;
        }
        let (mut sum, mut weights) = (0, 0);
        for (weight, sample) in (1u32..).zip(samples) {
            sum += weight * u32::from(*sample);
            weights += weight;
        }
        self.score = ((sum + weights / 2) / weights.max(1)) as u8;
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 packets.
    const fn hundred(lost: u64, repaired: u64, retransmitted: u64) -> Delivery {
        Delivery {
            expected: 100,
            lost,
            repaired,
            retransmitted,
        }
    }

    #[test]
    fn a_sample_falls_faster_than_the_loss_grows() {
        let samples = [0, 5, 10, 20, 50, 100].map(|lost| hundred(lost, 0, 0).sample());
        assert_eq!(samples, [10, 8, 7, 4, 1, 0]);
    }

    #[test]
    fn a_repaired_packet_counts_in_part() {
        assert_eq!(hundred(20, 20, 20).sample(), 6, "of 4 without repair");
        assert_eq!(hundred(20, 20, 60).sample(), 5, "each sent three times");
        assert_eq!(hundred(5, 5, 5).sample(), 10);
    }

    #[test]
    fn impossible_numbers_give_a_sample_all_the_same() {
        assert_eq!(hundred(500, 0, 0).sample(), 0);
        assert_eq!(hundred(0, 500, 0).sample(), 10);
        assert_eq!(Delivery::default().sample(), 10);
    }

    #[test]
    fn the_score_follows_the_samples_slowly_and_newer_ones_weigh_more() {
        let mut score = StreamScore::new();
        assert_eq!(score.value(), 10);
        for _ in 0..SAMPLES {
            score.add(hundred(0, 0, 0));
        }
        let mut scores = Vec::new();
        for _ in 0..SAMPLES {
            assert_eq!(score.add(hundred(100, 0, 0)), 0);
            scores.push(score.value());
        }
        assert!(scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
        assert_eq!((scores[0], scores[SAMPLES - 1]), (9, 0));
        assert!(scores[SAMPLES / 2] <= 3, "{scores:?}");
    }

    #[test]
    fn the_first_sample_is_the_score() {
        let mut score = StreamScore::new();
        score.add(hundred(20, 0, 0));
        assert_eq!(score.value(), 4);
    }
}
