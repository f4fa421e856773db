//! Outgoing RTCP.

use hubbub_srtp::MAX_OVERHEAD;
use hubbub_wire::rtcp::{
    CompoundWriter, MAX_COMPOUND_LEN, RtcpWrite, TransportFeedbackBuilder, WrittenFeedback,
};

use crate::entities::Transport;
use crate::send::{Outbox, Priority};

/// Collects RTCP packets into compounds. Protects a compound and puts it into the outbox when the next packet does not
/// fit and when this is dropped.
pub(super) struct RtcpOut<'a> {
    transport: &'a mut Transport,
    outbox: &'a mut Outbox,
    compound: CompoundWriter<'a>,
}

/// Holds a compound before it is protected.
pub(super) type RtcpBuffer = [u8; MAX_COMPOUND_LEN - MAX_OVERHEAD];

/// An empty buffer.
pub(super) const RTCP_BUFFER: RtcpBuffer = [0; MAX_COMPOUND_LEN - MAX_OVERHEAD];

impl<'a> RtcpOut<'a> {
    pub(super) fn new(
        transport: &'a mut Transport,
        outbox: &'a mut Outbox,
        buffer: &'a mut RtcpBuffer,
    ) -> Self {
        Self {
            transport,
            outbox,
            compound: CompoundWriter::new(buffer),
        }
    }

    /// Appends a packet. Drops a packet that does not fit an empty compound.
    pub(super) fn push(&mut self, packet: &impl RtcpWrite) {
        if self.compound.push(packet).is_err() && !self.compound.is_empty() {
            self.flush();
            let _ = self.compound.push(packet);
        }
    }

    /// Appends as much of a transport feedback as fits one compound. Returns `None` if nothing could be written.
    pub(super) fn push_feedback(
        &mut self,
        feedback: &TransportFeedbackBuilder<'_>,
    ) -> Option<WrittenFeedback> {
        if let Ok(written) = self.compound.push_transport_feedback(feedback) {
            return Some(written);
        }
        self.flush();
        self.compound.push_transport_feedback(feedback).ok()
    }

    /// Sends the current compound unless it is empty.
    pub(super) fn flush(&mut self) {
        if !self.compound.is_empty() {
            // Without a pair or keys the compound is dropped: there is nobody to send it to.
            let _ = self.send();
            self.compound.clear();
        }
    }

    fn send(&mut self) -> Option<()> {
        let path = self.transport.link.rtcp_path()?;
        let outbound = self.transport.outbound.as_mut()?;
        let plain = self.compound.as_bytes();
        let buffer = self.outbox.reserve_behind(self.transport.link.prefix())?;
        buffer.get_mut(..plain.len())?.copy_from_slice(plain);
        let len = outbound.protect_rtcp(buffer, plain.len()).ok()?;
        self.outbox.commit(len, path, Priority::Control);
        self.transport.stats.count_sent(len);
        Some(())
    }
}

impl Drop for RtcpOut<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
