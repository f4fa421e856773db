//! A slot of a ring.

use hubbub_core::MAX_DATAGRAM;

/// A datagram on its way to another worker.
pub(super) struct Slot {
    /// The transport that it belongs to.
    pub(super) pair: u32,
    len: u16,
    bytes: [u8; MAX_DATAGRAM],
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            pair: 0,
            len: 0,
            bytes: [0; MAX_DATAGRAM],
        }
    }
}

impl Slot {
    /// Stores a datagram. Returns false if it is too long.
    pub(super) fn fill(&mut self, pair: u32, datagram: &[u8]) -> bool {
        let Some(bytes) = self.bytes.get_mut(..datagram.len()) else {
            return false;
        };
        bytes.copy_from_slice(datagram);
        self.pair = pair;
        self.len = datagram.len() as u16;
        true
    }

    /// The datagram.
    pub(super) fn datagram(&mut self) -> &mut [u8] {
        self.bytes
            .get_mut(..usize::from(self.len))
            .unwrap_or_default()
    }
}
