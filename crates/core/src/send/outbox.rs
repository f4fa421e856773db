//! The send batch: datagrams that wait to be sent, one after another in one buffer.
//!
//! Allocates nothing once the buffer has grown to the usual batch size. There are no gaps between datagrams, so that
//! consecutive ones of equal size over one path can be sent as one GSO message.

use super::connection_id::ConnectionId;
use crate::api::Path;

/// Size of the buffer that [`Outbox::reserve`] returns: the maximum size of a datagram.
pub const MAX_DATAGRAM: usize = 1500;

/// Maximum bytes in the batch. Datagrams beyond it are refused and counted.
const CAPACITY: usize = 16 << 20;

/// The priority of a datagram. When the socket is full, later variants are dropped first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// STUN, DTLS, RTCP.
    Control,
    /// RTP of audio.
    Audio,
    /// RTP of video, retransmissions included.
    Video,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    path: Path,
    priority: Priority,
}

/// Datagrams to send, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    arena: Vec<u8>,
    used: usize,
    /// Bytes of the datagram that stand before what is reserved.
    prefix: usize,
    entries: Vec<Entry>,
    refused: u64,
    oversized: u64,
    committed: u64,
    committed_bytes: u64,
    linked: u64,
}

impl Outbox {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a buffer of [`MAX_DATAGRAM`] bytes with arbitrary content. Write a datagram to it and call
    /// [`Self::commit`]; without a commit the batch is unchanged. Returns `None`, and counts it, if the batch is full.
    pub fn reserve(&mut self) -> Option<&mut [u8]> {
        let end = self.used.saturating_add(MAX_DATAGRAM);
        if end > CAPACITY {
            self.refused += 1;
            return None;
        }
        if self.arena.len() < end {
            self.arena.resize(end.next_power_of_two().min(CAPACITY), 0);
        }
        self.prefix = 0;
        self.arena.get_mut(self.used..end)
    }

    /// As [`Self::reserve`], for a packet of a link between nodes if there is a connection id: the buffer follows it, and is
    /// shorter by its length.
    pub(crate) fn reserve_behind(&mut self, id: Option<ConnectionId>) -> Option<&mut [u8]> {
        let Some(id) = id else { return self.reserve() };
        self.reserve()?;
        self.prefix = id.0.len();
        let end = self.used + MAX_DATAGRAM;
        let (prefix, buffer) = self
            .arena
            .get_mut(self.used..end)?
            .split_first_chunk_mut()?;
        *prefix = id.0;
        Some(buffer)
    }

    /// Appends the first `len` bytes of the last reserved buffer. Does nothing if `len` exceeds the buffer.
    pub fn commit(&mut self, len: usize, path: Path, priority: Priority) {
        let len = len.saturating_add(self.prefix);
        let end = self.used.saturating_add(len);
        if len > MAX_DATAGRAM || end > self.arena.len() {
            return;
        }
        self.linked += u64::from(self.prefix > 0);
        self.prefix = 0;
        self.entries.push(Entry {
            start: self.used,
            end,
            path,
            priority,
        });
        self.used = end;
        self.committed += 1;
        self.committed_bytes += len as u64;
    }

    /// Appends a copy of `datagram`. Returns false if there is no room or it is too long.
    pub fn push(&mut self, datagram: &[u8], path: Path, priority: Priority) -> bool {
        let Some(target) = self
            .reserve()
            .and_then(|buffer| buffer.get_mut(..datagram.len()))
        else {
            return false;
        };
        target.copy_from_slice(datagram);
        self.commit(datagram.len(), path, priority);
        true
    }

