//! The ends of the rings that a worker writes to.

use std::sync::Arc;

use hubbub_core::Outbox;
use hubbub_core::api::Protocol;
use rtrb::Producer;
use serde::Serialize;

use super::bell::Bell;
use super::slot::Slot;

/// Datagrams to other workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RingCounters {
    /// Put into a ring.
    pub sent: u64,
    /// Dropped: the ring was full, or the worker does not exist.
    pub dropped: u64,
}

/// The way to one worker.
pub(super) struct Outgoing {
    pub(super) ring: Producer<Slot>,
    pub(super) bell: Arc<Bell>,
    /// Something was sent since the bell was rung.
    pub(super) has_news: bool,
}

/// The ways to all other workers.
#[derive(Default)]
pub(crate) struct OutgoingRings {
    /// By worker; `None` for the worker itself.
    pub(super) workers: Vec<Option<Outgoing>>,
    pub(super) counters: RingCounters,
}

impl OutgoingRings {
    /// Sends the datagrams of `outbox` that go through rings, and wakes their workers.
    pub(crate) fn send(&mut self, outbox: &Outbox) {
        if self.workers.is_empty() {
            return;
        }
        for (datagram, path, _) in outbox.iter() {
            if let Protocol::Ring { worker, pair } = path.protocol {
                self.push(worker, pair, datagram);
            }
        }
        for way in self.workers.iter_mut().flatten() {
            if std::mem::take(&mut way.has_news) {
                way.bell.ring();
            }
        }
    }

    fn push(&mut self, worker: u32, pair: u32, datagram: &[u8]) {
        let way = self.workers.get_mut(worker as usize);
        let sent = way.and_then(Option::as_mut).is_some_and(|way| {
            let Ok(mut chunk) = way.ring.write_chunk(1) else {
                return false;
            };
            let (slots, _) = chunk.as_mut_slices();
            let is_filled = slots
                .first_mut()
                .is_some_and(|slot| slot.fill(pair, datagram));
            if is_filled {
                chunk.commit_all();
                way.has_news = true;
            }
            is_filled
        });
        if sent {
            self.counters.sent += 1;
        } else {
            self.counters.dropped += 1;
        }
    }

    pub(crate) const fn counters(&self) -> RingCounters {
        self.counters
    }
}
