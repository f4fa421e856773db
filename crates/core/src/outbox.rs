//! The send batch: datagrams that wait for the socket, packed one behind the other in one arena.
//!
//! Nothing is allocated once the arena has grown to the size of a usual batch. Datagrams lie gapless, so that runs of
//! equal size over one path can go out as one GSO message.

use crate::api::Path;

/// Bytes that [`Outbox::reserve`] gives: no datagram is larger.
pub const MAX_DATAGRAM: usize = 1500;

/// Bytes that may wait; what comes on top is refused and counted.
const CAPACITY: usize = 16 << 20;

/// What may be dropped first when the socket is full: later variants before earlier ones.
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
    entries: Vec<Entry>,
    refused: u64,
    committed: u64,
    committed_bytes: u64,
}

impl Outbox {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer of [`MAX_DATAGRAM`] bytes (its content is whatever stood there before) to be written and then
    /// committed; not committing it leaves the batch as it was. `None`, counted, when the batch is full.
    pub fn reserve(&mut self) -> Option<&mut [u8]> {
        let end = self.used.saturating_add(MAX_DATAGRAM);
        if end > CAPACITY {
            self.refused += 1;
            return None;
        }
        if self.arena.len() < end {
            self.arena.resize(end.next_power_of_two().min(CAPACITY), 0);
        }
        self.arena.get_mut(self.used..end)
    }

    /// Appends the first `len` bytes of the buffer that was reserved last. Without one, or longer than it: nothing.
    pub fn commit(&mut self, len: usize, path: Path, priority: Priority) {
        let end = self.used.saturating_add(len);
        if len > MAX_DATAGRAM || end > self.arena.len() {
            return;
        }
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

    /// Appends a copy of `datagram`; false when there is no room or it is too long.
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

    /// Every datagram, oldest first, with the path that it takes and what it is worth.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Path, Priority)> {
        self.entries.iter().filter_map(|entry| {
            Some((
                self.arena.get(entry.start..entry.end)?,
                entry.path,
                entry.priority,
            ))
        })
    }

    /// How many datagrams wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Datagrams committed, ever.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Their bytes.
    #[must_use]
    pub fn committed_bytes(&self) -> u64 {
        self.committed_bytes
    }

    /// Datagrams that found no room, ever.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Forgets every datagram and keeps the memory.
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
    fn datagrams_come_out_in_order_and_gapless() {
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
    fn a_reservation_without_commit_leaves_nothing() {
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
