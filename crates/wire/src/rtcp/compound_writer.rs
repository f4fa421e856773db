//! Writes RTCP packets into compounds.

use super::{TransportFeedbackBuilder, WrittenFeedback};
use crate::WireError;

/// An RTCP packet that can be written.
pub trait RtcpWrite {
    /// Writes the packet with its header to the start of `buffer`. Returns its length in bytes, a multiple of four.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`]; [`WireError::Unrepresentable`] when a list is longer than the format allows, or
    /// empty although the format requires an item. The content of the buffer is then unspecified.
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError>;
}

/// Appends packets to a buffer whose length is the limit of the compound. A packet that does not fit is refused and
/// leaves the compound unchanged: send the compound, then push the packet into a new one.
#[derive(Debug)]
pub struct CompoundWriter<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> CompoundWriter<'a> {
    /// Creates an empty compound in `buffer`; see [`super::MAX_COMPOUND_LEN`] for its size.
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Appends a packet.
    ///
    /// # Errors
    /// Those of [`RtcpWrite::write`].
    pub fn push(&mut self, packet: &impl RtcpWrite) -> Result<(), WireError> {
        self.len += packet.write(self.buffer.get_mut(self.len..).unwrap_or_default())?;
        Ok(())
    }

    /// Appends as many arrivals of a transport feedback as fit, and returns their number.
    ///
    /// # Errors
    /// Those of [`TransportFeedbackBuilder::write`].
    pub fn push_transport_feedback(
        &mut self,
        feedback: &TransportFeedbackBuilder<'_>,
    ) -> Result<WrittenFeedback, WireError> {
        let written = feedback.write(self.buffer.get_mut(self.len..).unwrap_or_default())?;
        self.len += written.len;
        Ok(written)
    }

    /// Length of the compound in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the compound has no packet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes left in the buffer.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.buffer.len() - self.len
    }

    /// The compound.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Starts the next compound in the same buffer.
    pub const fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arrival, Compound, Pli, RtcpPacket};
    use super::*;

    const PLI: Pli = Pli {
        sender_ssrc: 1,
        media_ssrc: 2,
    };

    #[test]
    fn a_packet_that_does_not_fit_is_refused_and_the_compound_is_unchanged() {
        let mut buffer = [0; 30];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&PLI).unwrap();
        compound.push(&PLI).unwrap();
        assert_eq!(compound.push(&PLI), Err(WireError::BufferTooSmall));
        assert_eq!((compound.len(), compound.remaining()), (24, 6));
        assert_eq!(Compound::parse(compound.as_bytes()).unwrap().count(), 2);
    }

    #[test]
    fn a_transport_feedback_follows_the_packets_before() {
        let mut buffer = [0; 100];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&PLI).unwrap();
        let feedback = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: 0,
            base_sequence: 7,
            arrivals: &[Arrival {
                sequence_number: 7,
                arrival_micros: 64_000,
            }],
        };
        compound.push_transport_feedback(&feedback).unwrap();
        let packets: Vec<_> = Compound::parse(compound.as_bytes()).unwrap().collect();
        assert!(matches!(
            packets[..],
            [Ok(RtcpPacket::Pli(_)), Ok(RtcpPacket::TransportFeedback(_))]
        ));
    }

    #[test]
    fn a_cleared_compound_can_use_the_whole_buffer_again() {
        let mut buffer = [0; 12];
        let mut compound = CompoundWriter::new(&mut buffer);
        compound.push(&PLI).unwrap();
        assert!(!compound.is_empty());
        compound.clear();
        assert!(compound.is_empty());
        compound.push(&PLI).unwrap();
    }
}
