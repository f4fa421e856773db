//! A worker: every router, transport, producer and consumer that one thread owns, and what goes in and out.
//!
//! Rules that its parts keep:
//! - An entity is in its slab, in its id map and in its parent's list, or in none of them (`close.rs` is the only
//!   place that takes entities out).
//! - Whatever is handled notes the entities that it is about to change in `touched`, so that [`Worker::contain`]
//!   knows whom an unforeseen panic may have left inconsistent.

mod config;

use std::net::SocketAddr;

use crate::api::{Command, Event, Micros, Request};
use crate::outbox::Outbox;

pub use config::{WorkerConfig, WorkerCounters};

/// The media core of one thread. See the crate's documentation.
pub struct Worker {
    config: WorkerConfig,
    outbox: Outbox,
    events: Vec<Event>,
    urgent: bool,
    counters: WorkerCounters,
}

impl Worker {
    /// A worker that holds nothing.
    #[must_use]
    pub fn new(config: WorkerConfig) -> Self {
        todo!()
    }

    /// One datagram from the socket. It is decrypted in place.
    pub fn handle_datagram(&mut self, now: Micros, from: SocketAddr, datagram: &mut [u8]) {
        todo!()
    }

    /// One command; it is answered by exactly one [`Event::Reply`].
    pub fn handle_command(&mut self, now: Micros, request: Request, command: Command) {
        todo!()
    }

    /// Does what is due. To be called when [`Self::next_deadline`] has come; calling it earlier does no harm.
    pub fn handle_timeout(&mut self, now: Micros) {
        todo!()
    }

    /// When [`Self::handle_timeout`] is to be called next; `None` while there is nothing to wait for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Micros> {
        todo!()
    }

    /// The datagrams to send; the caller clears it.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Takes every event, oldest first.
    pub fn drain_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.urgent = false;
        self.events.drain(..)
    }

    /// There are events.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// There are events that should not wait for the next 10 ms: replies, DTLS, closures.
    #[must_use]
    pub fn has_urgent_events(&self) -> bool {
        self.urgent
    }

    /// To be called when one of the `handle_*` methods has panicked: closes what it was at work on, with reason
    /// `Internal`, answers the interrupted command, and reports `message` as [`Event::Fault`].
    pub fn contain(&mut self, now: Micros, message: String) {
        todo!()
    }

    /// What was done since the worker was made, and what it holds now.
    #[must_use]
    pub fn counters(&self) -> WorkerCounters {
        self.counters
    }
}
