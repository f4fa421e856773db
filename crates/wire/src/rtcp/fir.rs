//! Full intra requests (FIR): RFC 5104 section 4.3.1.

use super::RtcpWrite;
use super::header::{self, PAYLOAD_SPECIFIC_FEEDBACK};
use crate::WireError;
use crate::bytes;

const ENTRY_LEN: usize = 8;

/// One requested stream of a FIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirEntry {
    /// The stream that a key frame is requested for.
    pub ssrc: u32,
    /// Sequence number of the request. A repeated number is a repetition of the request.
    pub command_sequence: u8,
}

/// A FIR, read in place.
#[derive(Debug, Clone)]
pub struct Fir<'a> {
    /// SSRC of the sender of the request.
    pub sender_ssrc: u32,
    entries: &'a [u8],
}

impl<'a> Fir<'a> {
    pub(super) const FORMAT: u8 = 4;

    pub(super) fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let entries = body.get(8..).ok_or(WireError::Truncated)?;
        if entries.len() % ENTRY_LEN != 0 {
            return Err(WireError::BadLength);
        }
        Ok(Self {
            sender_ssrc: bytes::u32_at(body, 0)?,
            entries,
        })
    }

    /// The streams that key frames are requested for.
    pub fn entries(&self) -> impl Iterator<Item = FirEntry> + use<'a> {
        self.entries.chunks_exact(ENTRY_LEN).filter_map(|entry| {
            Some(FirEntry {
                ssrc: bytes::u32_at(entry, 0).ok()?,
                command_sequence: bytes::u8_at(entry, 4).ok()?,
            })
        })
    }
}

/// A FIR to write.
#[derive(Debug, Clone, Copy)]
pub struct FirBuilder<'a> {
    /// SSRC of the sender of the request.
    pub sender_ssrc: u32,
    /// The streams that key frames are requested for.
    pub entries: &'a [FirEntry],
}

impl RtcpWrite for FirBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(
            buffer,
            PAYLOAD_SPECIFIC_FEEDBACK,
            Fir::FORMAT.into(),
            |out| {
                out.u32(self.sender_ssrc)?;
                out.u32(0)?;
                self.entries.iter().try_for_each(|entry| {
                    out.u32(entry.ssrc)?;
                    out.u8(entry.command_sequence)?;
                    out.u24(0)
                })
            },
        )
    }
}
