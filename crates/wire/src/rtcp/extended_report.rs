//! Extended reports (XR). Only the two blocks that measure a receiver's round-trip time are supported: RFC 3611
//! sections 4.4 and 4.5.

use super::RtcpWrite;
use super::header::{self, EXTENDED_REPORT};
use crate::WireError;
use crate::bytes;
use crate::ntp::{CompactNtp, NtpTime};

const RECEIVER_REFERENCE_TIME: u8 = 4;
const DLRR: u8 = 5;
const DLRR_ENTRY_LEN: usize = 12;

/// A report block of a known type.
#[derive(Debug, Clone)]
pub enum XrBlock<'a> {
    /// RRTR: the receiver's NTP time when it sent the report.
    ReceiverReferenceTime(NtpTime),
    /// DLRR: the answers to reference times.
    Dlrr(DlrrEntries<'a>),
}

/// The answer to the reference time of one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DlrrEntry {
    /// SSRC of the receiver.
    pub ssrc: u32,
    /// LRR: its last reference time; zero without one.
    pub last_receiver_report: CompactNtp,
    /// DLRR: time from the arrival of that reference time to the sending of this report.
    pub delay: CompactNtp,
}

/// Iterates over the entries of a DLRR block.
#[derive(Debug, Clone)]
pub struct DlrrEntries<'a> {
    rest: &'a [u8],
}

impl Iterator for DlrrEntries<'_> {
    type Item = DlrrEntry;

    fn next(&mut self) -> Option<DlrrEntry> {
        let (entry, rest) = self.rest.split_at_checked(DLRR_ENTRY_LEN)?;
        self.rest = rest;
        Some(DlrrEntry {
            ssrc: bytes::u32_at(entry, 0).ok()?,
            last_receiver_report: CompactNtp(bytes::u32_at(entry, 4).ok()?),
            delay: CompactNtp(bytes::u32_at(entry, 8).ok()?),
        })
    }
}

/// An extended report, read in place.
#[derive(Debug, Clone)]
pub struct ExtendedReport<'a> {
    /// SSRC of the reporter.
    pub ssrc: u32,
    blocks: &'a [u8],
}

impl<'a> ExtendedReport<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let ssrc = bytes::u32_at(body, 0)?;
        let blocks = body.get(4..).unwrap_or_default();
        let mut rest = blocks;
        while !rest.is_empty() {
            rest = split_block(rest)?.1;
        }
        Ok(Self { ssrc, blocks })
    }

    /// The blocks of known types.
    pub fn blocks(&self) -> impl Iterator<Item = XrBlock<'a>> + use<'a> {
        let mut rest = self.blocks;
        std::iter::from_fn(move || {
            let (block, following) = split_block(rest).ok()?;
            rest = following;
            Some(block)
        })
        .flatten()
    }
}

/// Reads the first block (`None` for an unknown type). Returns it and the remaining bytes.
fn split_block(data: &[u8]) -> Result<(Option<XrBlock<'_>>, &[u8]), WireError> {
    let kind = bytes::u8_at(data, 0)?;
    let len = 4 * usize::from(bytes::u16_at(data, 2)?);
    let (content, rest) = data
        .get(4..)
        .and_then(|data| data.split_at_checked(len))
        .ok_or(WireError::BadLength)?;
    let block = match kind {
        RECEIVER_REFERENCE_TIME => Some(XrBlock::ReceiverReferenceTime(NtpTime(bytes::u64_at(
            content, 0,
        )?))),
        DLRR if len % DLRR_ENTRY_LEN != 0 => return Err(WireError::BadLength),
        DLRR => Some(XrBlock::Dlrr(DlrrEntries { rest: content })),
        _ => None,
    };
    Ok((block, rest))
}

/// An extended report with one DLRR block to write.
#[derive(Debug, Clone, Copy)]
pub struct DlrrBuilder<'a> {
    /// SSRC of the reporter.
    pub ssrc: u32,
    /// The answers to reference times.
    pub entries: &'a [DlrrEntry],
}

impl RtcpWrite for DlrrBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        let words = u16::try_from(self.entries.len() * DLRR_ENTRY_LEN / 4)
            .map_err(|_| WireError::Unrepresentable)?;
        header::write(buffer, EXTENDED_REPORT, 0, |out| {
            out.u32(self.ssrc)?;
            out.bytes(&[DLRR, 0])?;
            out.u16(words)?;
            self.entries.iter().try_for_each(|entry| {
                out.u32(entry.ssrc)?;
                out.u32(entry.last_receiver_report.0)?;
                out.u32(entry.delay.0)
            })
        })
    }
}

/// An extended report with one receiver reference time block to write.
#[derive(Debug, Clone, Copy)]
pub struct RrtrBuilder {
    /// SSRC of the reporter.
    pub ssrc: u32,
    /// NTP time of the report.
    pub ntp: NtpTime,
}

impl RtcpWrite for RrtrBuilder {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(buffer, EXTENDED_REPORT, 0, |out| {
            out.u32(self.ssrc)?;
            out.bytes(&[RECEIVER_REFERENCE_TIME, 0, 0, 2])?;
            out.u64(self.ntp.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compound, RtcpPacket};
    use super::*;

    fn blocks(packet: &[u8]) -> Vec<XrBlock<'_>> {
        match Compound::parse(packet).unwrap().next() {
            Some(Ok(RtcpPacket::ExtendedReport(report))) => report.blocks().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn written_dlrr_is_read_back() {
        let entries = [1, 2].map(|ssrc| DlrrEntry {
            ssrc,
            last_receiver_report: CompactNtp(ssrc + 10),
            delay: CompactNtp(ssrc + 20),
        });
        let mut buffer = [0; 100];
        let len = DlrrBuilder {
            ssrc: 7,
            entries: &entries,
        }
        .write(&mut buffer)
        .unwrap();
        let [XrBlock::Dlrr(read)] = &blocks(&buffer[..len])[..] else {
            panic!("no DLRR")
        };
        assert_eq!(read.clone().collect::<Vec<_>>(), entries);
    }

    #[test]
    fn a_reference_time_after_an_unknown_block_is_read() {
        let packet = [
            0x80, 207, 0, 6, 0, 0, 0, 7, 99, 0, 0, 1, 1, 2, 3, 4, 4, 0, 0, 2, 0, 0, 0, 1, 0x80, 0,
            0, 0,
        ];
        let [XrBlock::ReceiverReferenceTime(ntp)] = blocks(&packet)[..] else {
            panic!("no reference time")
        };
        assert_eq!(ntp, NtpTime(0x0000_0001_8000_0000));
    }

    #[test]
    fn written_reference_time_is_read_back() {
        let mut buffer = [0; 20];
        RrtrBuilder {
            ssrc: 7,
            ntp: NtpTime(5),
        }
        .write(&mut buffer)
        .unwrap();
        assert!(matches!(
            blocks(&buffer)[..],
            [XrBlock::ReceiverReferenceTime(NtpTime(5))]
        ));
    }

    #[test]
    fn a_block_that_exceeds_the_report_is_malformed() {
        assert_eq!(
            ExtendedReport::parse(&[0, 0, 0, 1, 5, 0, 0, 3, 0, 0]).unwrap_err(),
            WireError::BadLength
        );
        assert_eq!(
            ExtendedReport::parse(&[0, 0, 0, 1, 5, 0, 0, 1, 0, 0, 0, 0]).unwrap_err(),
            WireError::BadLength
        );
    }
}
