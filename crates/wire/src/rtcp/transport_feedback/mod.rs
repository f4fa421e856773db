//! Transport-wide congestion control feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

mod chunk;
mod reader;
mod writer;

pub use reader::{PacketStatus, PacketStatuses, TransportFeedback};
pub use writer::{Arrival, TransportFeedbackBuilder, WrittenFeedback};

/// One unit of an arrival delta, microseconds.
const TICK_MICROS: u64 = 250;

/// One unit of the reference time (64 ms), in ticks.
const REFERENCE_TICKS: u64 = 256;

/// From the beginning of the packet's body to its first chunk.
const CHUNKS_OFFSET: usize = 16;
