//! The loss of a report block.

/// Converts a fraction lost (1/256) to per mille. Rounds up, so that some loss never becomes none.
pub(super) fn per_mille(fraction_lost: u8) -> u64 {
    (u64::from(fraction_lost) * 1_000).div_ceil(256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_become_per_mille_rounded_up() {
        assert_eq!([0, 1, 128, 255].map(per_mille), [0, 4, 500, 997]);
    }
}
