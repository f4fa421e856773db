//! The packet core of the SFU, without I/O: the routers, transports, producers and consumers of one worker.
//!
//! Sans-IO: the caller passes datagrams, commands and the current time to a [`Worker`], then sends the datagrams in
//! its [`Outbox`] and delivers its [`api::Event`]s. The crate reads no clock, opens no socket and spawns no thread.
//!
//! | module     | contents                                                                       |
//! |------------|--------------------------------------------------------------------------------|
//! | `api`      | commands, events, ids, negotiated parameters, statistics                       |
//! | `receive`  | parts of a received stream: NACKs, reports, duplicates, the packet store       |
//! | `send`     | parts of a sent stream: sequence and timestamp rewriting, RTX, the send batch  |
//! | `speech`   | who speaks: the activity of a stream, the dominant speaker, the loudest streams |
//! | `entities` | routers, transports, producers and consumers, and the tables that hold them    |
//! | `worker`   | handles commands, datagrams and timeouts                                       |
//!
//! A module imports only from modules above it in this table.
#![forbid(unsafe_code)]

pub mod api;
mod entities;
mod receive;
mod send;
mod speech;
mod worker;

pub use hubbub_congestion::Limits;
pub use send::{MAX_DATAGRAM, Outbox, Priority};
pub use worker::{Histogram, MediaCounters, Worker, WorkerConfig, WorkerCounters};
