//! The state that a worker thread and its handle share.

use std::sync::{Arc, Mutex};

use hubbub_core::WorkerCounters;
use hubbub_core::api::{Command, RequestId};
use serde::Serialize;

use crate::rings::{Bell, RingCounters};
use crate::send_queue::SendCounters;
use crate::tcp::TcpCounters;

/// Counters of a worker and its thread. While the thread is busy, they are at most about 10 ms old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ThreadCounters {
    /// Counters of the worker itself.
    pub worker: WorkerCounters,
    /// Datagrams and messages sent by UDP.
    pub sent: SendCounters,
    /// Datagrams to other workers.
    pub rings: RingCounters,
    /// TCP connections.
    pub tcp: TcpCounters,
    /// Received datagrams that exceeded the size limit or came from an unsupported address family.
    pub oversized: u64,
    /// CPU time of the thread, microseconds.
    pub cpu_us: u64,
}

/// A message from the handle to its thread.
#[derive(Debug)]
pub(crate) enum ThreadMessage {
    /// Execute a command.
    Command(RequestId, Command),
    /// Execute the commands before this message, then end the thread.
    Stop,
}

/// Wakes the thread and publishes its counters.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bell: Arc<Bell>,
    pub(crate) counters: Mutex<ThreadCounters>,
}
