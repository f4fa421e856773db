//! The choice of the producer's stream that a consumer forwards.
//!
//! | state of a video consumer | packet                                    | action                            |
//! |---------------------------|-------------------------------------------|-----------------------------------|
//! | forwards no stream        | starts a key frame, not above its limit   | starts to forward its stream (1)  |
//! | forwards no stream        | other, of the target encoding             | requests a key frame              |
//! | forwards a stream         | of that stream                            | forwards it, or drops its layer   |
//! | forwards a stream         | starts a key frame of the target encoding | switches to that encoding (1)     |
//! | forwards a stream         | other, of the target encoding             | requests a key frame              |
//! | paused                    | any                                       | forwards no stream                |
//!
//! The target encoding is the highest live one within the limit ([`Consumer::prefer`]), else the lowest above it. For audio,
//! every packet counts as the start of a key frame.
//!
//! (1) If the packet was repaired, packets after it have arrived already. They are sent with it. A packet that more than
//! [`MAX_BACKLOG`] packets have overtaken counts as "other": a new key frame costs less than sending them.

use hubbub_codec::{Codec, Layer};

use super::rewrite_vp8::skip_picture;
use super::state::{ALL_LAYERS, Consumer};
use crate::api::Micros;
use crate::entities::producer::{Producer, ProducerStream};
use crate::receive::{PacketMeta, StoredPacket};

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
    /// As `AwaitKeyFrame`; a higher encoding than the client is to receive is forwarded meanwhile.
    AwaitLess,
}

impl Consumer {
    /// Limits the layers that the client receives: `spatial` counts the encodings, or the spatial layers of a producer with
    /// one encoding.
    pub(crate) fn prefer(&mut self, preferred: Layer, producer: &Producer) {
        self.preferred = preferred;
        let is_simulcast = producer.encodings.len() > 1;
        self.svc.want(Layer {
            spatial: if is_simulcast {
                ALL_LAYERS.spatial
            } else {
                preferred.spatial
            },
            temporal: preferred.temporal,
        });
    }

    /// The encoding that the client is to receive.
    pub(crate) fn target_encoding(&self, producer: &Producer) -> usize {
        producer.layers.target(self.preferred.spatial)
    }

    /// Decides whether to forward a packet of the forwarded stream; if not, its numbers are skipped.
    pub(crate) fn select(&mut self, stream: &ProducerStream, packet: &StoredPacket) -> bool {
        let meta = packet.meta();
        let live = stream.spatial.limit();
        let is_selected = self.svc.select(meta.sequence, &meta.frame, live);
        if !is_selected {
            self.sequence.skip(meta.sequence);
            if self
                .route(meta.codec)
                .is_some_and(|route| route.codec == Codec::Vp8)
            {
                skip_picture(&mut self.vp8, packet.payload());
            }
        }
        is_selected
    }

    /// The next layers are reported, whatever they are.
    pub(crate) fn forget_reported_layers(&mut self) {
        self.reported_layers = None;
    }

    /// The layers that the client receives of `stream`, the forwarded stream of this encoding, if they have changed.
    pub(crate) fn changed_layers(
        &mut self,
        producer: &Producer,
        encoding: usize,
        stream: &ProducerStream,
    ) -> Option<Layer> {
        let within = self.svc.target().at_most(stream.top);
        let layers = match producer.encodings.len() {
            1 => within,
            _ => Layer {
                spatial: encoding as u8,
                ..within
            },
        };
        (self.reported_layers.replace(layers) != Some(layers)).then_some(layers)
    }

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
        let forwarded = self
            .current_source
            .and_then(|source| producer.encoding_of_source(source));
        let is_target = encoding == self.target_encoding(producer);
        let may_start = is_target || encoding <= usize::from(self.preferred.spatial);
        if !is_target && (forwarded.is_some() || !may_start) {
            return Admission::Ignore;
        }
        let is_overtaken = stream.highest().saturating_sub(packet.sequence) > MAX_BACKLOG;
        if !starts_key_frame || is_overtaken {
            return match forwarded {
                _ if !is_target => Admission::Ignore,
                Some(forwarded) if forwarded > encoding => Admission::AwaitLess,
                _ => Admission::AwaitKeyFrame,
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
                .and_then(|source| producer.stream_of_source(source)?.clock.mapping());
            self.timestamps
                .switch_source(packet.timestamp, now, old, stream.clock.mapping());
        } else if self.clock_jumps != packet.clock_jumps {
            self.timestamps
                .switch_source(packet.timestamp, now, None, None);
        } else {
            self.timestamps.resume_source(packet.timestamp, now);
        }
        self.clock_jumps = packet.clock_jumps;
        self.vp8.on_switch();
        self.svc.start(packet.sequence);
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
