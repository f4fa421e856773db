//! The protection of a transport's packets: SRTP, or none on a plain transport in a trusted network.

use hubbub_srtp::{SrtpError, SrtpProfile};

/// Of what the other side sends.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most transports have the large one, and a box would cost a load per packet"
)]
pub(crate) enum Inbound {
    Srtp(hubbub_srtp::Inbound),
    Clear,
}

/// Of what we send.
#[derive(Debug)]
pub(crate) enum Outbound {
    Srtp(hubbub_srtp::Outbound),
    Clear,
}

impl Inbound {
    /// `material`: key, then salt.
    pub(crate) fn srtp(profile: SrtpProfile, material: &[u8]) -> Result<Self, SrtpError> {
        let (key, salt) = profile.split_key_salt(material)?;
        hubbub_srtp::Inbound::new(profile, key, salt).map(Self::Srtp)
    }

    /// Authenticates and decrypts an RTP packet in place. Returns its length.
    pub(crate) fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match self {
            Self::Srtp(srtp) => srtp.unprotect_rtp(packet),
            Self::Clear => Ok(packet.len()),
        }
    }

    /// Authenticates and decrypts an RTCP compound in place. Returns its length.
    pub(crate) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match self {
            Self::Srtp(srtp) => srtp.unprotect_rtcp(packet),
            Self::Clear => Ok(packet.len()),
        }
    }
}

impl Outbound {
    /// `material`: key, then salt.
    pub(crate) fn srtp(profile: SrtpProfile, material: &[u8]) -> Result<Self, SrtpError> {
        let (key, salt) = profile.split_key_salt(material)?;
        hubbub_srtp::Outbound::new(profile, key, salt).map(Self::Srtp)
    }

    /// Whether packets are sent without protection.
    pub(crate) const fn is_clear(&self) -> bool {
        matches!(self, Self::Clear)
    }

    /// Bytes that protection adds to an RTP packet.
    pub(crate) fn tag_len(&self) -> usize {
        match self {
            Self::Srtp(srtp) => srtp.profile().tag_len(),
            Self::Clear => 0,
        }
    }

    /// As [`hubbub_srtp::Outbound::protect_rtp`].
    pub(crate) fn protect_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        packet_len: usize,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Srtp(srtp) => srtp.protect_rtp(packet, header_len, packet_len),
            Self::Clear => Ok(packet_len),
        }
    }

    /// As [`hubbub_srtp::Outbound::protect_rtp_with_index`].
    pub(crate) fn protect_rtp_with_index(
        &self,
        packet: &mut [u8],
        header_len: usize,
        packet_len: usize,
        roc: u32,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Srtp(srtp) => srtp.protect_rtp_with_index(packet, header_len, packet_len, roc),
            Self::Clear => Ok(packet_len),
        }
    }

    /// As [`hubbub_srtp::Outbound::protect_rtcp`].
    pub(crate) fn protect_rtcp(
        &mut self,
        packet: &mut [u8],
        len: usize,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Srtp(srtp) => srtp.protect_rtcp(packet, len),
            Self::Clear => Ok(len),
        }
    }
}