    /// All datagrams, oldest first, with their path and priority.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Path, Priority)> {
        self.entries.iter().filter_map(|entry| {
            Some((
                self.arena.get(entry.start..entry.end)?,
                entry.path,
                entry.priority,
            ))
        })
    }

    /// Number of datagrams in the batch.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the batch is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Total number of committed datagrams.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Total bytes of committed datagrams.
    #[must_use]
    pub fn committed_bytes(&self) -> u64 {
        self.committed_bytes
    }

    /// Total number of committed packets of links between nodes.
    #[must_use]
    pub fn linked(&self) -> u64 {
        self.linked
    }

    /// Counts a packet that does not fit a datagram.
    pub(crate) fn count_oversized(&mut self) {
        self.oversized += 1;
    }

    /// Total number of packets that did not fit a datagram.
    #[must_use]
    pub fn oversized(&self) -> u64 {
        self.oversized
    }

    /// Total number of datagrams refused because the batch was full.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Removes all datagrams and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> Path {
        Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 2], 4000).into())
    }

    #[test]
    fn datagrams_are_in_order_and_without_gaps() {
        let mut outbox = Outbox::new();
        assert!(outbox.push(b"one", path(), Priority::Control));
        outbox.reserve().unwrap()[..3].copy_from_slice(b"two");
        outbox.commit(3, path(), Priority::Video);
        let got: Vec<_> = outbox
            .iter()
            .map(|(bytes, _, priority)| (bytes.to_vec(), priority))
            .collect();
        assert_eq!(
            got,
            [
                (b"one".to_vec(), Priority::Control),
                (b"two".to_vec(), Priority::Video)
            ]
        );
    }

    #[test]
    fn a_packet_of_a_link_follows_its_connection_id() {
        let mut outbox = Outbox::new();
        let id = ConnectionId([0x41, 2, 3, 4]);
        let room = |outbox: &mut Outbox, id| outbox.reserve_behind(id).map(|buffer| buffer.len());
        assert_eq!(room(&mut outbox, Some(id)), Some(MAX_DATAGRAM - 4));
        outbox.reserve_behind(Some(id)).unwrap()[..3].copy_from_slice(b"rtp");
        outbox.commit(3, path(), Priority::Video);
        assert_eq!(room(&mut outbox, None), Some(MAX_DATAGRAM));
        outbox.reserve_behind(None).unwrap()[..3].copy_from_slice(b"rtp");
        outbox.commit(3, path(), Priority::Video);
        let sent: Vec<_> = outbox.iter().map(|(bytes, ..)| bytes.to_vec()).collect();
        assert_eq!(sent, [b"\x41\x02\x03\x04rtp".to_vec(), b"rtp".to_vec()]);
        assert_eq!((outbox.linked(), outbox.committed()), (1, 2));
        // A reservation without commit leaves nothing behind.
        room(&mut outbox, Some(id));
        assert!(outbox.push(b"x", path(), Priority::Control));
        assert_eq!(outbox.iter().last().unwrap().0, b"x");
        // The id counts for the length of the datagram.
        room(&mut outbox, Some(id));
        outbox.commit(MAX_DATAGRAM - 3, path(), Priority::Video);
        assert_eq!(outbox.len(), 3);
    }

    #[test]
    fn counters_are_those_of_all_batches() {
        let mut outbox = Outbox::new();
        assert!(outbox.is_empty());
        assert!(outbox.push(b"one", path(), Priority::Control));
        assert!(outbox.push(b"three", path(), Priority::Video));
        outbox.count_oversized();
        outbox.count_oversized();
        assert_eq!((outbox.len(), outbox.is_empty()), (2, false));
        outbox.clear();
        assert_eq!((outbox.len(), outbox.is_empty()), (0, true));
        assert_eq!((outbox.committed(), outbox.committed_bytes()), (2, 8));
        assert_eq!((outbox.refused(), outbox.oversized()), (0, 2));
    }

    #[test]
    fn a_commit_beyond_the_reserved_buffer_adds_nothing() {
        let mut outbox = Outbox::new();
        outbox.commit(1, path(), Priority::Control);
        assert!(outbox.is_empty());
        // The buffer has more room than was reserved.
        assert!(outbox.push(&[0; 548], path(), Priority::Control));
        assert!(outbox.push(&[0; MAX_DATAGRAM], path(), Priority::Control));
        outbox.clear();
        assert!(outbox.reserve().is_some());
        outbox.commit(MAX_DATAGRAM + 1, path(), Priority::Control);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_datagram_may_fill_the_batch() {
        let mut outbox = Outbox::new();
        assert!(outbox.push(&[0; CAPACITY % MAX_DATAGRAM], path(), Priority::Video));
        for _ in 0..CAPACITY / MAX_DATAGRAM {
            assert!(outbox.push(&[0; MAX_DATAGRAM], path(), Priority::Video));
        }
        assert!(!outbox.push(&[0], path(), Priority::Control));
        assert_eq!(outbox.committed_bytes(), CAPACITY as u64);
    }

    #[test]
    fn a_reservation_without_commit_adds_nothing() {
        let mut outbox = Outbox::new();
        outbox.reserve().unwrap()[0] = 1;
        assert!(outbox.push(b"x", path(), Priority::Audio));
        assert_eq!(outbox.len(), 1);
    }

    #[test]
    fn a_full_batch_refuses_and_counts() {
        let mut outbox = Outbox::new();
        let datagram = [0_u8; MAX_DATAGRAM];
        while outbox.push(&datagram, path(), Priority::Video) {}
        assert_eq!(outbox.refused(), 1);
        outbox.clear();
        assert!(outbox.push(&datagram, path(), Priority::Video));
    }
}
