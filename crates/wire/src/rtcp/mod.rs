//! RTCP: RFC 3550 section 6, feedback of RFC 4585 and RFC 5104, extended reports of RFC 3611, REMB and transport-wide
//! congestion control.
//!
//! Rules:
//! - A view is validated when it is created. Iterating over it cannot fail and is bounded by the packet size.
//! - Unknown packet types, feedback formats, report blocks and SDES items are skipped.
//! - An unreadable packet does not affect the other packets of its compound.

mod bye;
mod compound;
mod compound_writer;
mod extended_report;
mod fir;
mod header;
mod nack;
mod pli;
mod receiver_report;
mod remb;
mod report_block;
mod sdes;
mod sender_report;
mod transport_feedback;

pub use bye::{Bye, ByeBuilder};
pub use compound::{Compound, RtcpPacket};
pub use compound_writer::{CompoundWriter, RtcpWrite};
pub use extended_report::{
    DlrrBuilder, DlrrEntries, DlrrEntry, ExtendedReport, RrtrBuilder, XrBlock,
};
pub use fir::{Fir, FirBuilder, FirEntry};
pub use nack::{Nack, NackBuilder};
pub use pli::Pli;
pub use receiver_report::{ReceiverReport, ReceiverReportBuilder};
pub use remb::{Remb, RembBuilder};
pub use report_block::{ReportBlock, ReportBlocks};
pub use sdes::{Sdes, SdesBuilder, SdesChunk};
pub use sender_report::{SenderInfo, SenderReport, SenderReportBuilder};
pub use transport_feedback::{
    Arrival, Deltas, PacketStatus, Run, Runs, TransportFeedback, TransportFeedbackBuilder,
    WrittenFeedback,
};

/// Maximum size in bytes of a compound that we send. With SRTCP, UDP and IPv6 overhead it fits the minimum IPv6 MTU.
pub const MAX_COMPOUND_LEN: usize = 1200;
