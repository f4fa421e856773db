//! Transport-wide congestion control feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

mod chunk;
mod reader;
mod writer;

pub use reader::{Deltas, PacketStatus, Run, Runs, TransportFeedback};
pub use writer::{Arrival, TransportFeedbackBuilder, WrittenFeedback};

/// Unit of an arrival delta, in microseconds.
const TICK_MICROS: u64 = 250;

/// Unit of the reference time (64 ms), in ticks.
const REFERENCE_TICKS: u64 = 256;

/// Offset of the first chunk in the packet body, in bytes.
const CHUNKS_OFFSET: usize = 16;
