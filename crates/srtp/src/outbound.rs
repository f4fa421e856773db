//! The sending direction: RTP and RTCP to SRTP and SRTCP.

use std::collections::HashMap;
use std::fmt;

use crate::header::{RTCP_CLEAR_LEN, RTP_FIXED_LEN, RtpHeader, rtcp_sender};
use crate::index::{INDEX_END, guess_index, packet_index};
use crate::kdf::Protocol;
use crate::transform::{ENCRYPTED, Transform};
use crate::{SrtpError, SrtpProfile};

/// Encrypts and authenticates the packets of one transport, for all SSRCs.
///
/// # Nonces
/// The nonce consists of SSRC and packet index. Under one key a nonce must never protect two different packets: with
/// GCM, reuse reveals the authentication key. [`protect_rtp`](Self::protect_rtp) refuses reuse itself;
/// [`protect_rtp_with_index`](Self::protect_rtp_with_index) leaves the check to the caller.
pub struct Outbound {
    profile: SrtpProfile,
    rtp: Transform,
    rtcp: Transform,
    /// The newest index that [`Outbound::protect_rtp`] used for each SSRC. Entries are never removed: see above.
    newest: HashMap<u32, u64>,
    /// The next SRTCP index, counted over all SSRCs.
    rtcp_index: u32,
}

impl Outbound {
    /// Creates the context of our sending direction from its master key and master salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`] when `key` or `salt` does not have the length that `profile` requires.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        Ok(Self {
            profile,
            rtp: Transform::derive(profile, key, salt, Protocol::Rtp)?,
            rtcp: Transform::derive(profile, key, salt, Protocol::Rtcp)?,
            newest: HashMap::new(),
            rtcp_index: 0,
        })
    }

    /// The negotiated profile.
    #[must_use]
    pub fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Protects the RTP packet `packet[..packet_len]`, whose payload begins at `header_len`, in place. `packet` must
    /// have room for the tag after `packet_len`. Returns the length with the tag, in bytes.
    ///
    /// Counts the rollovers itself: the packets of an SSRC must ascend in sequence; gaps are allowed.
    ///
    /// # Errors
    /// [`SrtpError::IndexReused`] when a packet is not newer than the last of its SSRC;
    /// [`SrtpError::KeyExhausted`]; [`SrtpError::NoRoom`], [`SrtpError::TooShort`] or [`SrtpError::Malformed`] when the
    /// buffer or a length is invalid.
    pub fn protect_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        packet_len: usize,
    ) -> Result<usize, SrtpError> {
        let header = RtpHeader::parse(packet)?;
        let newest = self.newest.get(&header.ssrc).copied();
        let index = newest.map_or(header.sequence.into(), |newest| {
            guess_index(newest, header.sequence)
        });
        if newest.is_some_and(|newest| index <= newest) {
            return Err(SrtpError::IndexReused);
        }
        if index >= INDEX_END {
            return Err(SrtpError::KeyExhausted);
        }
        let len =
            self.protect_rtp_with_index(packet, header_len, packet_len, (index >> 16) as u32)?;
        self.newest.insert(header.ssrc, index);
        Ok(len)
    }

    /// Like [`protect_rtp`](Self::protect_rtp), for a caller that counts the rollovers (`roc`) itself.
    ///
    /// It keeps no record of indices. It is therefore faster, accepts packets in any order, and can protect a packet
    /// again for retransmission.
    ///
    /// # Contract
    /// For one SSRC and extended sequence number, the packet is the same byte for byte each time, header extensions
    /// included. An SSRC is never reassigned to another stream under the same keys. An SSRC is protected either by this
    /// method or by `protect_rtp`, never by both.
    ///
    /// # Errors
    /// [`SrtpError::NoRoom`] or [`SrtpError::TooShort`] when the buffer or a length is invalid.
    #[inline]
    pub fn protect_rtp_with_index(
        &self,
        packet: &mut [u8],
        header_len: usize,
        packet_len: usize,
        roc: u32,
    ) -> Result<usize, SrtpError> {
        let &[_, _, seq1, seq0, _, _, _, _, s3, s2, s1, s0] = packet
            .first_chunk::<RTP_FIXED_LEN>()
            .ok_or(SrtpError::TooShort)?;
        if header_len < RTP_FIXED_LEN || packet_len < header_len {
            return Err(SrtpError::TooShort);
        }
        if packet.len().saturating_sub(self.profile.tag_len()) < packet_len {
            return Err(SrtpError::NoRoom);
        }
        let index = packet_index(roc, u16::from_be_bytes([seq1, seq0]));
        self.rtp.seal_rtp(
            packet,
            header_len,
            packet_len,
            u32::from_be_bytes([s3, s2, s1, s0]),
            index,
        )
    }

    /// Protects the RTCP compound `packet[..len]` in place. `packet` must have room for tag and index after `len`
    /// ([`MAX_OVERHEAD`](crate::MAX_OVERHEAD)). Returns the new length, in bytes.
    ///
    /// # Errors
    /// [`SrtpError::KeyExhausted`]; [`SrtpError::NoRoom`], [`SrtpError::TooShort`] or [`SrtpError::Malformed`] when the
    /// buffer or `len` is invalid.
    #[inline]
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let ssrc = rtcp_sender(packet)?;
        if len < RTCP_CLEAR_LEN {
            return Err(SrtpError::TooShort);
        }
        if packet.len().saturating_sub(self.profile.tag_len() + 4) < len {
            return Err(SrtpError::NoRoom);
        }
        if self.rtcp_index >= ENCRYPTED {
            return Err(SrtpError::KeyExhausted);
        }
        let len = self.rtcp.seal_rtcp(packet, len, ssrc, self.rtcp_index)?;
        self.rtcp_index += 1;
        Ok(len)
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
