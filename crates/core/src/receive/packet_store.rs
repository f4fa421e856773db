//! The last packets of a stream, kept for forwarding and retransmission.

use crate::api::Micros;

/// Maximum payload length, bytes: that of a datagram.
const MAX_PAYLOAD: usize = 1_500;
/// Maximum length of a packet's header extensions, bytes, each with two bytes of overhead. The dependency descriptor of
/// an AV1 key frame takes about 100.
const MAX_EXTENSIONS: usize = 255;
/// Older packets are of no use to any receiver.
const MAX_AGE_MICROS: u64 = 2_000_000;
/// Maximum number of slots to check for expiry per inserted packet: enough to visit the whole ring soon after a jump.
const EXPIRED_AT_ONCE: u64 = 32;

/// The fields of a stored packet besides extensions and payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PacketMeta {
    /// Extended sequence number in the producer's stream.
    pub(crate) sequence: u64,
    /// RTP timestamp in the producer's stream.
    pub(crate) timestamp: u32,
    /// Arrival time.
    pub(crate) received: Micros,
    /// Jumps of the producer's RTP clock before this packet; wraps around.
    pub(crate) clock_jumps: u16,
    /// Index of the codec in the producer's list.
    pub(crate) codec: u8,
    /// RTP marker bit.
    pub(crate) marker: bool,
}

/// A stored packet: everything needed to build it for any receiver.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredPacket {
    meta: PacketMeta,
    /// Extensions as (tag, length, value), then the payload. The buffer keeps its capacity.
    bytes: Vec<u8>,
    extensions_len: usize,
    present: bool,
}

impl StoredPacket {
    /// The fields besides extensions and payload.
    #[must_use]
    pub(crate) const fn meta(&self) -> &PacketMeta {
        &self.meta
    }

    /// The RTP payload.
    #[must_use]
    pub(crate) fn payload(&self) -> &[u8] {
        self.bytes.get(self.extensions_len..).unwrap_or_default()
    }

    /// The stored header extensions: tag and value.
    pub(crate) fn extensions(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = self.bytes.get(..self.extensions_len).unwrap_or_default();
        std::iter::from_fn(move || {
            let ([tag, len], tail) = rest.split_first_chunk()?;
            let (value, tail) = tail.split_at_checked(usize::from(*len))?;
            rest = tail;
            Some((*tag, value))
        })
    }

    fn fill<'a>(
        &mut self,
        meta: PacketMeta,
        extensions: impl IntoIterator<Item = (u8, &'a [u8])>,
        payload: &[u8],
    ) {
        self.meta = meta;
        self.bytes.clear();
        for (tag, value) in extensions {
            let Ok(len) = u8::try_from(value.len()) else {
                continue;
            };
            if self.bytes.len() + 2 + value.len() <= MAX_EXTENSIONS {
                self.bytes.extend_from_slice(&[tag, len]);
                self.bytes.extend_from_slice(value);
            }
        }
        self.extensions_len = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.present = true;
    }
}

/// A ring of the last packets of a stream, by extended sequence number. Buffers are reused, and those of a stream that
/// has become slow or silent are freed.
#[derive(Debug, Clone)]
pub(crate) struct PacketStore {
    /// Packet `n` is in slot `n % capacity`. Empty while no packet is stored.
    slots: Vec<StoredPacket>,
    /// Number of slots, a power of two.
    capacity: usize,
    /// Number of slots that hold a packet.
    present: usize,
    /// Buffers of expired packets. A slow stream fills few of them, however long the ring is.
    spare: Vec<Vec<u8>>,
    /// Bytes that all buffers occupy.
    held: usize,
    /// Lower numbers have been checked for expiry; `None` before the first packet.
    oldest: Option<u64>,
    /// The highest number stored.
    newest: u64,
    /// When the last packet arrived.
    last_received: Micros,
    /// The numbers have jumped: packets from before the jump are in slots that no number of the ring leads to.
    jumped: bool,
}

impl PacketStore {
    /// Capacity for video.
    pub(crate) const VIDEO: usize = 1_024;
    /// Capacity for audio.
    pub(crate) const AUDIO: usize = 128;

