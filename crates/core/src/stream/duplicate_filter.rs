//! Tells the first copy of a packet from later ones.

const WORDS: usize = 16;
const WINDOW: u64 = WORDS as u64 * 64;

/// A bitmap over the last 1,024 extended sequence numbers of a stream.
///
/// Copies come from RTX that overtook a late original and from senders that probe the bandwidth with packets sent
/// before. What is older than the window counts as a copy: nobody could tell, and receivers would take it for a replay
/// (the window of SRTP is as long).
#[derive(Debug, Clone, Default)]
pub struct DuplicateFilter {
    /// One above the highest seen; 0 before the first.
    next: u64,
    /// Bit `n % 64` of word `n / 64 % WORDS` stands for `n`, valid for `next - WINDOW..next`.
    seen: [u64; WORDS],
}

impl DuplicateFilter {
    /// Has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next: 0,
            seen: [0; WORDS],
        }
    }

    /// Whether `ext` (extended) is seen for the first time; from now on it is not.
    pub fn first_sight(&mut self, ext: u64) -> bool {
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

    /// Moves the window up to end with `ext`, forgetting what its bits stood for before.
    fn advance(&mut self, ext: u64) {
        if self.next == 0 || ext - self.next >= WINDOW {
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
    fn sees_each_packet_once() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.first_sight(70_000));
        assert!(!filter.first_sight(70_000));
        assert!(filter.first_sight(70_001));
    }

    #[test]
    fn takes_a_late_packet_once() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.first_sight(70_100));
        assert!(filter.first_sight(70_000));
        assert!(!filter.first_sight(70_000));
    }

    #[test]
    fn refuses_what_is_older_than_the_window() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.first_sight(70_000));
        assert!(filter.first_sight(70_001 - WINDOW));
        assert!(!filter.first_sight(70_000 - WINDOW));
    }

    #[test]
    fn a_jump_forgets_what_was_before() {
        let mut filter = DuplicateFilter::new();
        assert!(filter.first_sight(70_000));
        assert!(filter.first_sight(70_000 + WINDOW));
        assert!(filter.first_sight(70_001));
        assert!(filter.first_sight(90_000));
        assert!(filter.first_sight(90_001 - WINDOW));
    }

    proptest! {
        #[test]
        fn agrees_with_a_set_within_the_window(
            steps in prop::collection::vec(prop_oneof![8 => -40i64..40, 1 => -2_100i64..2_500], 1..500),
        ) {
            let mut filter = DuplicateFilter::new();
            let mut seen = HashSet::new();
            let mut highest = 100_000u64;
            prop_assert!(filter.first_sight(highest));
            seen.insert(highest);
            for step in steps {
                let ext = highest.wrapping_add_signed(step);
                highest = highest.max(ext);
                let expected = highest - ext < WINDOW && seen.insert(ext);
                prop_assert_eq!(filter.first_sight(ext), expected);
            }
        }
    }
}
