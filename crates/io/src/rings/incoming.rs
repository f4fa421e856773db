//! The ends of the rings that a worker reads from.

use hubbub_core::api::Path;
use rtrb::Consumer;

use super::slot::Slot;

/// Datagrams to read from a ring at a time, so that it cannot starve the sockets.
const BATCH: usize = 256;

/// The rings from all other workers, each with the index of its worker.
#[derive(Default)]
pub(crate) struct IncomingRings(pub(super) Vec<(u32, Consumer<Slot>)>);

impl IncomingRings {
    /// Whether there are no other workers.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a datagram waits.
    pub(crate) fn has_input(&self) -> bool {
        self.0.iter().any(|(_, ring)| !ring.is_empty())
    }

    /// Passes a batch of each ring to `handle`, which may change the datagrams. Returns whether there were any.
    pub(crate) fn receive(&mut self, mut handle: impl FnMut(Path, &mut [u8])) -> bool {
        let mut received = false;
        for (worker, ring) in &mut self.0 {
            let count = ring.slots().min(BATCH);
            let Ok(mut chunk) = ring.read_chunk(count) else {
                continue;
            };
            let (first, second) = chunk.as_mut_slices();
            for slot in first.iter_mut().chain(second) {
                received = true;
                let path = Path::ring(*worker, slot.pair);
                handle(path, slot.datagram());
            }
            chunk.commit_all();
        }
        received
    }
}
