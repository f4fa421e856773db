//! The 48-bit packet index and its estimate from a 16-bit sequence number (RFC 3711 section 3.3.1).

/// One past the last packet index. A key may not protect a packet with this index or a higher one.
pub(crate) const INDEX_END: u64 = 1 << 48;

const SEQUENCES: u64 = 1 << 16;

/// The packet index: the rollover counter `roc` in the high bits, the sequence number in the low 16 bits.
#[inline]
pub(crate) fn packet_index(roc: u32, sequence: u16) -> u64 {
    u64::from(roc) << 16 | u64::from(sequence)
}

/// The index closest to `highest` whose low 16 bits are `sequence`; never below 0.
///
/// The result is [`INDEX_END`] or higher when the key is exhausted.
#[inline]
pub(crate) fn guess_index(highest: u64, sequence: u16) -> u64 {
    let same_rollover = (highest & !(SEQUENCES - 1)) | u64::from(sequence);
    if same_rollover + SEQUENCES / 2 < highest {
        same_rollover + SEQUENCES
    } else if same_rollover > highest + SEQUENCES / 2 {
        same_rollover
            .checked_sub(SEQUENCES)
            .unwrap_or(same_rollover)
    } else {
        same_rollover
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sequence_wraps_into_the_next_rollover() {
        assert_eq!(guess_index(packet_index(0, 65_535), 0), packet_index(1, 0));
        assert_eq!(
            guess_index(packet_index(6, 65_000), 300),
            packet_index(7, 300)
        );
    }

    #[test]
    fn late_packet_belongs_to_the_previous_rollover() {
        assert_eq!(
            guess_index(packet_index(1, 2), 65_534),
            packet_index(0, 65_534)
        );
    }

    #[test]
    fn a_packet_half_the_range_away_belongs_to_the_same_rollover() {
        assert_eq!(
            guess_index(packet_index(3, 40_000), 7_232),
            packet_index(3, 7_232)
        );
        assert_eq!(
            guess_index(packet_index(3, 7_232), 40_000),
            packet_index(3, 40_000)
        );
    }

    #[test]
    fn guess_before_the_first_rollover_stays_at_rollover_zero() {
        assert_eq!(guess_index(5, 65_530), 65_530);
    }

    proptest! {
        #[test]
        fn index_within_half_the_sequence_range_is_guessed(
            highest in 65_536..INDEX_END - 65_536, step in -32_767_i64..=32_767,
        ) {
            let index = highest.checked_add_signed(step).unwrap();
            prop_assert_eq!(guess_index(highest, (index & 0xffff) as u16), index);
        }
    }
}
