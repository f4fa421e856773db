//! A worker: every router, transport, producer and consumer that one thread owns, and what goes in and out.
//!
//! Rules that its parts keep:
//! - An entity is in its slab, in its id map and in its parent's list, or in none of them (`close.rs` is the only
//!   place that takes entities out).
//! - Whatever is handled notes the entities that it is about to change in `touched`, so that [`Worker::contain`]
//!   knows whom an unforeseen panic may have left inconsistent.

mod close;
mod commands;
mod config;
mod consume;
mod contain;
mod datagram;
mod dtls;
mod produce;
mod reports;
mod requests;
mod rtcp_in;
mod stun;
mod timers;

use hubbub_wire::rtcp::{Arrival, ReportBlock};

use crate::api::{Event, Micros};
use crate::outbox::Outbox;
use crate::random::Random;
use crate::tables::{ConsumerKey, Tables};

use contain::Touched;

pub use config::{WorkerConfig, WorkerCounters};

/// The media core of one thread. See the crate's documentation.
pub struct Worker {
    config: WorkerConfig,
    tables: Tables,
    outbox: Outbox,
    events: Vec<Event>,
    urgent: bool,
    /// How often the events have been drained.
    drains: u64,
    counters: WorkerCounters,
    touched: Touched,
    random: Random,
    next_tick: Micros,
    // Lists that are filled and read within one call; kept for their memory.
    ssrcs: Vec<u32>,
    lost: Vec<u16>,
    blocks: Vec<ReportBlock>,
    due: Vec<ConsumerKey>,
    arrived: Vec<(u16, Option<Micros>)>,
    arrivals: Vec<Arrival>,
}

impl Worker {
    /// A worker that holds nothing.
    #[must_use]
    pub fn new(config: WorkerConfig) -> Self {
        Self {
            random: Random::new(config.seed),
            config,
            tables: Tables::default(),
            outbox: Outbox::new(),
            events: Vec::new(),
            urgent: false,
            drains: 0,
            counters: WorkerCounters::default(),
            touched: Touched::default(),
            next_tick: Micros(0),
            ssrcs: Vec::new(),
            lost: Vec::new(),
            blocks: Vec::new(),
            due: Vec::new(),
            arrived: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    /// The datagrams to send; the caller clears it.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Takes every event, oldest first.
    pub fn drain_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.urgent = false;
        self.drains += 1;
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

    /// What was done since the worker was made, and what it holds now.
    #[must_use]
    pub fn counters(&self) -> WorkerCounters {
        WorkerCounters {
            packets_sent: self.outbox.committed(),
            bytes_sent: self.outbox.committed_bytes(),
            dropped_outbox_full: self.outbox.refused(),
            routers: self.tables.routers.len() as u64,
            transports: self.tables.transports.len() as u64,
            producers: self.tables.producers.len() as u64,
            consumers: self.tables.consumers.len() as u64,
            ..self.counters
        }
    }

    fn emit(&mut self, event: Event) {
        self.urgent |= !matches!(event, Event::IceSelected { .. } | Event::Fault { .. });
        self.events.push(event);
    }
}
