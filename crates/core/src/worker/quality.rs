//! Measures of how well a stream arrives, from the fraction lost of a report block.

/// Converts a fraction lost (1/256) to per mille. Rounds up, so that some loss never becomes none.
pub(super) fn per_mille(fraction_lost: u8) -> u64 {
    (u64::from(fraction_lost) * 1_000).div_ceil(256)
}

/// The quality of a received stream, 0 to 10, from its fraction lost (1/256).
///
/// As in mediasoup: ten times the fourth power of the fraction that arrived. A loss of 5 % gives 8, of 20 % gives 4.
pub(super) fn score(fraction_lost: u8) -> u64 {
    let arrived = 256 - u64::from(fraction_lost);
    (arrived.pow(4) * 10 + (1 << 31)) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_falls_faster_than_the_loss_grows() {
        let scores: Vec<u64> = [0, 13, 26, 51, 128, 255].map(score).into();
        assert_eq!(scores, [10, 8, 7, 4, 1, 0]);
    }

    #[test]
    fn fractions_become_per_mille_rounded_up() {
        assert_eq!([0, 1, 128, 255].map(per_mille), [0, 4, 500, 997]);
    }
}
