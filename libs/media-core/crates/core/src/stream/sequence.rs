//! Sequence numbers without their wrap-around.

/// The extended number of a first packet is one cycle up, so that packets older than it still have a number.
const BASE: u64 = 1 << 16;

/// Extends 16-bit sequence numbers (RFC 3550 section 5.1; transport-wide ones too) to 64 bits.
///
/// Each number is taken to be the nearest one to the highest so far: up to 32,767 ahead of it, up to 32,768 behind.
/// The low 16 bits of what comes out are what went in.
#[derive(Debug, Clone, Default)]
pub struct SequenceUnwrapper {
    highest: Option<u64>,
}

impl SequenceUnwrapper {
    /// Knows no packet yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The extended number of a packet that came; a newer one becomes the highest.
    pub fn extend(&mut self, sequence: u16) -> u64 {
        let extended = self.nearest(sequence);
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }

    /// The extended number of `sequence` as [`Self::extend`] would give it, without taking note of it.
    #[must_use]
    pub fn nearest(&self, sequence: u16) -> u64 {
        match self.highest {
            None => BASE + u64::from(sequence),
            Some(highest) => {
                let ahead = sequence.wrapping_sub(highest as u16) as i16;
                // `highest` is at least BASE and never falls, so that half a cycle below it is above zero.
                highest.wrapping_add_signed(i64::from(ahead))
            }
        }
    }

    /// The highest so far.
    #[must_use]
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }
}
