//! Detects duplicate packets.

const WORDS: usize = 16;
const WINDOW: u64 = WORDS as u64 * 64;

/// A bitmap of the last 1,024 extended sequence numbers of a stream.
///
/// Duplicates come from RTX that overtook a late original, and from senders that probe the bandwidth with old packets.
/// A packet older than the window counts as a duplicate: the filter cannot tell, and receivers would reject it as a
/// replay (the window of SRTP has the same length).
#[derive(Debug, Clone, Default)]
pub(crate) struct DuplicateFilter {
    /// One above the highest number seen; 0 before the first.
    next: u64,
    /// Bit `n % 64` of word `n / 64 % WORDS` is set if `n` was seen; valid for `next - WINDOW..next`.
    seen: [u64; WORDS],
}

impl DuplicateFilter {
    /// An empty filter.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            next: 0,
            seen: [0; WORDS],
        }
    }

    /// Adds packet `ext` (extended). Returns false for a duplicate.
    pub(crate) fn insert(&mut self, ext: u64) -> bool {
        if ext >= self.next {
            self.advance(ext);
        } else if self.next - ext > WINDOW {
            return false;
        }
        let Some(word) = self.seen.get_mut(word_of(ext)) else {
            return false;
        };
        let bit = 1 << (ext % 64);
        let first = *word & bit == 0;
        *word |= bit;
        first
    }

    /// Moves the window up to end with `ext`, clearing the bits of the numbers that it now covers.
    fn advance(&mut self, ext: u64) {
        if ext - self.next >= WINDOW {
            self.seen = [0; WORDS];
        } else {
            for skipped in self.next..=ext {
                if let Some(word) = self.seen.get_mut(word_of(skipped)) {
                    *word &= !(1 << (skipped % 64));
                }
            }
        }
        self.next = ext.saturating_add(1);
    }
}

const fn word_of(ext: u64) -> usize {
    (ext / 64 % WORDS as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_each_packet_once() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.insert(70_000));
        assert!(!filter.insert(70_000));
        assert!(filter.insert(70_001));
    }

    #[test]
    fn accepts_a_late_packet_once() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.insert(70_100));
        assert!(filter.insert(70_000));
        assert!(!filter.insert(70_000));
    }

    #[test]
    fn rejects_packets_older_than_the_window() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.insert(70_000));
        assert!(filter.insert(70_001 - WINDOW));
        assert!(!filter.insert(70_000 - WINDOW));
    }

    #[test]
    fn a_jump_clears_the_window() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.insert(70_000));
        assert!(filter.insert(70_000 + WINDOW));
        assert!(filter.insert(70_001));
        assert!(filter.insert(90_000));
        assert!(filter.insert(90_001 - WINDOW));
    }

    proptest! {
        #[test]
        fn agrees_with_a_set_within_the_window(
            steps in prop::collection::vec(prop_oneof![8 => -40i64..40, 1 => -2_100i64..2_500], 1..500),
        ) {
            let mut filter = DuplicateFilter::new();
            let mut seen = HashSet::new();
            let mut highest = 100_000u64;
            prop_assert!(filter.insert(highest));
            seen.insert(highest);
            for step in steps {
                let ext = highest.wrapping_add_signed(step);
                highest = highest.max(ext);
                let expected = highest - ext < WINDOW && seen.insert(ext);
                prop_assert_eq!(filter.insert(ext), expected);
            }
        }
    }
}
