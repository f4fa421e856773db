//! Packets and SRTP contexts shared by the tests.
#![allow(dead_code, reason = "each test file uses only some of the helpers")]
#![allow(clippy::unwrap_used, reason = "test helpers")]

use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpError, SrtpProfile};

pub(crate) const SSRC: u32 = 0xcafe_babe;

/// The sending and the receiving context of one direction.
pub(crate) fn pair(profile: SrtpProfile) -> (Outbound, Inbound) {
    let (key, salt) = (
        vec![0x3c; profile.key_len()],
        vec![0xa5; profile.salt_len()],
    );
    (
        Outbound::new(profile, &key, &salt).unwrap(),
        Inbound::new(profile, &key, &salt).unwrap(),
    )
}

/// An RTP packet without CSRCs and extension: a 12-byte header and a payload that depends on the sequence number.
pub(crate) fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 1]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..40).map(|i| (sequence as u8).wrapping_add(i)));
    packet
}

/// A receiver report.
pub(crate) fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(0..24);
    packet
}

/// Protects an RTP packet whose header is 12 bytes long.
pub(crate) fn protect(outbound: &mut Outbound, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = [packet, &[0; MAX_OVERHEAD]].concat();
    let len = outbound.protect_rtp(&mut buffer, 12, packet.len())?;
    buffer.truncate(len);
    Ok(buffer)
}

/// Protects an RTCP compound.
pub(crate) fn protect_rtcp(outbound: &mut Outbound, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = [packet, &[0; MAX_OVERHEAD]].concat();
    let len = outbound.protect_rtcp(&mut buffer, packet.len())?;
    buffer.truncate(len);
    Ok(buffer)
}

/// Unprotects an SRTP packet.
pub(crate) fn unprotect(inbound: &mut Inbound, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    let len = inbound.unprotect_rtp(&mut buffer)?;
    buffer.truncate(len);
    Ok(buffer)
}

/// Unprotects an SRTCP compound.
pub(crate) fn unprotect_rtcp(inbound: &mut Inbound, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    let len = inbound.unprotect_rtcp(&mut buffer)?;
    buffer.truncate(len);
    Ok(buffer)
}
