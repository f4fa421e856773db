//! Where a packet goes in the consumer's output: its number and timestamp there.
//!
//! The choice of packets is made when they arrive, their place in the output when they leave: a paced packet that is
//! dropped from the queue leaves no gap.

use hubbub_codec::Codec;

use super::rewrite_vp8::skip_picture;
use super::state::Consumer;
use crate::api::Micros;
use crate::entities::producer::{Producer, ProducerStream};
use crate::receive::{PacketMeta, StoredPacket};

impl Consumer {
    /// Closes the gap in the output that a packet of the forwarded stream leaves which is not sent. To be called in the order
    /// of the packets.
    pub(crate) fn skip(&mut self, packet: &StoredPacket) {
        // Without a start there is nothing that a gap would follow.
        if self.start_pending {
            return;
        }
        let meta = packet.meta();
        self.sequence.skip(meta.sequence);
        let route = self.route(meta.codec);
        if route.is_some_and(|route| route.codec == Codec::Vp8) {
            skip_picture(&mut self.vp8, packet.payload());
        }
    }

    /// The source whose packets are being sent; `None` before the first packet since the start.
    pub(crate) fn sent_source(&self) -> Option<u32> {
        self.current_source.filter(|_| !self.start_pending)
    }

    /// Before a packet of the forwarded `stream` is sent: if it is the first since the start, the output continues with it, and
    /// a sender report is due. Returns whether it is.
    pub(crate) fn continue_output(
        &mut self,
        now: Micros,
        producer: &Producer,
        stream: &ProducerStream,
        packet: &PacketMeta,
    ) -> bool {
        if !std::mem::take(&mut self.start_pending) {
            return false;
        }
        self.sequence.switch_source(stream.source);
        self.sequence.go_back_to(packet.sequence);
        self.segment_start = self.sequence.highest().map_or(0, |highest| highest + 1);
        if self.last_source != Some(stream.source) {
            let left = self.left_clock.take();
            let old = self
                .last_source
                .and_then(|source| producer.stream_of_source(source)?.clock.mapping())
                .or(left.as_deref());
            self.timestamps
                .switch_source(packet.timestamp, now, old, stream.clock.mapping());
        } else if self.clock_jumps != packet.clock_jumps {
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
        } else {
            self.timestamps.resume_source(packet.timestamp, now);
        }
        self.clock_jumps = packet.clock_jumps;
        self.continue_ids();
        self.last_source = Some(stream.source);
        // The client can synchronize streams only after a sender report on each.
        self.next_report = Some(now);
        true
    }

    /// The extended output number of a packet of the forwarded stream; `None` if the packet must not be sent.
    ///
    /// At the first packet after a jump of the producer's RTP clock, timestamps and picture ids continue as at a switch: it
    /// is a new encoder, or another source of what a pipe carries. Packets before the jump are not sent after it: their
    /// timestamp offset is gone.
    pub(crate) fn output_sequence(&mut self, now: Micros, packet: &PacketMeta) -> Option<u64> {
        let output = self
            .sequence
            .forward(packet.sequence)
            .filter(|output| *output >= self.segment_start)?;
        let jumps = packet.clock_jumps.wrapping_sub(self.clock_jumps) as i16;
        if jumps < 0 {
            return None;
        }
        if jumps > 0 {
            self.clock_jumps = packet.clock_jumps;
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
            self.continue_ids();
            self.segment_start = output;
        }
        Some(output)
    }

    /// The next picture's ids continue after those that were sent.
    fn continue_ids(&mut self) {
        self.vp8.on_switch();
        self.vp9.on_switch();
        self.frame_numbers.on_switch();
    }
}
