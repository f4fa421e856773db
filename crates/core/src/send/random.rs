//! Pseudorandom sequence numbers and SSRCs: well distributed, reproducible from the seed, not secret.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 32) as u32
    }

    /// A first sequence number, in the lower half of the range: then a reordered first packet is never mistaken for one
    /// of the previous cycle (RFC 3711 section 3.3.1).
    pub(crate) fn sequence(&mut self) -> u16 {
        (self.next_u32() & 0x7FFF) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_upper_halves_of_splitmix64() {
        // The reference implementation, with seed 0, gives e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f,
        // f88bb8a8724c81ec.
        let mut random = Random::new(0);
        let numbers = [0; 4].map(|_| random.next_u32());
        assert_eq!(
            numbers,
            [0xe220_a839, 0x6e78_9e6a, 0x06c4_5d18, 0xf88b_b8a8]
        );
    }

    #[test]
    fn first_sequence_numbers_are_in_the_lower_half() {
        let mut random = Random::new(0);
        assert_eq!([0; 2].map(|_| random.sequence()), [0x2839, 0x1e6a]);
    }
}
