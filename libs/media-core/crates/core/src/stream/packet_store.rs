//! A stream's last packets, for whoever asks for one again.

use crate::api::Micros;

/// Longest payload that is kept, bytes: a datagram's.
const MAX_PAYLOAD: usize = 1_500;
/// Room for the header extensions of one packet, bytes, each with two of overhead. An AV1 key frame's dependency
/// descriptor takes about 100.
const MAX_EXTENSIONS: usize = 255;
/// Older packets are of no use to anyone.
const MAX_AGE_MICROS: u64 = 2_000_000;

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

    fn fill<'a>(&mut self, meta: PacketMeta, extensions: impl IntoIterator<Item = (u8, &'a [u8])>, payload: &[u8]) {
        self.meta = meta;
        self.bytes.clear();
        for (tag, value) in extensions {
            let Ok(len) = u8::try_from(value.len()) else { continue };
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
        Self { slots: vec![StoredPacket::default(); slots] }
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
        let index = self.index(meta.sequence);
        let slot = self.slots.get_mut(index)?;
        if payload.len() > MAX_PAYLOAD || (slot.present && slot.meta.sequence > meta.sequence) {
            return None;
        }
        slot.fill(meta, extensions, payload);
        Some(slot)
    }

    /// Packet `sequence` (extended), unless it never came, was overwritten or came more than two seconds ago.
    #[must_use]
    pub fn get(&self, sequence: u64, now: Micros) -> Option<&StoredPacket> {
        self.slots.get(self.index(sequence)).filter(|slot| {
            slot.present && slot.meta.sequence == sequence && now.since(slot.meta.received) <= MAX_AGE_MICROS
        })
    }

    fn index(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }
}
