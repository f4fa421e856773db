//! Sequence numbers without wrap-around.

/// The extended number of a first packet starts one cycle up, so that older packets have a number too.
const BASE: u64 = 1 << 16;

/// Extends 16-bit sequence numbers to 64 bits (RFC 3550 section 5.1; also transport-wide numbers).
///
/// Chooses the extended number nearest to the highest so far: up to 32,767 ahead, up to 32,768 behind. The low 16 bits
/// stay the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct SequenceUnwrapper {
    highest: Option<u64>,
}

impl SequenceUnwrapper {
    /// An unwrapper without received packets.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self { highest: None }
    }

    /// The extended number of a received packet. If it is newer, it becomes the highest.
    pub(crate) fn extend(&mut self, sequence: u16) -> u64 {
        let extended = self.nearest(sequence);
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }

    /// The extended number that [`Self::extend`] would return, without recording it.
    #[must_use]
    pub(crate) fn nearest(&self, sequence: u16) -> u64 {
        match self.highest {
            None => BASE + u64::from(sequence),
            Some(highest) => {
                let ahead = sequence.wrapping_sub(highest as u16) as i16;
                // `highest` is at least BASE and never decreases, so half a cycle below it is positive.
                highest.wrapping_add_signed(i64::from(ahead))
            }
        }
    }

    /// The highest so far.
    #[must_use]
    pub(crate) const fn highest(&self) -> Option<u64> {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_older_than_the_first_packet_are_representable() {
        let mut unwrapper = SequenceUnwrapper::new();
        assert_eq!(unwrapper.extend(0), 65_536);
        assert_eq!(unwrapper.extend(65_535), 65_535);
        assert_eq!(unwrapper.highest(), Some(65_536));
    }

    #[test]
    fn half_a_cycle_ahead_is_behind() {
        let mut unwrapper = SequenceUnwrapper::new();
        unwrapper.extend(100);
        assert_eq!(unwrapper.nearest(100 + 32_767), 65_536 + 100 + 32_767);
        assert_eq!(unwrapper.nearest(100 + 32_768), 65_536 + 100 - 32_768);
    }

    #[test]
    fn nearest_does_not_record_the_number() {
        let mut unwrapper = SequenceUnwrapper::new();
        unwrapper.extend(7);
        assert_eq!(unwrapper.nearest(20), 65_556);
        assert_eq!(unwrapper.highest(), Some(65_543));
    }

    proptest! {
        #[test]
        fn extends_any_walk_within_half_a_cycle(
            start in any::<u16>(),
            steps in prop::collection::vec(-3_000i64..3_000, 1..200),
        ) {
            let mut unwrapper = SequenceUnwrapper::new();
            let mut highest = unwrapper.extend(start);
            for step in steps {
                let expected = highest.wrapping_add_signed(step);
                prop_assert_eq!(unwrapper.extend(expected as u16), expected);
                highest = highest.max(expected);
                prop_assert_eq!(unwrapper.highest(), Some(highest));
            }
        }

        #[test]
        fn keeps_the_low_bits_of_any_number(sequences in prop::collection::vec(any::<u16>(), 1..200)) {
            let mut unwrapper = SequenceUnwrapper::new();
            for sequence in sequences {
                prop_assert_eq!(unwrapper.extend(sequence) as u16, sequence);
            }
        }
    }
}