    /// A store for `capacity` packets, rounded up to a power of two within 1 to 65,536.
    #[must_use]
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            slots: Vec::new(),
            capacity: capacity.clamp(1, 1 << 16).next_power_of_two(),
            present: 0,
            spare: Vec::new(),
            held: 0,
            oldest: None,
            newest: 0,
            last_received: Micros(0),
            jumped: false,
        }
    }

    /// Stores a packet in place of the one a ring length before it, and returns the stored packet.
    ///
    /// `extensions` are the header extensions for receivers, with any tags; those beyond 255 bytes in total are
    /// dropped. Returns `None` if the payload is longer than 1,500 bytes or the slot holds a newer packet.
    pub(crate) fn insert<'a>(
        &mut self,
        meta: PacketMeta,
        extensions: impl IntoIterator<Item = (u8, &'a [u8])>,
        payload: &[u8],
    ) -> Option<&StoredPacket> {
        if self.slots.is_empty() {
            self.slots.resize(self.capacity, StoredPacket::default());
        }
        self.reclaim_expired(meta.received, meta.sequence, EXPIRED_AT_ONCE);
        let index = self.index(meta.sequence);
        let slot = self.slots.get_mut(index)?;
        if payload.len() > MAX_PAYLOAD || (slot.present && slot.meta.sequence > meta.sequence) {
            return None;
        }
        if slot.bytes.capacity() == 0 {
            slot.bytes = self.spare.pop().unwrap_or_default();
        }
        self.present += usize::from(!slot.present);
        self.jumped |= meta.sequence > self.newest + self.capacity as u64;
        self.newest = self.newest.max(meta.sequence);
        self.oldest = self.oldest.min(Some(meta.sequence));
        self.last_received = meta.received;
        let reused = slot.bytes.capacity();
        slot.fill(meta, extensions, payload);
        self.held += slot.bytes.capacity() - reused;
        Some(slot)
    }

    /// Packet `sequence` (extended), unless it was not stored, was overwritten, or is older than two seconds.
    #[must_use]
    pub(crate) fn get(&self, sequence: u64, now: Micros) -> Option<&StoredPacket> {
        self.slots.get(self.index(sequence)).filter(|slot| {
            slot.present
                && slot.meta.sequence == sequence
                && now.since(slot.meta.received) <= MAX_AGE_MICROS
        })
    }

    /// Frees the buffers of expired packets. Call this about once a second: without packets nothing else frees them.
    pub(crate) fn free_expired(&mut self, now: Micros) {
        if now.since(self.last_received) > MAX_AGE_MICROS {
            self.slots = Vec::new();
            self.spare = Vec::new();
            self.present = 0;
            self.held = 0;
            return;
        }
        if self.jumped {
            let first = (self.newest + 1).saturating_sub(self.capacity as u64);
            let mut remain = false;
            for index in 0..self.slots.len() {
                remain |= !self.reclaim_if_expired(now, index)
                    && self
                        .slots
                        .get(index)
                        .is_some_and(|slot| slot.present && slot.meta.sequence < first);
            }
            self.jumped = remain;
        }
        self.reclaim_expired(now, self.newest + 1, self.capacity as u64);
        // A stream that continues at its rate needs at most as many buffers again.
        self.free_spare(self.present);
    }

    /// Bytes that the buffers occupy.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held
    }

    /// Frees the oldest packets until the buffers occupy at most `max` bytes.
    pub(crate) fn shrink_to(&mut self, max: usize) {
        self.free_spare(0);
        for sequence in self.newest + 1..=self.newest + self.slots.len() as u64 {
            if self.held <= max {
                return;
            }
            self.held -= self.remove(self.index(sequence)).capacity();
        }
    }

    fn free_spare(&mut self, keep: usize) {
        let freed = self.spare.iter().skip(keep).map(Vec::capacity);
        self.held -= freed.sum::<usize>();
        self.spare.truncate(keep);
    }

    /// Reclaims the buffers of packets before `end` that have expired at `now`, at most `max` of them.
    fn reclaim_expired(&mut self, now: Micros, end: u64, max: u64) {
        // Older packets have been overwritten.
        let first = end.saturating_sub(self.capacity as u64);
        let from = self.oldest.unwrap_or(end).max(first);
        let until = end.min(from + max);
        self.oldest = Some(from.max(until));
        for sequence in from..until {
            let index = self.index(sequence);
            let holds = |slot: &&StoredPacket| slot.present && slot.meta.sequence == sequence;
            if self.slots.get(index).filter(holds).is_some() && !self.reclaim_if_expired(now, index)
            {
                self.oldest = Some(sequence);
                return;
            }
        }
    }

    /// Reclaims the buffer of a slot whose packet has expired at `now`. Returns whether it has.
    fn reclaim_if_expired(&mut self, now: Micros, index: usize) -> bool {
        let is_expired = self
            .slots
            .get(index)
            .is_some_and(|slot| slot.present && now.since(slot.meta.received) > MAX_AGE_MICROS);
        if is_expired {
            let buffer = self.remove(index);
            self.spare.push(buffer);
        }
        is_expired
    }

    /// Removes the packet of a slot and returns its buffer.
    fn remove(&mut self, index: usize) -> Vec<u8> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Vec::new();
        };
        self.present -= usize::from(std::mem::take(&mut slot.present));
        std::mem::take(&mut slot.bytes)
    }

    fn index(&self, sequence: u64) -> usize {
        sequence as usize & (self.capacity - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(sequence: u64, received: u64) -> PacketMeta {
        PacketMeta {
            sequence,
            timestamp: 7,
            received: Micros(received),
            clock_jumps: 0,
            codec: 1,
            marker: true,
        }
    }

    fn insert(store: &mut PacketStore, sequence: u64, received: u64, payload: &[u8]) -> bool {
        store
            .insert(meta(sequence, received), [], payload)
            .is_some()
    }

    #[test]
    fn returns_what_was_stored() {
        let mut store = PacketStore::new(PacketStore::AUDIO);
        let extensions: [(u8, &[u8]); 3] = [(3, b"level"), (200, b""), (9, b"orientation")];
        assert!(
            store
                .insert(meta(70_000, 0), extensions, b"payload")
                .is_some()
        );
        let packet = store.get(70_000, Micros(0)).unwrap();
        assert_eq!(*packet.meta(), meta(70_000, 0));
        assert_eq!(packet.payload(), b"payload");
        assert_eq!(packet.extensions().collect::<Vec<_>>(), extensions);
    }

    #[test]
    fn returns_nothing_for_other_numbers() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 0, b"a"));
        assert!(store.get(70_001, Micros(0)).is_none());
        assert!(store.get(70_008, Micros(0)).is_none());
        assert!(PacketStore::new(8).get(0, Micros(0)).is_none());
    }

    #[test]
    fn a_newer_packet_replaces_one_a_ring_length_older() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 0, b"a long one"));
        assert!(insert(&mut store, 70_008, 0, b"short"));
        assert!(store.get(70_000, Micros(0)).is_none());
        assert_eq!(store.get(70_008, Micros(0)).unwrap().payload(), b"short");
        assert!(!insert(&mut store, 70_000, 0, b"late"));
    }

    #[test]
    fn packets_older_than_two_seconds_are_not_returned() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 1_000_000, b"a"));
        assert!(store.get(70_000, Micros(3_000_000)).is_some());
        assert!(store.get(70_000, Micros(3_000_001)).is_none());
    }

    #[test]
    fn rejects_a_payload_longer_than_a_datagram() {
        assert!(!insert(
            &mut PacketStore::new(8),
            70_000,
            0,
            &[0; MAX_PAYLOAD + 1]
        ));
    }

    #[test]
    fn drops_extensions_that_do_not_fit() {
        let mut store = PacketStore::new(8);
        let (long, short) = ([1; 250], [2; 16]);
        store.insert(
            meta(70_000, 0),
            [(1, &long[..]), (2, &short[..]), (3, b"")],
            b"payload",
        );
        let packet = store.get(70_000, Micros(0)).unwrap();
        assert_eq!(
            packet.extensions().map(|(tag, _)| tag).collect::<Vec<_>>(),
            [1, 3]
        );
        assert_eq!(packet.payload(), b"payload");
    }

    #[test]
    fn a_slow_stream_uses_few_buffers() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..2_000u64 {
            // Twenty packets a second, every tenth lost.
            if n % 10 != 3 {
                assert!(insert(&mut store, 70_000 + n, n * 50_000, &[0; 1_000]));
            }
        }
        assert!(buffers(&store) <= 42, "{}", buffers(&store));
    }

    #[test]
    fn a_jump_leaves_few_buffers() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        assert!(insert(&mut store, 70_000, 0, &[0; 1_000]));
        for n in 0..1_000u64 {
            assert!(insert(&mut store, 90_000 + n, n * 50_000, &[0; 1_000]));
        }
        assert!(buffers(&store) <= 43, "{}", buffers(&store));
    }

    #[test]
    fn a_silent_stream_holds_no_memory_and_continues() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..1_500u64 {
            assert!(insert(&mut store, 70_000 + n, n * 1_000, &[0; 1_000]));
        }
        store.free_expired(Micros(2_500_000));
        assert_eq!(store.held_bytes(), 1_024 * 1_000);
        store.free_expired(Micros(3_500_000));
        assert_eq!((store.held_bytes(), store.slots.capacity()), (0, 0));
        assert!(store.get(71_499, Micros(3_500_000)).is_none());
        assert!(insert(&mut store, 71_500, 3_600_000, b"a"));
        assert!(store.get(71_500, Micros(3_600_000)).is_some());
    }

    #[test]
    fn a_stream_that_became_slow_holds_few_buffers() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..1_000u64 {
            assert!(insert(&mut store, 70_000 + n, n, &[0; 1_000]));
        }
        for n in 0..8u64 {
            let now = n * 500_000;
            assert!(insert(&mut store, 71_000 + n, now, &[0; 1_000]));
            store.free_expired(Micros(now));
        }
        assert!(buffers(&store) <= 10, "{}", buffers(&store));
    }

    #[test]
    fn packets_from_before_a_jump_are_freed() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..1_000u64 {
            assert!(insert(&mut store, 70_000 + n, n, &[0; 1_000]));
        }
        for n in 0..8u64 {
            let now = n * 500_000;
            assert!(insert(&mut store, 90_000 + n, now, &[0; 1_000]));
            store.free_expired(Micros(now));
        }
        assert!(buffers(&store) <= 10, "{}", buffers(&store));
    }

    #[test]
    fn a_packet_that_arrives_late_after_a_silence_is_freed() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        assert!(insert(&mut store, 70_010, 0, b"a"));
        store.free_expired(Micros(1_900_000));
        assert!(insert(&mut store, 70_011, 2_100_000, b"b"));
        assert!(insert(&mut store, 70_005, 2_200_000, b"late"));
        assert!(insert(&mut store, 70_012, 4_250_000, b"c"));
        store.free_expired(Micros(4_250_000));
        assert_eq!(buffers(&store), 2);
    }

    #[test]
    fn shrinking_frees_the_oldest_packets() {
        let mut store = PacketStore::new(8);
        for n in 0..12 {
            assert!(insert(&mut store, 70_000 + n, n, &[0; 100]));
        }
        store.shrink_to(250);
        assert_eq!(store.held_bytes(), 200);
        let held = (0..12).filter(|n| store.get(70_000 + n, Micros(12)).is_some());
        assert_eq!(held.collect::<Vec<_>>(), [10, 11]);
    }

    fn buffers(store: &PacketStore) -> usize {
        store
            .slots
            .iter()
            .filter(|slot| slot.bytes.capacity() > 0)
            .count()
            + store.spare.len()
    }

    #[test]
    fn a_fast_stream_fills_the_ring() {
        let mut store = PacketStore::new(8);
        for n in 0..100 {
            assert!(insert(&mut store, 70_000 + n, n, &[n as u8]));
        }
        let held = (0..100).filter(|n| store.get(70_000 + n, Micros(100)).is_some());
        assert_eq!(held.collect::<Vec<_>>(), (92..100).collect::<Vec<_>>());
        assert!(store.spare.is_empty());
    }
}
