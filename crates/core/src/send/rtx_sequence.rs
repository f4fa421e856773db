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

    /// The number of the packet that is sent next. Wraps around.
    pub(crate) const fn take(&mut self) -> u16 {
        let sequence = self.next;
        self.next = sequence.wrapping_add(1);
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_around() {
        let mut sequence = RtxSequence::new(65_535);
        assert_eq!((sequence.take(), sequence.take()), (65_535, 0));
    }
}
