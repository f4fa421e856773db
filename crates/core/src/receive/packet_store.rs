//! The last packets of a stream, kept for forwarding and retransmission.

use hubbub_codec::FrameInfo;

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
    /// What is known of the frame.
    pub(crate) frame: FrameInfo,
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

    /// Whether header extensions are stored.
    pub(crate) const fn has_extensions(&self) -> bool {
        self.extensions_len > 0
    }

    /// Makes this a copy of another packet. The buffer keeps its capacity.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.bytes.clone_from(&other.bytes);
        self.meta = other.meta;
        self.extensions_len = other.extensions_len;
        self.present = other.present;
    }

    /// Bytes that the buffer occupies.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
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
        }
    }

    /// Stores a packet in place of the one a ring length before it, and returns the stored packet. Those a ring length before
    /// numbers that it skips are dropped.
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
        self.reclaim_skipped(meta.sequence);
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
        // The packet that arrived last has not expired, so the search ends there at the latest.
        self.reclaim_expired(now, self.newest, self.capacity as u64);
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

    /// Reclaims the buffers of packets a ring length before the numbers between the newest and `sequence`: until those numbers
    /// come round, nothing else would.
    fn reclaim_skipped(&mut self, sequence: u64) {
        let ring = sequence.saturating_sub(self.capacity as u64);
        for skipped in ring.max(self.newest + 1)..sequence {
            let index = self.index(skipped);
            if self.slots.get(index).is_some_and(|slot| slot.present) {
                let buffer = self.remove(index);
                self.spare.push(buffer);
            }
        }
    }

    /// Reclaims the buffers of packets before `end` that have expired at `now`, at most `max` of them.
    fn reclaim_expired(&mut self, now: Micros, end: u64, max: u64) {
        // Older packets have been overwritten or dropped.
        let first = end.saturating_sub(self.capacity as u64);
        let from = self.oldest.unwrap_or(end).max(first);
        let until = end.min(from + max);
        self.oldest = Some(from.max(until));
        for sequence in from..until {
            let index = self.index(sequence);
            let is_present = self.slots.get(index).is_some_and(|slot| slot.present);
            if is_present && !self.reclaim_if_expired(now, index) {
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
mod tests;
