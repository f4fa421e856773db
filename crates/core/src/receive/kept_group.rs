//! The last group of pictures of a stream that sends little: a browser sends nothing of a canvas that stands still, not even
//! a key frame that is requested.

use super::packet_store::{PacketMeta, StoredPacket};

/// Longer groups are not kept: half a second of a camera, or some slides.
const MAX_PACKETS: usize = 64;
/// The receiver shows the pictures at the pace at which they were taken.
const MAX_DURATION_US: u64 = 10_000_000;

/// The packets of a stream from its last key frame on, in the order of their numbers, while they are few.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptGroup {
    /// The first `len` are the group's; the others are buffers for later ones.
    packets: Vec<StoredPacket>,
    len: usize,
}

impl KeptGroup {
    /// Adds a packet that was received. A key frame that starts a newer group takes the place of the kept one.
    pub(crate) fn add(&mut self, packet: &StoredPacket, starts_key_frame: bool) {
        let sequence = packet.meta().sequence;
        match self.first() {
            Some(first) if sequence <= first.sequence => return,
            Some(_) if starts_key_frame => self.len = 0,
            None if !starts_key_frame => return,
            _ => {}
        }
        let started = self
            .first()
            .map_or(packet.meta().received, |first| first.received);
        let is_late = packet.meta().received.since(started) > MAX_DURATION_US;
        if self.len == MAX_PACKETS || is_late {
            self.len = 0;
            return;
        }
        if self.len == self.packets.len() {
            self.packets.push(StoredPacket::default());
        }
        if let Some(place) = self.packets.get_mut(self.len) {
            place.copy_from(packet);
            self.len += 1;
        }
        // Nearly always in order already.
        let packets = self.packets.get_mut(..self.len).unwrap_or_default();
        let mut at = packets.len() - 1;
        while at > 0 && packets.get(at).map(number) < packets.get(at - 1).map(number) {
            packets.swap(at - 1, at);
            at -= 1;
        }
    }

    /// Keeps nothing until the next key frame.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Frees the buffers that the group does not use.
    pub(crate) fn free_unused(&mut self) {
        self.packets.truncate(self.len);
        self.packets.shrink_to_fit();
    }

    /// The number of the first packet, if the group is kept as a whole up to `highest`.
    pub(crate) fn start(&self, highest: u64) -> Option<u64> {
        let first = self.first()?.sequence;
        (highest.checked_sub(first)? + 1 == self.len as u64).then_some(first)
    }

    /// A packet of the group by its extended number.
    pub(crate) fn get(&self, sequence: u64) -> Option<&StoredPacket> {
        let packets = self.packets.get(..self.len)?;
        let index = packets.binary_search_by_key(&sequence, number).ok()?;
        packets.get(index)
    }

    /// Bytes that the buffers occupy.
    pub(crate) fn held_bytes(&self) -> usize {
        self.packets.iter().map(StoredPacket::held_bytes).sum()
    }

    fn first(&self) -> Option<&PacketMeta> {
        let packet = self.packets.first().filter(|_| self.len > 0)?;
        Some(packet.meta())
    }
}

fn number(packet: &StoredPacket) -> u64 {
    packet.meta().sequence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Micros;
    use crate::receive::PacketStore;

    /// Adds these packets, one in 10 ms. Those that are a multiple of 100 start key frames.
    fn add(group: &mut KeptGroup, numbers: impl IntoIterator<Item = u64>) {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for sequence in numbers {
            let meta = PacketMeta {
                sequence,
                received: Micros(10_000 * sequence),
                ..PacketMeta::default()
            };
            let packet = store.insert(meta, [], &[1; 100]).unwrap();
            group.add(packet, sequence.is_multiple_of(100));
        }
    }

    #[test]
    fn a_group_starts_with_the_newest_key_frame() {
        let mut group = KeptGroup::default();
        add(&mut group, 95..100);
        assert_eq!(group.start(99), None);
        add(&mut group, 100..103);
        assert_eq!(group.start(102), Some(100));
        add(&mut group, 198..=200);
        assert_eq!(group.start(200), Some(200));
        assert!(group.get(199).is_none() && group.get(102).is_none());
        assert_eq!(group.get(200).unwrap().meta().sequence, 200);
    }

    #[test]
    fn packets_may_arrive_late_but_none_may_be_missing() {
        let mut group = KeptGroup::default();
        add(&mut group, [100, 103, 102]);
        assert_eq!(group.start(103), None);
        add(&mut group, [101, 99]);
        assert_eq!(group.start(103), Some(100));
        let kept = (100..104).map(|sequence| group.get(sequence).unwrap().meta().sequence);
        assert!(kept.eq(100..104));
        assert_eq!(group.start(104), None, "the newest is not kept");
    }

    #[test]
    fn a_long_group_is_not_kept() {
        let mut group = KeptGroup::default();
        add(&mut group, 100..164);
        assert_eq!(group.start(163), Some(100));
        assert!(group.held_bytes() >= 64 * 100);
        add(&mut group, 164..166);
        group.free_unused();
        assert_eq!((group.start(165), group.held_bytes()), (None, 0));
        add(&mut group, 200..202);
        assert_eq!(group.start(201), Some(200));
    }

    #[test]
    fn a_group_that_lasts_for_long_is_not_kept() {
        for (duration, is_kept) in [(MAX_DURATION_US, true), (MAX_DURATION_US + 1, false)] {
            let mut group = KeptGroup::default();
            let mut store = PacketStore::new(PacketStore::VIDEO);
            for (sequence, received) in [(100, 7), (101, 7 + duration)] {
                let meta = PacketMeta {
                    sequence,
                    received: Micros(received),
                    ..PacketMeta::default()
                };
                group.add(store.insert(meta, [], &[1]).unwrap(), sequence == 100);
            }
            assert_eq!(group.start(101).is_some(), is_kept);
        }
    }

    #[test]
    fn a_cleared_group_keeps_nothing_until_the_next_key_frame() {
        let mut group = KeptGroup::default();
        add(&mut group, 100..103);
        group.clear();
        assert_eq!((group.start(102), group.held_bytes()), (None, 0));
        add(&mut group, 103..104);
        assert_eq!(group.start(103), None);
        add(&mut group, 200..201);
        assert_eq!(group.start(200), Some(200));
    }
}
