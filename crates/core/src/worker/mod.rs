//! A worker: the routers, transports, producers and consumers of one thread.
//!
//! Rules:
//! - An entity is in its slab, in its id index and in its parent's list, or in none of them. Only `close.rs` removes
//!   entities.
//! - Every handler records the entities that it is about to change in `in_flight`, so that
//!   [`Worker::recover_from_panic`] knows which entities a panic may have left inconsistent.
//! - A lookup by a key that must be valid returns [`DanglingKey`](crate::entities::DanglingKey) on failure. The public
//!   method counts it as a fault.

mod allocation;
mod candidate_pairs;
mod close;
mod commands;
mod config;
mod consumers;
mod counters;
mod datagram;
mod dtls;
mod histogram;
mod in_flight;
mod key_frames;
mod link_relays;
mod media_counters;
mod nacks;
mod node_links;
mod pacing;
mod packet_memory;
mod pipe_allocation;
mod pipe_commands;
mod pipe_feedback;
mod pipe_forward;
mod pipe_probes;
mod plain;
mod producers;
mod quality;
mod recover;
mod reports;
mod rtcp_in;
mod rtcp_out;
mod score_reports;
mod spec_rules;
mod speech_reports;
mod still_streams;
mod stun;
mod successors;
mod timers;
mod wanted_encodings;

use std::collections::VecDeque;

use hubbub_congestion::Candidate;
use hubbub_wire::rtcp::{Arrival, ReportBlock};

use crate::api::{Event, Micros};
use crate::entities::{ConsumerKey, EventQueue, LayerSteps, PipeConsumerKey, ProducerKey, Tables};
use crate::send::{Outbox, Random};
use crate::speech::SpeechActivity;

use close::ClosingRouter;
use in_flight::InFlight;
use pacing::ReleaseQueue;
use pipe_allocation::PipeCandidates;

pub use config::WorkerConfig;
pub use counters::WorkerCounters;
pub use histogram::Histogram;
pub use media_counters::MediaCounters;

/// The packet core of one thread. See the crate's documentation.
pub struct Worker {
    config: WorkerConfig,
    tables: Tables,
    outbox: Outbox,
    events: EventQueue,
    counters: WorkerCounters,
    in_flight: InFlight,
    /// `ProducerStream::source` of the stream that was created last.
    last_source: u32,
    closing: VecDeque<ClosingRouter>,
    random: Random,
    next_tick: Micros,
    /// The share of the routers that `report_speakers` visits next.
    speaker_turn: usize,
    release_queue: ReleaseQueue,
    // Scratch lists: filled and read within one call, kept to reuse their memory.
    ssrcs: Vec<u32>,
    lost: Vec<u16>,
    blocks: Vec<ReportBlock>,
    due: Vec<ConsumerKey>,
    piped_due: Vec<(PipeConsumerKey, usize)>,
    statuses: Vec<(u16, Option<Micros>)>,
    arrivals: Vec<Arrival>,
    activities: Vec<(ProducerKey, SpeechActivity)>,
    candidates: Vec<Candidate<LayerSteps>>,
    pipe_candidates: PipeCandidates,
}

impl Worker {
    /// A worker without entities.
    #[must_use]
    pub fn new(config: WorkerConfig) -> Self {
        Self {
            random: Random::new(config.seed),
            config,
            tables: Tables::default(),
            outbox: Outbox::new(),
            events: EventQueue::default(),
            counters: WorkerCounters::default(),
            in_flight: InFlight::default(),
            last_source: 0,
            closing: VecDeque::new(),
            next_tick: Micros(0),
            speaker_turn: 0,
            release_queue: ReleaseQueue::new(),
            ssrcs: Vec::new(),
            lost: Vec::new(),
            blocks: Vec::new(),
            due: Vec::new(),
            piped_due: Vec::new(),
            statuses: Vec::new(),
            arrivals: Vec::new(),
            activities: Vec::new(),
            candidates: Vec::new(),
            pipe_candidates: PipeCandidates::default(),
        }
    }

    /// The datagrams to send. The caller sends and clears them.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Removes and returns all events, oldest first.
    pub fn drain_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.events.drain()
    }

    /// Whether there are events.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.events.len() > 0
    }

    /// Whether there are events that should be delivered at once: replies, DTLS, closures.
    #[must_use]
    pub fn has_urgent_events(&self) -> bool {
        self.events.is_urgent()
    }

    /// A snapshot of the counters.
    #[must_use]
    pub fn counters(&self) -> WorkerCounters {
        WorkerCounters {
            packets_sent: self.outbox.committed(),
            bytes_sent: self.outbox.committed_bytes(),
            dropped_outbox_full: self.outbox.refused(),
            linked_sent: self.outbox.linked(),
            send_oversized: self.outbox.oversized(),
            routers: self.tables.routers.len() as u64,
            transports: self.tables.transports.len() as u64,
            producers: self.tables.producers.len() as u64,
            consumers: (self.tables.consumers.len() + self.tables.pipe_consumers.len()) as u64,
            max_outgoing_bitrate: self.config.outgoing_bitrate.max,
            ..self.counters
        }
    }
}
