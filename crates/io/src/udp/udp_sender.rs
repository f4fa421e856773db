//! Sends a worker's datagrams over one of its UDP sockets.

use std::io;

use hubbub_core::Outbox;
use hubbub_core::api::Protocol;

use super::WorkerSocket;
use super::send_batch::SendBatch;
use crate::send_plan::{Message, Outgoing};
use crate::send_queue::{MessageSink, SendCounters, SendQueue};

/// Datagrams that wait for the socket to become writable: about 30 ms of a busy worker. Older media would be too late.
const BACKLOG_LIMIT: usize = 2_048;

/// Sends those datagrams of the worker's outbox that are for one socket.
pub(crate) struct UdpSender {
    batch: SendBatch,
    queue: SendQueue,
}

impl UdpSender {
    /// A sender for sockets with this protocol.
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self {
            batch: SendBatch::default(),
            queue: SendQueue::new(protocol, BACKLOG_LIMIT),
        }
    }

    /// Sends the datagrams of `outbox` whose paths lead over `socket`, or queues them in the backlog.
    pub(crate) fn send(&mut self, socket: &WorkerSocket, outbox: &Outbox) {
        self.queue.send(
            outbox,
            &mut SocketSink {
                socket,
                batch: &mut self.batch,
            },
        );
    }

    /// Sends from the backlog, once the socket is writable again.
    pub(crate) fn resume(&mut self, socket: &WorkerSocket) {
        self.queue.resume(&mut SocketSink {
            socket,
            batch: &mut self.batch,
        });
    }

    /// Whether datagrams wait for the socket to become writable.
    pub(crate) fn is_blocked(&self) -> bool {
        self.queue.is_blocked()
    }

    pub(crate) fn counters(&self) -> SendCounters {
        self.queue.counters()
    }
}

struct SocketSink<'a> {
    socket: &'a WorkerSocket,
    batch: &'a mut SendBatch,
}

impl MessageSink for SocketSink<'_> {
    fn send(
        &mut self,
        entries: &[Outgoing<'_>],
        order: &[usize],
        messages: &[Message],
    ) -> io::Result<usize> {
        self.batch.send(self.socket, entries, order, messages)
    }
}
