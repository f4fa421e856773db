//! RTCP on its way out: packets gathered into compounds, protected, put into the outbox.

use hubbub_srtp::MAX_OVERHEAD;
use hubbub_wire::rtcp::{
    CompoundWriter, MAX_COMPOUND_LEN, RtcpWrite, TransportFeedbackBuilder, WrittenFeedback,
};

use crate::outbox::{Outbox, Priority};
use crate::transport::Transport;

/// One compound being written; sent when it is full and when it is finished.
pub(crate) struct RtcpOut<'a> {
    transport: &'a mut Transport,
    outbox: &'a mut Outbox,
    compound: CompoundWriter<'a>,
}

/// Where a compound is written before it is protected.
pub(crate) type RtcpBuffer = [u8; MAX_COMPOUND_LEN - MAX_OVERHEAD];

/// An empty one.
pub(crate) const RTCP_BUFFER: RtcpBuffer = [0; MAX_COMPOUND_LEN - MAX_OVERHEAD];

impl<'a> RtcpOut<'a> {
    pub(crate) fn new(
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

    /// Appends a packet, to the next compound if this one is full. What does not fit an empty one is left out.
    pub(crate) fn push(&mut self, packet: &impl RtcpWrite) {
        if self.compound.push(packet).is_err() && !self.compound.is_empty() {
            self.flush();
            let _ = self.compound.push(packet);
        }
    }

    /// Appends as much transport feedback as fits one compound; `None` when nothing could be written.
    pub(crate) fn push_feedback(
        &mut self,
        feedback: &TransportFeedbackBuilder<'_>,
    ) -> Option<WrittenFeedback> {
        if let Ok(written) = self.compound.push_transport_feedback(feedback) {
            return Some(written);
        }
        self.flush();
        self.compound.push_transport_feedback(feedback).ok()
    }

    /// Sends what was gathered.
    pub(crate) fn flush(&mut self) {
        if !self.compound.is_empty() {
            // Without a pair or keys there is nobody to tell.
            let _ = self.send();
            self.compound.clear();
        }
    }

    fn send(&mut self) -> Option<()> {
        let path = self.transport.ice.selected()?;
        let outbound = self.transport.outbound.as_mut()?;
        let plain = self.compound.as_bytes();
        let buffer = self.outbox.reserve()?;
        buffer.get_mut(..plain.len())?.copy_from_slice(plain);
        let len = outbound.protect_rtcp(buffer, plain.len()).ok()?;
        self.outbox.commit(len, path, Priority::Control);
        self.transport.stats.sent(len);
        Some(())
    }
}

impl Drop for RtcpOut<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
