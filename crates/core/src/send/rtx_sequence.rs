//! Sequence numbers of an outgoing RTX stream.

/// Numbers the packets of an outgoing RTX stream (RFC 4588 section 4): each retransmission gets a new number.
#[derive(Debug, Clone)]
pub(crate) struct RtxSequence {
    next: u16,
}

impl RtxSequence {
    /// Starts with `first`, which should be random (RFC 3550 section 5.1).
    #[must_use]
    pub(crate) const fn new(first: u16) -> Self {
        Self { next: first }
    }

    /// The number of the packet that is sent next.
    pub(crate) const fn next(&self) -> u16 {
        self.next
    }

    /// Call this when the packet has been sent: a number must not be used twice, and an unused one would look lost.
    pub(crate) const fn advance(&mut self) {
        self.next = self.next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_around() {
        let mut sequence = RtxSequence::new(65_535);
        assert_eq!(sequence.next(), 65_535);
        sequence.advance();
        assert_eq!(sequence.next(), 0);
    }
}
