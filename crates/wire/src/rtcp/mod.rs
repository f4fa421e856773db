//! RTCP: RFC 3550 section 6, feedback by RFC 4585 and RFC 5104, extended reports by RFC 3611, REMB and
//! transport-wide congestion control.
//!
//! Rules:
//! - A view is validated when it is made; iterating over it cannot fail and is bounded by the packet.
//! - What is not known (packet types, feedback formats, report blocks, SDES items) is skipped.
//! - A packet that cannot be read spoils neither the ones before nor those after it in its compound.

mod bye;
mod compound;
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
mod writer;
mod xr;

pub use bye::{Bye, ByeBuilder};
pub use compound::{Compound, RtcpPacket};
pub use fir::{Fir, FirBuilder, FirEntry};
pub use nack::{Nack, NackBuilder};
pub use pli::Pli;
pub use receiver_report::{ReceiverReport, ReceiverReportBuilder};
pub use remb::{Remb, RembBuilder};
pub use report_block::{ReportBlock, ReportBlocks};
pub use sdes::{Sdes, SdesBuilder, SdesChunk};
pub use sender_report::{SenderInfo, SenderReport, SenderReportBuilder};
pub use transport_feedback::{
    Arrival, PacketStatus, PacketStatuses, TransportFeedback, TransportFeedbackBuilder,
    WrittenFeedback,
};
pub use writer::{CompoundWriter, RtcpWrite};
pub use xr::{DlrrBuilder, DlrrEntries, DlrrEntry, ExtendedReport, RrtrBuilder, XrBlock};

/// The largest compound that we send: with SRTCP, UDP and IPv6 around it, it stays below any path's MTU.
pub const MAX_COMPOUND_LEN: usize = 1200;
