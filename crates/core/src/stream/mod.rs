//! The small pure parts that a stream is made of: each knows one thing, does no I/O and is told the time.
//!
//! Receive side (one set a producer stream): [`SequenceUnwrapper`], [`DuplicateFilter`], [`ReceiveStats`],
//! [`RateMeter`], [`NackGenerator`], [`KeyFrameRequests`], [`ClockMapping`], [`PacketStore`]; one [`ArrivalLog`] a
//! transport; [`RembEstimate`] where the client has no transport-cc.
//!
//! Send side (one set a consumer): [`SequenceRewriter`], [`TimestampRewriter`], [`RetransmissionBudget`],
//! [`RtxSequence`], [`SentReports`].
//!
//! Sequence numbers are *extended*: 64 bits whose low 16 are the number on the wire (`ext as u16`).

mod bitrate;
mod duplicate_filter;
mod key_frame_throttle;
mod nack_budget;
mod nack_list;
mod packet_store;
mod receive_stats;
mod remb;
mod rewriter;
mod round_trip;
mod rtx;
mod sender_report;
mod sequence;
mod timestamp;
mod transport_cc;

pub use bitrate::RateMeter;
pub use duplicate_filter::DuplicateFilter;
pub use key_frame_throttle::KeyFrameRequests;
pub use nack_budget::RetransmissionBudget;
pub use nack_list::{Arrival, NackGenerator};
pub use packet_store::{PacketMeta, PacketStore, StoredPacket};
pub use receive_stats::{ReceiveStats, ReceptionReport};
pub use remb::RembEstimate;
pub use rewriter::{SequenceRewriter, SourcePacket};
pub use round_trip::SentReports;
pub use rtx::{RtxPayload, RtxSequence};
pub use sender_report::ClockMapping;
pub use sequence::SequenceUnwrapper;
pub use timestamp::TimestampRewriter;
pub use transport_cc::ArrivalLog;
