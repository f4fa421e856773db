//! The replay window of received packet indices (RFC 3711 section 3.3.2).

const WORDS: usize = 16;

/// Size of the window in packets. A packet this far behind the newest index, or farther, is refused.
pub(crate) const WINDOW: u64 = 64 * WORDS as u64;

/// Records which of the last [`WINDOW`] indices were received. A ring of bits: index `i` is bit `i % WINDOW`.
#[derive(Debug, Clone)]
pub(crate) struct ReplayWindow {
    highest: u64,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// Creates a window in which only `first` has been received.
    pub(crate) fn starting_at(first: u64) -> Self {
        let mut window = Self {
            highest: first,
            seen: [0; WORDS],
        };
        window.mark(first);
        window
    }

    /// Creates the window of a stream that continues with `index`, in which every index up to `highest` counts as
    /// received.
    pub(crate) fn resuming_after(highest: u64, index: u64) -> Self {
        let mut window = Self {
            highest,
            seen: [u64::MAX; WORDS],
        };
        window.accept(index);
        window
    }

    /// The newest index received.
    #[inline]
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether `index` is within the window or newer, and has not been received.
    #[inline]
    pub(crate) fn is_fresh(&self, index: u64) -> bool {
        if index > self.highest {
            return true;
        }
        let seen = self
            .seen
            .get(word_of(index))
            .is_some_and(|word| word & bit_of(index) != 0);
        self.highest - index < WINDOW && !seen
    }

    /// Records that `index` has been received. The caller has checked that it is fresh and that its packet is
    /// authentic.
    #[inline]
    pub(crate) fn accept(&mut self, index: u64) {
        if index > self.highest {
            self.slide_to(index);
        }
        self.mark(index);
    }

    /// Clears the bits of the indices that enter the window.
    fn slide_to(&mut self, index: u64) {
        if index - self.highest >= WINDOW {
            self.seen = [0; WORDS];
        } else {
            for entering in self.highest + 1..=index {
                if let Some(word) = self.seen.get_mut(word_of(entering)) {
                    *word &= !bit_of(entering);
                }
            }
        }
        self.highest = index;
    }

    fn mark(&mut self, index: u64) {
        if let Some(word) = self.seen.get_mut(word_of(index)) {
            *word |= bit_of(index);
        }
    }
}

#[inline]
fn word_of(index: u64) -> usize {
    (index % WINDOW / 64) as usize
}

#[inline]
fn bit_of(index: u64) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn index_is_fresh_once() {
        let mut window = ReplayWindow::starting_at(10);
        assert!(!window.is_fresh(10));
        assert!(window.is_fresh(11));
        window.accept(11);
        assert!(!window.is_fresh(11));
    }

    #[test]
    fn late_index_is_fresh_until_the_window_has_passed() {
        let mut window = ReplayWindow::starting_at(5_000);
        assert!(window.is_fresh(5_000 - WINDOW + 1));
        assert!(!window.is_fresh(5_000 - WINDOW));
        window.accept(5_001);
        assert!(!window.is_fresh(5_001 - WINDOW));
    }

    #[test]
    fn a_resumed_window_accepts_only_indices_after_the_former_highest() {
        let window = ReplayWindow::resuming_after(5_000, 5_003);
        assert_eq!(
            (4_990..5_006)
                .filter(|index| window.is_fresh(*index))
                .collect::<Vec<_>>(),
            [5_001, 5_002, 5_004, 5_005]
        );
    }

    proptest! {
        /// Compares the window with a set of all received indices.
        #[test]
        fn window_agrees_with_a_set(steps in prop::collection::vec(-1_200_i64..1_200, 1..300)) {
            let mut index = 100_000_u64;
            let (mut window, mut received) = (ReplayWindow::starting_at(index), HashSet::from([index]));
            for step in steps {
                index = index.saturating_add_signed(step);
                let fresh = !received.contains(&index) && index + WINDOW > window.highest();
                prop_assert_eq!(window.is_fresh(index), fresh);
                if fresh {
                    window.accept(index);
                    received.insert(index);
                }
            }
        }
    }
}
