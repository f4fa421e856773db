//! The parts of a sent stream, and the send batch. Each is pure: no I/O, and time is an argument.
//!
//! One set per consumer: [`SequenceRewriter`], [`TimestampRewriter`], [`RetransmissionBudget`], [`RtxSequence`],
//! [`SentReports`]. One [`Outbox`] and one [`Random`] per worker.

mod connection_id;
mod outbox;
mod random;
mod retransmission_budget;
mod rtx_sequence;
mod sent_reports;
mod sequence_rewriter;
mod timestamp_rewriter;

pub(crate) use connection_id::ConnectionId;
pub use outbox::{MAX_DATAGRAM, Outbox, Priority};
pub(crate) use random::Random;
pub(crate) use retransmission_budget::RetransmissionBudget;
pub(crate) use rtx_sequence::RtxSequence;
pub(crate) use sent_reports::SentReports;
pub(crate) use sequence_rewriter::SequenceRewriter;
pub(crate) use timestamp_rewriter::TimestampRewriter;
