//! The media core without its sockets: routers, transports, producers and consumers of one worker.
//!
//! Sans-IO: [`Worker`] is told of datagrams, commands and the passing of time, and leaves datagrams to send and events
//! to deliver. It reads no clock, opens no socket, spawns no thread and knows no Python.
#![forbid(unsafe_code)]

pub mod api;
mod consumer;
mod dtls_allowance;
mod extensions;
mod forward;
mod hash;
mod ice;
mod layers;
mod outbox;
mod producer;
mod producer_stream;
mod quality;
mod random;
mod rtcp_out;
mod slab;
pub mod stats;
pub mod stream;
mod tables;
mod transport;
mod worker;

pub use outbox::{MAX_DATAGRAM, Outbox, Priority};
pub use quality::{Histogram, MediaCounters};
pub use worker::{Worker, WorkerConfig, WorkerCounters};
