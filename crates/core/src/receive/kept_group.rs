//! The last group of pictures of a stream that sends little: a browser sends nothing of a canvas that stands still, not even
//! a key frame that is requested.

use super::packet_store::{PacketMeta, PacketStore, StoredPacket};
use crate::api::Micros;

/// Longer groups are not kept: half a second of a camera, or some slides.
const MAX_PACKETS: usize = 64;
/// The receiver shows the pictures at the pace at which they were taken.
const MAX_DURATION_US: u64 = 10_000_000;
/// Younger groups are not copied yet: most are replaced soon, and the store has them for two seconds.
const COPIED_AFTER_US: u64 = 500_000;

/// The packets of a stream from its last key frame on, while they are few. They are copied only before the store forgets
/// them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptGroup {
    /// Number and arrival of the first packet; `None` while no group is kept.
    first: Option<(u64, Micros)>,
    /// The highest number.
    last: u64,
    /// Number of packets.
    len: usize,
    /// In the order of their numbers. The first `copied` are the group's; the others are buffers for later ones.
    copies: Vec<StoredPacket>,
    copied: usize,
}

impl KeptGroup {
    /// Adds a packet that was stored. A key frame that starts a newer group takes the place of the kept one.
    pub(crate) fn add(&mut self, packet: &PacketMeta, starts_key_frame: bool) {
        match self.first {
            Some((first, _)) if packet.sequence <= first => return,
            None if !starts_key_frame => return,
            Some((_, started)) if !starts_key_frame => {
                let is_late = packet.received.since(started) > MAX_DURATION_US;
                if self.len == MAX_PACKETS || is_late {
                    self.forget();
                    return;
                }
            }
            _ => {
                self.forget();
                self.first = Some((packet.sequence, packet.received));
            }
        }
        self.last = self.last.max(packet.sequence);
        self.len += 1;
    }

    /// Copies the packets that the store will forget. To be called once a second.
    pub(crate) fn copy_from(&mut self, store: &PacketStore, now: Micros) {
        let Some((first, started)) = self.first else {
            return;
        };
        let is_complete = self.copied == self.len;
        // With too many numbers, the group will never be whole.
        let is_broken = self.last - first >= MAX_PACKETS as u64;
        if is_complete || is_broken || now.since(started) < COPIED_AFTER_US {
            return;
        }
        for sequence in first..=self.last {
            if self.get(sequence).is_none()
                && let Some(packet) = store.get(sequence, now)
            {
                self.copy(packet);
            }
        }
        if self.copied < self.len {
            self.forget();
        }
    }

    /// Keeps nothing until the next key frame.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Frees the buffers that the group does not use.
    pub(crate) fn free_unused(&mut self) {
        self.copies.truncate(self.copied);
        self.copies.shrink_to_fit();
    }

    /// The number of the first packet, if the group is kept as a whole up to `highest`.
    pub(crate) fn start(&self, highest: u64) -> Option<u64> {
        let (first, _) = self.first?;
        (highest.checked_sub(first)? + 1 == self.len as u64).then_some(first)
    }

    /// A copied packet of the group by its extended number.
    pub(crate) fn get(&self, sequence: u64) -> Option<&StoredPacket> {
        let copies = self.copies.get(..self.copied)?;
        let index = copies.binary_search_by_key(&sequence, number).ok()?;
        copies.get(index)
    }

    /// Bytes that the buffers occupy.
    pub(crate) fn held_bytes(&self) -> usize {
        self.copies.iter().map(StoredPacket::held_bytes).sum()
    }

    /// As [`Self::clear`], but keeps the buffers.
    fn forget(&mut self) {
        self.first = None;
        self.last = 0;
        self.len = 0;
        self.copied = 0;
    }

    fn copy(&mut self, packet: &StoredPacket) {
        if self.copied == self.copies.len() {
            self.copies.push(StoredPacket::default());
        }
        let Some(copies) = self.copies.get_mut(..=self.copied) else {
            return;
        };
        if let Some(free) = copies.last_mut() {
            free.copy_from(packet);
        }
        self.copied += 1;
        // Nearly always in order already.
        copies.sort_unstable_by_key(number);
    }
}

