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
