//! The receiving direction: SRTP and SRTCP to RTP and RTCP.

use std::fmt;

use crate::header::{RtpHeader, rtcp_sender};
use crate::index::{INDEX_END, guess_index};
use crate::kdf::Protocol;
use crate::streams::Streams;
use crate::transform::{ENCRYPTED, Transform};
use crate::{SrtpError, SrtpProfile};

/// Maximum number of SSRCs that a peer may use while its transport exists, for RTP and for RTCP each.
///
/// A client that turns a camera with three simulcast layers on and off 10,000 times stays below it. The 512 used last
/// take 150 bytes each, the others about 30, so at most some 2 MiB.
pub const MAX_STREAMS: usize = 65_536;

/// Authenticates and decrypts the packets of one transport, for all SSRCs.
///
/// A packet that fails authentication does not change the context. The content of its buffer is then unspecified.
pub struct Inbound {
    profile: SrtpProfile,
    rtp: Transform,
    rtcp: Transform,
    rtp_streams: Streams,
    rtcp_streams: Streams,
}

impl Inbound {
    /// Creates the context of the peer's sending direction from its master key and master salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] when `key` or `salt` does not have the length that `profile` requires.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        Ok(Self {
            profile,
            rtp: Transform::derive(profile, key, salt, Protocol::Rtp)?,
            rtcp: Transform::derive(profile, key, salt, Protocol::Rtcp)?,
            rtp_streams: Streams::default(),
            rtcp_streams: Streams::default(),
        })
    }

    /// The negotiated profile.
    #[must_use]
    pub fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Authenticates and decrypts the SRTP packet `packet` in place. Returns the length without the tag, in bytes.
    ///
    /// # Errors
    /// Any error for which [`SrtpError::is_remote`] is true.
    #[inline]
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let header = RtpHeader::parse(packet)?;
        let index = self
            .rtp_streams
            .fresh_index(header.ssrc, MAX_STREAMS, |highest| {
                highest.map_or(header.sequence.into(), |highest| {
                    guess_index(highest, header.sequence)
                })
            })?;
        if index >= INDEX_END {
            return Err(SrtpError::Replayed);
        }
        let len = self.rtp.open_rtp(packet, header.len, header.ssrc, index)?;
        self.rtp_streams.accept(header.ssrc, index);
        Ok(len)
    }

    /// Authenticates and decrypts the SRTCP compound `packet` in place. Returns the length of the compound, in bytes.
    ///
    /// # Errors
    /// Any error for which [`SrtpError::is_remote`] is true.
    #[inline]
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_sender(packet)?;
        let word = self.rtcp.rtcp_index_word(packet)?;
        if word & ENCRYPTED == 0 {
            return Err(SrtpError::Unencrypted);
        }
        let index = word & !ENCRYPTED;
        self.rtcp_streams
            .fresh_index(ssrc, MAX_STREAMS, |_| index.into())?;
        let len = self.rtcp.open_rtcp(packet, ssrc, index)?;
        self.rtcp_streams.accept(ssrc, index.into());
        Ok(len)
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