fn number(packet: &StoredPacket) -> u64 {
    packet.meta().sequence
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn time_of(sequence: u64) -> Micros {
        Micros(10_000 * sequence)
    }

    /// Stores these packets, one in 10 ms, and adds them. Those that are a multiple of 100 start key frames.
    fn add(group: &mut KeptGroup, store: &mut PacketStore, numbers: impl IntoIterator<Item = u64>) {
        for sequence in numbers {
            let meta = PacketMeta {
                sequence,
                received: time_of(sequence),
                ..PacketMeta::default()
            };
            let packet = store.insert(meta, [], &[1; 100]).unwrap();
            group.add(packet.meta(), sequence.is_multiple_of(100));
        }
    }

    fn new() -> (KeptGroup, PacketStore) {
        (KeptGroup::default(), PacketStore::new(PacketStore::VIDEO))
    }

    #[test]
    fn a_group_starts_with_the_newest_key_frame() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, 95..100);
        assert_eq!(group.start(99), None);
        add(&mut group, &mut store, 100..103);
        assert_eq!(group.start(102), Some(100));
        group.copy_from(&store, time_of(200));
        add(&mut group, &mut store, 198..=200);
        assert_eq!(group.start(200), Some(200));
        group.copy_from(&store, time_of(300));
        assert!(group.get(199).is_none() && group.get(102).is_none());
        assert_eq!(group.get(200).unwrap().meta().sequence, 200);
    }

    #[test]
    fn packets_may_arrive_late_but_none_may_be_missing() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, [100, 103, 102]);
        assert_eq!(group.start(103), None);
        group.copy_from(&store, time_of(200));
        add(&mut group, &mut store, [101, 99]);
        assert_eq!(group.start(103), Some(100));
        group.copy_from(&store, time_of(201));
        let kept = (100..104).map(|sequence| group.get(sequence).unwrap().meta().sequence);
        assert!(kept.eq(100..104));
        assert_eq!(group.start(104), None, "the newest is not kept");
    }

    #[test]
    fn a_group_is_copied_once_it_is_old() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, 100..103);
        let old = time_of(100).plus(COPIED_AFTER_US);
        group.copy_from(&store, Micros(old.0 - 1));
        assert_eq!(group.held_bytes(), 0);
        group.copy_from(&store, old);
        assert_eq!(group.held_bytes(), 3 * 100);
    }

    #[test]
    fn a_group_of_which_the_store_has_forgotten_a_packet_is_not_kept() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, 100..103);
        group.copy_from(&store, time_of(100 + 201));
        assert_eq!(group.start(102), None);
    }

    #[test]
    fn a_group_with_too_many_numbers_is_not_copied() {
        for (last, is_copied) in [(163, true), (164, false)] {
            let (mut group, mut store) = new();
            add(&mut group, &mut store, [100, last]);
            group.copy_from(&store, time_of(200));
            assert_eq!(group.held_bytes() > 0, is_copied, "{last}");
        }
    }

    #[test]
    fn a_long_group_is_not_kept() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, 100..164);
        assert_eq!(group.start(163), Some(100));
        group.copy_from(&store, time_of(164));
        assert!(group.held_bytes() >= 64 * 100);
        add(&mut group, &mut store, 164..166);
        group.free_unused();
        assert_eq!((group.start(165), group.held_bytes()), (None, 0));
        add(&mut group, &mut store, 200..202);
        assert_eq!(group.start(201), Some(200));
    }

    #[test]
    fn a_group_that_lasts_for_long_is_not_kept() {
        for (duration, is_kept) in [(MAX_DURATION_US, true), (MAX_DURATION_US + 1, false)] {
            let mut group = KeptGroup::default();
            for (sequence, received) in [(100, 7), (101, 7 + duration)] {
                let meta = PacketMeta {
                    sequence,
                    received: Micros(received),
                    ..PacketMeta::default()
                };
                group.add(&meta, sequence == 100);
            }
            assert_eq!(group.start(101).is_some(), is_kept);
        }
    }

    #[test]
    fn a_cleared_group_keeps_nothing_until_the_next_key_frame() {
        let (mut group, mut store) = new();
        add(&mut group, &mut store, 100..103);
        group.copy_from(&store, time_of(200));
        group.clear();
        assert_eq!((group.start(102), group.held_bytes()), (None, 0));
        add(&mut group, &mut store, 103..104);
        assert_eq!(group.start(103), None);
        add(&mut group, &mut store, 200..201);
        assert_eq!(group.start(200), Some(200));
    }
}
