//! The choice of the producer's stream that a consumer forwards.
//!
//! | state of a video consumer | packet                                    | action                            |
//! |---------------------------|-------------------------------------------|-----------------------------------|
//! | forwards no stream        | starts a key frame, not above its limit   | starts to forward its stream (1)  |
//! | forwards no stream        | other, of the target encoding             | requests a key frame              |
//! | forwards a stream         | of that stream                            | forwards it, or drops its layer   |
//! | forwards a stream         | starts a key frame of the target encoding | switches to that encoding (1)     |
//! | forwards a stream         | other, of the target encoding             | requests a key frame              |
//! | paused, or no bandwidth   | any                                       | forwards no stream                |
//! | leaves a higher stream    | any, behind a long queue                  | forwards no stream                |
//!
//! The target encoding is the highest live one within the limit ([`Consumer::ceiling`]), else the lowest above it. For audio,
//! every packet counts as the start of a key frame.
//!
//! (1) If the packet was repaired, packets after it have arrived already. They are sent with it. A packet that more than
//! [`MAX_BACKLOG`] packets have overtaken counts as "other": a new key frame costs less than sending them.

use hubbub_codec::Layer;

use super::state::Consumer;
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

/// Whether too many packets have overtaken this one to start with it.
pub(super) fn is_overtaken(stream: &ProducerStream, packet: &PacketMeta) -> bool {
    stream.highest().saturating_sub(packet.sequence) > MAX_BACKLOG
}

impl Consumer {
    /// Decides whether to forward a packet of the forwarded stream; if not, its numbers are to be skipped.
    pub(crate) fn select(&mut self, stream: &ProducerStream, packet: &StoredPacket) -> bool {
        let meta = packet.meta();
        let live = stream.spatial.limit();
        self.svc.select(meta.sequence, &meta.frame, live)
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

    /// Forwards no stream until [`Self::admit`] starts one again, which requests the key frame that it needs.
    pub(crate) fn stop_forwarding(&mut self) {
        self.current_source = None;
        self.postponed_request = None;
    }

    /// Decides what to do with a packet of `stream`, the producer's stream of this encoding; see the module's table.
    pub(crate) fn admit(
        &mut self,
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
        let may_start = encoding <= usize::from(self.ceiling().spatial);
        if !is_target && (forwarded.is_some() || !may_start) {
            return Admission::Ignore;
        }
        if !starts_key_frame || is_overtaken(stream, packet) {
            return match forwarded {
                _ if !is_target => Admission::Ignore,
                Some(forwarded) if forwarded > encoding => Admission::AwaitLess,
                _ => Admission::AwaitKeyFrame,
            };
        }
        self.start_forwarding(producer, stream, packet);
        Admission::Start
    }

    /// Starts to forward `stream` with this packet.
    fn start_forwarding(
        &mut self,
        producer: &Producer,
        stream: &ProducerStream,
        packet: &PacketMeta,
    ) {
        self.current_source = Some(stream.source);
        self.start_pending = true;
        self.apply_limits(producer);
        self.svc.start(packet.sequence);
    }
}
