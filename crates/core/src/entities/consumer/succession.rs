//! A consumer's change to the producer that replaces its own.

use super::selector_simulcast::is_overtaken;
use super::state::{Consumer, routes_of};
use crate::entities::keys::ProducerKey;
use crate::entities::producer::{Producer, ProducerStream};
use crate::receive::PacketMeta;

impl Consumer {
    /// The encoding of `successor` of which a key frame lets the consumer leave `former`: the one that it is to receive of
    /// that; if `is_late`, of the successor.
    pub(crate) fn awaited_encoding(
        &self,
        former: &Producer,
        successor: &Producer,
        is_late: bool,
    ) -> usize {
        self.target_encoding(if is_late { successor } else { former })
    }

    /// Whether the consumer can go on with `successor` from this packet on, which starts a key frame of its `encoding`: with
    /// the encoding that it is to receive or a higher one within its limit; if `is_late`, with any within its limit.
    pub(crate) fn can_follow(
        &self,
        former: &Producer,
        successor: &Producer,
        (encoding, stream): (usize, &ProducerStream),
        packet: &PacketMeta,
        is_late: bool,
    ) -> bool {
        let lowest = if is_late {
            0
        } else {
            self.target_encoding(former)
        };
        let highest = usize::from(self.ceiling().spatial);
        let is_accepted = (lowest..=highest).contains(&encoding)
            || encoding == self.awaited_encoding(former, successor, is_late);
        is_accepted && !is_overtaken(stream, packet)
    }

    /// Leaves `former` for `successor`. The output continues with the first packet that is forwarded from there, as it does
    /// after a change of encodings.
    pub(crate) fn follow(&mut self, key: ProducerKey, former: &Producer, successor: &Producer) {
        let left = self
            .last_source
            .and_then(|source| former.stream_of_source(source));
        if let Some(stream) = left {
            self.left_clock = stream.clock.mapping().copied().map(Box::new);
        }
        self.producer = key;
        self.routes = routes_of(successor, &self.codecs);
        self.stop_forwarding();
    }
}
