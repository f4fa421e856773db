//! The choice of the producer's stream that a consumer forwards.
//!
//! | state of a video consumer | packet                                    | action                            |
//! |---------------------------|-------------------------------------------|-----------------------------------|
//! | forwards no stream        | starts a key frame                        | starts to forward its stream (1)  |
//! | forwards no stream        | other, of the best layer                  | requests a key frame              |
//! | forwards a stream         | of that stream                            | forwards it                       |
//! | forwards a stream         | starts a key frame of the best layer      | switches to that layer (1)        |
//! | forwards a stream         | other, of the best layer                  | requests a key frame              |
//! | paused                    | any                                       | forwards no stream                |
//!
//! For audio, every packet counts as the start of a key frame.
//!
//! (1) If the packet was repaired, packets after it have arrived already. They are sent with it. A packet that more than
//! [`MAX_BACKLOG`] packets have overtaken counts as "other": a new key frame costs less than sending them.

use super::state::Consumer;
use crate::api::Micros;
use crate::entities::producer::{Producer, ProducerStream};
use crate::receive::PacketMeta;

/// Packets that a start or switch may send at once: half a second of a stream of 5 Mbit/s.
const MAX_BACKLOG: u64 = 256;

/// A consumer's decision on a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Forward it.
    Forward,
    /// Forward it and the packets that have overtaken it: forwarding of its stream starts with it.
    Start,
    /// Skip it: it belongs to another stream than the forwarded one.
    Ignore,
    /// Skip it and request a key frame: its stream is to be forwarded, but only from a key frame on.
    AwaitKeyFrame,
}

impl Consumer {
    /// Forwards no stream until [`Self::admit`] starts one again.
    pub(crate) fn stop_forwarding(&mut self) {
        self.current_source = None;
    }

    /// Decides what to do with a packet of `stream`, the producer's stream of this encoding; see the module's table.
    pub(crate) fn admit(
        &mut self,
        now: Micros,
        producer: &Producer,
        encoding: usize,
        stream: &ProducerStream,
        packet: &PacketMeta,
        starts_key_frame: bool,
    ) -> Admission {
        if self.current_source == Some(stream.source) {
            return Admission::Forward;
        }
        let forwards = self
            .current_source
            .is_some_and(|source| producer.stream_of_source(source).is_some());
        let is_best = encoding == producer.layers.best();
        if forwards && !is_best {
            return Admission::Ignore;
        }
        let is_overtaken = stream.highest().saturating_sub(packet.sequence) > MAX_BACKLOG;
        if !starts_key_frame || is_overtaken {
            return if is_best {
                Admission::AwaitKeyFrame
            } else {
                Admission::Ignore
            };
        }
        self.start_forwarding(now, producer, stream, packet);
        Admission::Start
    }

    /// Starts to forward `stream` with this packet.
    fn start_forwarding(
        &mut self,
        now: Micros,
        producer: &Producer,
        stream: &ProducerStream,
        packet: &PacketMeta,
    ) {
        self.sequence.switch_source(stream.source);
        self.segment_start = self.sequence.highest().map_or(0, |highest| highest + 1);
        if self.last_source != Some(stream.source) {
            let old = self
                .last_source
                .and_then(|source| producer.stream_of_source(source)?.clock);
            self.timestamps.switch_source(
                packet.timestamp,
                now,
                old.as_ref(),
                stream.clock.as_ref(),
            );
        } else if self.clock_jumps != packet.clock_jumps {
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
        } else {
            self.timestamps.resume_source(packet.timestamp, now);
        }
        self.clock_jumps = packet.clock_jumps;
        self.vp8.on_switch();
        self.current_source = Some(stream.source);
        self.last_source = Some(stream.source);
        // The client can synchronize streams only after a sender report on each.
        self.next_report = Some(now);
    }

    /// The extended output number of a packet of the forwarded stream; `None` if the packet must not be sent.
    ///
    /// At the first packet after a jump of the producer's RTP clock, the timestamps continue as at a switch. Packets before
    /// the jump are not sent after it: their timestamp offset is gone.
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
            self.segment_start = output;
        }
        Some(output)
    }
}
