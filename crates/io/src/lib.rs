//! The I/O layer of the SFU's media core: one thread per worker, with its UDP socket, the TCP connections on the same
//! port, the sockets of its plain transports, the rings to the other workers, the clock of them all and its queues.
//!
//! Rules for every part of this crate:
//! - A worker thread blocks only in `epoll_wait`. A full socket costs datagrams (oldest video first), never time.
//! - Only commands, events, a snapshot of counters and the datagrams of pipes cross threads. No lock is taken per packet.
//! - `*Closed` events and replies always reach the consumer. DTLS may be dropped: the peer retransmits it.
//! - Only `udp` contains `unsafe`: for system calls without a safe wrapper.

mod backlog;
mod clock;
mod error;
mod event_loop;
mod event_queue;
mod plain;
mod poller;
mod port;
mod rings;
mod segmentation;
mod send_plan;
mod send_queue;
mod shared;
mod socket;
mod tcp;
mod udp;
mod waker;
mod worker_handle;
mod worker_thread;

pub use backlog::Overflow;
pub use clock::Clock;
pub use error::{SpawnError, SubmitError};
pub use event_queue::EventQueue;
pub use plain::PlainAddresses;
pub use rings::{RingCounters, Rings};
pub use send_queue::SendCounters;
pub use shared::ThreadCounters;
pub use tcp::{TcpCounters, TcpLimits};
pub use worker_handle::WorkerHandle;
pub use worker_thread::{ThreadOptions, WorkerThread};

/// Maximum datagram size in bytes. Longer datagrams are dropped: WebRTC packets fit an Ethernet frame.
const LONGEST_DATAGRAM: usize = 2_048;
