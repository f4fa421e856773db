//! The media core on a real machine: one thread per worker, its UDP socket, the TCP connections at the same port, its
//! clock and its queues.
//!
//! Rules that every part of this crate keeps:
//! - A worker thread never blocks but in `epoll_wait`: a full socket costs datagrams (oldest video first), never time.
//! - Nothing crosses a thread but commands, events and a snapshot of counters; no lock is taken per packet.
//! - Closures and replies reach the consumer however slow it is; what a peer repeats anyway (DTLS) may be dropped.
//! - `unsafe` stands in `batch` alone: the system calls that no safe wrapper covers.

mod backlog;
mod batch;
mod clock;
mod gso;
mod handle;
mod port;
mod queue;
mod send_queue;
mod sender;
mod socket;
mod tcp;
mod thread;
mod waker;
mod watch;

pub use backlog::Overflow;
pub use handle::{SpawnError, ThreadCounters, ThreadOptions, WorkerHandle, WorkerThread};
pub use queue::{EventQueue, SubmitError};
pub use send_queue::SendCounters;
pub use tcp::{TcpCounters, TcpLimits};

/// Longer datagrams are none of WebRTC's (its packets fit an Ethernet frame); they are dropped.
const LONGEST_DATAGRAM: usize = 2_048;
