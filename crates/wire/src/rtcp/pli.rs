//! Picture loss indications (PLI): RFC 4585 section 6.3.1.

use super::RtcpWrite;
use super::header::{self, PAYLOAD_SPECIFIC_FEEDBACK};
use crate::WireError;
use crate::bytes;

/// A PLI: requests a key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pli {
    /// SSRC of the sender of the request.
    pub sender_ssrc: u32,
    /// The stream that a key frame is requested for.
    pub media_ssrc: u32,
}

impl Pli {
    pub(super) const FORMAT: u8 = 1;

    pub(super) fn parse(body: &[u8]) -> Result<Self, WireError> {
        Ok(Self {
            sender_ssrc: bytes::u32_at(body, 0)?,
            media_ssrc: bytes::u32_at(body, 4)?,
        })
    }
}

impl RtcpWrite for Pli {
    fn write(&self, buffer: &mut [u8]) -> Result<usize, WireError> {
        header::write(
            buffer,
            PAYLOAD_SPECIFIC_FEEDBACK,
            Self::FORMAT.into(),
            |out| {
                out.u32(self.sender_ssrc)?;
                out.u32(self.media_ssrc)
            },
        )
    }
}
