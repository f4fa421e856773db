//! A histogram with fixed buckets.

use serde::Serialize;

/// Number of upper bounds; one more bucket counts the values above the last.
pub(super) const BOUNDS: usize = 9;

/// Counts values by bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Inclusive upper bounds of all buckets but the last, ascending.
    pub bounds: &'static [u64; BOUNDS],
    /// Number of values per bucket (not cumulative).
    pub counts: [u64; BOUNDS + 1],
    /// Sum of all values.
    pub sum: u64,
}

impl Histogram {
    pub(super) const fn new(bounds: &'static [u64; BOUNDS]) -> Self {
        Self {
            bounds,
            counts: [0; BOUNDS + 1],
            sum: 0,
        }
    }

    /// Counts a value.
    pub(super) fn record(&mut self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_the_first_bucket_whose_bound_is_not_below_it() {
        let mut histogram = Histogram::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        for value in [0, 1, 2, 9, 10, 10] {
            histogram.record(value);
        }
        assert_eq!(histogram.counts, [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(histogram.sum, 32);
    }
}
