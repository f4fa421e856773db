//! A rate limit for what one client sends.

use crate::api::Micros;

const SECOND_US: u64 = 1_000_000;

/// A token bucket: `rate` tokens a second in the long run, `burst` at once.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    rate: u64,
    burst: u64,
    /// Millionths of a token.
    left: u64,
    refilled: Micros,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) const fn new(rate: u64, burst: u64) -> Self {
        Self {
            rate,
            burst,
            left: burst.saturating_mul(SECOND_US),
            refilled: Micros(0),
        }
    }

    /// Takes tokens at `now`; takes none and returns false when there are too few.
    pub(crate) fn take(&mut self, now: Micros, tokens: u64) -> bool {
        let gained = now.since(self.refilled).saturating_mul(self.rate);
        let full = self.burst.saturating_mul(SECOND_US);
        self.left = self.left.saturating_add(gained).min(full);
        self.refilled = now;
        match self.left.checked_sub(tokens.saturating_mul(SECOND_US)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut TokenBucket, now: Micros, tokens: u64) -> usize {
        (0..2_000).filter(|_| bucket.take(now, tokens)).count()
    }

    #[test]
    fn a_burst_passes_then_the_rate() {
        let mut bucket = TokenBucket::new(1_000, 256);
        assert_eq!(taken(&mut bucket, Micros(0), 1), 256);
        assert_eq!(taken(&mut bucket, Micros(100_000), 1), 100);
        assert_eq!(taken(&mut bucket, Micros(200_000), 10), 10);
        assert_eq!(taken(&mut bucket, Micros(u64::MAX), 1), 256);
    }

    #[test]
    fn a_limit_that_cannot_be_reached_does_not_overflow() {
        let mut bucket = TokenBucket::new(u64::MAX, u64::MAX);
        assert_eq!(taken(&mut bucket, Micros(u64::MAX), 1_500), 2_000);
    }
}
