//! A stream's last packets, for whoever asks for one again.

use crate::api::Micros;

/// Longest payload that is kept, bytes: a datagram's.
const MAX_PAYLOAD: usize = 1_500;
/// Room for the header extensions of one packet, bytes, each with two of overhead. An AV1 key frame's dependency
/// descriptor takes about 100.
const MAX_EXTENSIONS: usize = 255;
/// Older packets are of no use to anyone.
const MAX_AGE_MICROS: u64 = 2_000_000;
/// Slots looked at for their age with each packet, at most: enough to be through the ring soon after a jump.
const EXPIRED_AT_ONCE: u64 = 32;

/// What is known of a packet besides its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PacketMeta {
    /// Extended sequence number in the producer stream.
    pub sequence: u64,
    /// The producer stream's RTP timestamp.
    pub timestamp: u32,
    /// When it came.
    pub received: Micros,
    /// Index of the codec in the producer's list.
    pub codec: u8,
    /// RTP marker bit.
    pub marker: bool,
}

/// A packet in the store: all that is needed to build it anew for another receiver.
#[derive(Debug, Clone, Default)]
pub struct StoredPacket {
    meta: PacketMeta,
    /// Extensions as (tag, length, value) one after another, then the payload. Keeps its capacity.
    bytes: Vec<u8>,
    extensions_len: usize,
    present: bool,
}

impl StoredPacket {
    /// What is known of it besides its bytes.
    #[must_use]
    pub const fn meta(&self) -> &PacketMeta {
        &self.meta
    }

    /// The RTP payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.extensions_len..).unwrap_or_default()
    }

    /// The header extension values that were kept, by the tags they were stored with.
    pub fn extensions(&self) -> impl Iterator<Item = (u8, &[u8])> {
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

/// A ring of the last packets of a stream, by extended sequence number. Its buffers are used again.
#[derive(Debug, Clone)]
pub struct PacketStore {
    /// A power of two; packet `n` is in slot `n % len`.
    slots: Vec<StoredPacket>,
    /// Buffers of packets too old to be asked for: a slow stream fills few, however long the ring.
    spare: Vec<Vec<u8>>,
    /// What is below has been looked at for its age; `None` before the first packet.
    oldest: Option<u64>,
}

impl PacketStore {
    /// Slots for video.
    pub const VIDEO: usize = 1_024;
    /// Slots for audio.
    pub const AUDIO: usize = 128;

    /// Holds up to `capacity` packets, rounded up to a power of two, at least 1 and at most 65,536.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let slots = capacity.clamp(1, 1 << 16).next_power_of_two();
        Self {
            slots: vec![StoredPacket::default(); slots],
            spare: Vec::new(),
            oldest: None,
        }
    }

    /// Keeps a packet in place of the one a ring's length before it; it can be forwarded from what is returned.
    ///
    /// `extensions` are the header extension values that receivers shall get, with any tags; what does not fit 255
    /// bytes in all is left out. `None`: the payload is longer than 1,500 bytes, or the slot holds a newer packet.
    pub fn insert<'a>(
        &mut self,
        meta: PacketMeta,
        extensions: impl IntoIterator<Item = (u8, &'a [u8])>,
        payload: &[u8],
    ) -> Option<&StoredPacket> {
        self.expire(&meta);
        let index = self.index(meta.sequence);
        let slot = self.slots.get_mut(index)?;
        if payload.len() > MAX_PAYLOAD || (slot.present && slot.meta.sequence > meta.sequence) {
            return None;
        }
        if slot.bytes.capacity() == 0 {
            slot.bytes = self.spare.pop().unwrap_or_default();
        }
        slot.fill(meta, extensions, payload);
        Some(slot)
    }

    /// Packet `sequence` (extended), unless it never came, was overwritten or came more than two seconds ago.
    #[must_use]
    pub fn get(&self, sequence: u64, now: Micros) -> Option<&StoredPacket> {
        self.slots.get(self.index(sequence)).filter(|slot| {
            slot.present
                && slot.meta.sequence == sequence
                && now.since(slot.meta.received) <= MAX_AGE_MICROS
        })
    }

    /// Takes back the buffers of the oldest packets, some at a time, as `newest` comes.
    fn expire(&mut self, newest: &PacketMeta) {
        // What is a ring's length older has been overwritten or is about to be.
        let overwritten = (newest.sequence + 1).saturating_sub(self.slots.len() as u64);
        let from = self.oldest.unwrap_or(newest.sequence).max(overwritten);
        let until = newest.sequence.min(from + EXPIRED_AT_ONCE);
        self.oldest = Some(from.max(until));
        for sequence in from..until {
            let index = self.index(sequence);
            let Some(slot) = self
                .slots
                .get_mut(index)
                .filter(|slot| slot.present && slot.meta.sequence == sequence)
            else {
                continue;
            };
            if newest.received.since(slot.meta.received) <= MAX_AGE_MICROS {
                self.oldest = Some(sequence);
                return;
            }
            slot.present = false;
            self.spare.push(std::mem::take(&mut slot.bytes));
        }
    }

    fn index(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
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
    fn gives_back_what_it_was_given() {
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
    fn knows_only_what_came() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 0, b"a"));
        assert!(store.get(70_001, Micros(0)).is_none());
        assert!(store.get(70_008, Micros(0)).is_none());
        assert!(PacketStore::new(8).get(0, Micros(0)).is_none());
    }

    #[test]
    fn a_newer_packet_takes_the_place_of_one_a_ring_older() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 0, b"a long one"));
        assert!(insert(&mut store, 70_008, 0, b"short"));
        assert!(store.get(70_000, Micros(0)).is_none());
        assert_eq!(store.get(70_008, Micros(0)).unwrap().payload(), b"short");
        assert!(!insert(&mut store, 70_000, 0, b"late"));
    }

    #[test]
    fn gives_nothing_older_than_two_seconds() {
        let mut store = PacketStore::new(8);
        assert!(insert(&mut store, 70_000, 1_000_000, b"a"));
        assert!(store.get(70_000, Micros(3_000_000)).is_some());
        assert!(store.get(70_000, Micros(3_000_001)).is_none());
    }

    #[test]
    fn refuses_what_no_datagram_can_carry() {
        assert!(!insert(
            &mut PacketStore::new(8),
            70_000,
            0,
            &[0; MAX_PAYLOAD + 1]
        ));
    }

    #[test]
    fn leaves_out_extensions_that_do_not_fit() {
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
    fn a_slow_stream_fills_few_buffers() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        for n in 0..2_000u64 {
            // Twenty a second, every tenth lost.
            if n % 10 != 3 {
                assert!(insert(&mut store, 70_000 + n, n * 50_000, &[0; 1_000]));
            }
        }
        assert!(buffers(&store) <= 42, "{}", buffers(&store));
    }

    #[test]
    fn a_jump_leaves_few_buffers_behind() {
        let mut store = PacketStore::new(PacketStore::VIDEO);
        assert!(insert(&mut store, 70_000, 0, &[0; 1_000]));
        for n in 0..1_000u64 {
            assert!(insert(&mut store, 90_000 + n, n * 50_000, &[0; 1_000]));
        }
        assert!(buffers(&store) <= 43, "{}", buffers(&store));
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
