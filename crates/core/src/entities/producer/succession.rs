//! A producer that takes the place of another one: the same track, which now arrives another way.

use super::state::Producer;
use crate::api::Micros;
use crate::entities::keys::ProducerKey;

impl Producer {
    /// Whether consumers of other producers wait for this one.
    pub(crate) const fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// The producers with consumers that wait for this one.
    pub(crate) fn predecessors(&self) -> &[ProducerKey] {
        &self.predecessors
    }

    /// The producer that replaces this one, and since when. It may have been closed.
    pub(crate) const fn successor(&self) -> Option<(ProducerKey, Micros)> {
        self.successor
    }

    /// Sets which producer replaces this one from now on. A repetition does not count as a later start.
    pub(crate) fn set_successor(&mut self, successor: ProducerKey, now: Micros) {
        if self.successor.is_none_or(|(former, _)| former != successor) {
            self.successor = Some((successor, now));
        }
    }

    /// What each encoding needs, bit/s; `None` while that is not known.
    pub(crate) fn needs(&self) -> Vec<Option<u64>> {
        let needed = |encoding| {
            let stream = self.stream(encoding);
            let measured =
                stream.and_then(|stream| stream.layer_rates.bitrate(stream.top.on_grid()));
            measured.or_else(|| self.inherited(encoding))
        };
        (0..self.encodings.len()).map(needed).collect()
    }

    /// Sets what each encoding is taken to need until it was measured: what it needed on the former way. Otherwise a link
    /// that has less than is assumed of an unknown video would pause one that it carried until now.
    pub(crate) fn inherit(&mut self, needs: Vec<Option<u64>>) {
        self.inherited = needs;
    }

    /// What an encoding of the replaced producer needed, bit/s.
    pub(super) fn inherited(&self, encoding: usize) -> Option<u64> {
        self.inherited.get(encoding).copied().flatten()
    }

    /// The consumers of `predecessor` wait for this producer.
    pub(crate) fn add_predecessor(&mut self, predecessor: ProducerKey) {
        self.predecessors.push(predecessor);
        self.is_awaited = true;
    }

    /// No consumer of `predecessor` waits any more. Returns false if none did.
    pub(crate) fn remove_predecessor(&mut self, predecessor: ProducerKey) -> bool {
        let before = self.predecessors.len();
        self.predecessors.retain(|other| *other != predecessor);
        self.is_awaited = !self.predecessors.is_empty();
        self.predecessors.len() < before
    }

    /// Removes and returns all predecessors.
    pub(crate) fn take_predecessors(&mut self) -> Vec<ProducerKey> {
        self.is_awaited = false;
        std::mem::take(&mut self.predecessors)
    }
}
