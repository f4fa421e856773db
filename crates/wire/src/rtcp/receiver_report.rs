//! Receiver reports: RFC 3550 section 6.4.2.

use super::header::{self, RECEIVER_REPORT};
use super::{ReportBlock, ReportBlocks, RtcpWrite};
use crate::WireError;
use crate::bytes;

/// A receiver report, read in place.
#[derive(Debug, Clone)]
pub struct ReceiverReport<'a> {
    /// SSRC of the reporter.
    pub ssrc: u32,
    /// Reception reports on the streams that it receives.
    pub blocks: ReportBlocks<'a>,
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Result<Self, WireError> {
        let ssrc = bytes::u32_at(body, 0)?;
        Ok(Self {
            ssrc,
            blocks: ReportBlocks::parse(count, body.get(4..).unwrap_or_default())?,
        })
    }
}

/// A receiver report to write, with at most 31 blocks.
#[derive(Debug, Clone, Copy)]
pub struct ReceiverReportBuilder<'a> {
    /// SSRC of the reporter.
    pub ssrc: u32,
    /// Reception reports on the streams that it receives.
    pub blocks: &'a [ReportBlock],
}

impl RtcpWrite for ReceiverReportBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(buffer, RECEIVER_REPORT, self.blocks.len(), |out| {
            out.u32(self.ssrc)?;
            self.blocks.iter().try_for_each(|block| block.append(out))
        })
    }
}
