//! Puts RTCP packets together into compounds.

use super::{TransportFeedbackBuilder, WrittenFeedback};
use crate::WireError;

/// A packet that can be written.
pub trait RtcpWrite {
    /// Writes the packet, header included, to the beginning of `buffer`; returns its length, a multiple of four.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`]; [`WireError::Unrepresentable`] when a list is longer than the format allows, or
    /// empty where it may not be. The buffer's content is then undefined.
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError>;
}

/// Appends packets to a buffer whose length is the budget. A packet that does not fit is refused and leaves the
/// compound as it was: send that, then push the packet into a new one.
#[derive(Debug)]
pub struct CompoundWriter<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> CompoundWriter<'a> {
    /// An empty compound; see [`super::MAX_COMPOUND_LEN`].
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Appends a packet.
    ///
    /// # Errors
    /// As [`RtcpWrite::write`].
    pub fn push(&mut self, packet: &impl RtcpWrite) -> Result<(), WireError> {
        self.len += packet.write(self.buffer.get_mut(self.len..).unwrap_or_default())?;
        Ok(())
    }

    /// Appends as much of a transport feedback as fits; tells how much that was.
    ///
    /// # Errors
    /// As [`TransportFeedbackBuilder::write`].
    pub fn push_transport_feedback(
        &mut self,
        feedback: &TransportFeedbackBuilder<'_>,
    ) -> Result<WrittenFeedback, WireError> {
        let written = feedback.write(self.buffer.get_mut(self.len..).unwrap_or_default())?;
        self.len += written.len;
        Ok(written)
    }

    /// Bytes written.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes left of the budget.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.buffer.len() - self.len
    }

    /// What was written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Forgets what was written, for the next compound in the same buffer.
    pub const fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compound, Pli};
    use super::*;

    const PLI: Pli = Pli {
        sender_ssrc: 1,
        media_ssrc: 2,
    };

    #[test]
    fn what_exceeds_the_budget_is_refused_and_the_rest_stays() {
        let mut buffer = [0; 30];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&PLI).unwrap();
        compound.push(&PLI).unwrap();
        assert_eq!(compound.push(&PLI), Err(WireError::BufferTooSmall));
        assert_eq!((compound.len(), compound.remaining()), (24, 6));
        assert_eq!(Compound::parse(compound.as_bytes()).unwrap().count(), 2);
    }

    #[test]
    fn a_cleared_compound_has_its_whole_budget_again() {
        let mut buffer = [0; 12];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&PLI).unwrap();
        compound.clear();
        assert!(compound.is_empty());
        compound.push(&PLI).unwrap();
    }
}
