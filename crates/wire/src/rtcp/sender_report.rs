//! Sender reports: RFC 3550 section 6.4.1.

use super::header::{self, SENDER_REPORT};
use super::{ReportBlock, ReportBlocks, RtcpWrite};
use crate::WireError;
use crate::bytes;
use crate::ntp::NtpTime;

const BLOCKS_OFFSET: usize = 24;

/// The sender information of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time of the report.
    pub ntp: NtpTime,
    /// The same time as an RTP timestamp.
    pub rtp_timestamp: u32,
    /// Packets sent since the start; wraps.
    pub packet_count: u32,
    /// Payload bytes sent since the start; wraps.
    pub octet_count: u32,
}

/// A sender report, read in place.
#[derive(Debug, Clone)]
pub struct SenderReport<'a> {
    /// SSRC of the sender.
    pub ssrc: u32,
    /// Information about its stream.
    pub info: SenderInfo,
    /// Reception reports on the streams that it receives.
    pub blocks: ReportBlocks<'a>,
}

impl<'a> SenderReport<'a> {
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Result<Self, WireError> {
        let info = SenderInfo {
            ntp: NtpTime(bytes::u64_at(body, 4)?),
            rtp_timestamp: bytes::u32_at(body, 12)?,
            packet_count: bytes::u32_at(body, 16)?,
            octet_count: bytes::u32_at(body, 20)?,
        };
        let blocks = ReportBlocks::parse(
            count,
            body.get(BLOCKS_OFFSET..).ok_or(WireError::Truncated)?,
        )?;
        Ok(Self {
            ssrc: bytes::u32_at(body, 0)?,
            info,
            blocks,
        })
    }
}

/// A sender report to write, with at most 31 blocks.
#[derive(Debug, Clone, Copy)]
pub struct SenderReportBuilder<'a> {
    /// SSRC of the sender.
    pub ssrc: u32,
    /// Information about its stream.
    pub info: SenderInfo,
    /// Reception reports on the streams that it receives.
    pub blocks: &'a [ReportBlock],
}

impl RtcpWrite for SenderReportBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(buffer, SENDER_REPORT, self.blocks.len(), |out| {
            out.u32(self.ssrc)?;
            out.u64(self.info.ntp.0)?;
            out.u32(self.info.rtp_timestamp)?;
            out.u32(self.info.packet_count)?;
            out.u32(self.info.octet_count)?;
            self.blocks.iter().try_for_each(|block| block.append(out))
        })
    }
}
