//! BYE packets: RFC 3550 section 6.6. The reason is neither read nor written.

use super::RtcpWrite;
use super::header::{self, GOODBYE};
use crate::WireError;
use crate::bytes;

/// A BYE packet, read in place.
#[derive(Debug, Clone)]
pub struct Bye<'a> {
    sources: &'a [u8],
}

impl<'a> Bye<'a> {
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Result<Self, WireError> {
        Ok(Self {
            sources: bytes::slice(body, 0, 4 * usize::from(count))?,
        })
    }

    /// SSRCs of the streams that end.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.sources
            .chunks_exact(4)
            .filter_map(|source| bytes::u32_at(source, 0).ok())
    }
}

/// A BYE packet to write, for at most 31 streams.
#[derive(Debug, Clone, Copy)]
pub struct ByeBuilder<'a> {
    /// SSRCs of the streams that end.
    pub ssrcs: &'a [u32],
}

impl RtcpWrite for ByeBuilder<'_> {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(buffer, GOODBYE, self.ssrcs.len(), |out| {
            self.ssrcs.iter().try_for_each(|ssrc| out.u32(*ssrc))
        })
    }
}
