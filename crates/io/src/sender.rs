//! The sending side of a worker's socket.

use std::io;

use hubbub_core::Outbox;

use crate::batch::SendBatch;
use crate::gso::{Message, Outgoing};
use crate::send_queue::{SendCounters, SendQueue, Wire};
use crate::socket::WorkerSocket;

/// Datagrams that wait for room: some 30 ms of a busy worker, above which media is late anyway.
const BACKLOG_LIMIT: usize = 2_048;

/// Sends what the worker leaves in its outbox.
pub(crate) struct Sender {
    batch: SendBatch,
    queue: SendQueue,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            batch: SendBatch::default(),
            queue: SendQueue::new(BACKLOG_LIMIT),
        }
    }

    /// Sends what goes by UDP in `outbox`, or puts it into the backlog.
    pub(crate) fn send(&mut self, socket: &WorkerSocket, outbox: &Outbox) {
        self.queue.send(
            outbox,
            &mut UdpWire {
                socket,
                batch: &mut self.batch,
            },
        );
    }

    /// Sends from the backlog: the socket has room again.
    pub(crate) fn resume(&mut self, socket: &WorkerSocket) {
        self.queue.resume(&mut UdpWire {
            socket,
            batch: &mut self.batch,
        });
    }

    /// Something waits for room in the socket.
    pub(crate) fn is_blocked(&self) -> bool {
        self.queue.is_blocked()
    }

    pub(crate) fn counters(&self) -> SendCounters {
        self.queue.counters()
    }
}

struct UdpWire<'a> {
    socket: &'a WorkerSocket,
    batch: &'a mut SendBatch,
}

impl Wire for UdpWire<'_> {
    fn send(
        &mut self,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize> {
        self.batch.send(self.socket, entries, order, messages)
    }
}
