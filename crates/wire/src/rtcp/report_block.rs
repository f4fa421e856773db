//! Report blocks: RFC 3550 section 6.4.1.

use crate::WireError;
use crate::bytes::{self, Cursor};
use crate::ntp::CompactNtp;

const LEN: usize = 24;

/// Range of a signed 24-bit value.
const LOST_MIN: i32 = -0x80_0000;
const LOST_MAX: i32 = 0x7F_FFFF;

/// Reception statistics of one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// SSRC of the reported stream.
    pub ssrc: u32,
    /// Loss since the last report, in units of 1/256.
    pub fraction_lost: u8,
    /// Expected minus received packets since the start; negative with duplicates. 24 bits in the packet.
    pub cumulative_lost: i32,
    /// Extended highest sequence number: the number in the low 16 bits, its cycles in the high 16 bits.
    pub highest_sequence: u32,
    /// Interarrival jitter, in units of the RTP clock.
    pub jitter: u32,
    /// LSR: NTP time of the last sender report received; zero without one.
    pub last_sender_report: CompactNtp,
    /// DLSR: time from the arrival of that sender report to the sending of this report.
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

    /// Appends the block. A cumulative loss outside 24 bits is clamped.
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
    /// Reads the first `count` blocks of `data`. Profile-specific extensions may follow them.
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
