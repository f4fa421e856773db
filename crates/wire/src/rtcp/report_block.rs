//! Report blocks: RFC 3550 section 6.4.1.

use crate::WireError;
use crate::bytes::{self, Cursor};
use crate::ntp::CompactNtp;

const LEN: usize = 24;

/// The bounds of 24 signed bits.
const LOST_MIN: i32 = -0x80_0000;
const LOST_MAX: i32 = 0x7F_FFFF;

/// How one stream is received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream that is reported on.
    pub ssrc: u32,
    /// Since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Expected minus received since the beginning; negative with duplicates. 24 bits on the wire.
    pub cumulative_lost: i32,
    /// Highest sequence number in the low half, its cycles in the high half.
    pub highest_sequence: u32,
    /// Interarrival jitter, in units of the stream's clock.
    pub jitter: u32,
    /// LSR: of the last sender report received, zero when there was none.
    pub last_sender_report: CompactNtp,
    /// DLSR: from then until this report was sent.
    pub delay_since_last_sender_report: CompactNtp,
}

impl ReportBlock {
    fn parse(data: &[u8]) -> Result<Self, WireError> {
        let lost = bytes::u24_at(data, 5)?;
        Ok(Self {
            ssrc: bytes::u32_at(data, 0)?,
            fraction_lost: bytes::u8_at(data, 4)?,
            // Sign-extended from 24 bits.
            cumulative_lost: ((lost << 8) as i32) >> 8,
            highest_sequence: bytes::u32_at(data, 8)?,
            jitter: bytes::u32_at(data, 12)?,
            last_sender_report: CompactNtp(bytes::u32_at(data, 16)?),
            delay_since_last_sender_report: CompactNtp(bytes::u32_at(data, 20)?),
        })
    }

    /// Appends the block; a loss beyond 24 bits is written as the bound.
    pub(super) fn append(&self, out: &mut Cursor<'_>) -> Result<(), WireError> {
        out.u32(self.ssrc)?;
        out.u8(self.fraction_lost)?;
        out.u24(self.cumulative_lost.clamp(LOST_MIN, LOST_MAX) as u32)?;
        out.u32(self.highest_sequence)?;
        out.u32(self.jitter)?;
        out.u32(self.last_sender_report.0)?;
        out.u32(self.delay_since_last_sender_report.0)
    }
}

/// Iterates over the blocks of a report.
#[derive(Debug, Clone)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

impl<'a> ReportBlocks<'a> {
    /// The first `count` blocks of `data`; profile-specific extensions may follow them.
    pub(super) fn parse(count: u8, data: &'a [u8]) -> Result<Self, WireError> {
        Ok(Self {
            rest: bytes::slice(data, 0, LEN * usize::from(count))?,
        })
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.rest.split_at_checked(LEN)?;
        self.rest = rest;
        ReportBlock::parse(block).ok()
    }
}
