//! The fuzz target of this crate. `crates/fuzz` runs it with coverage guidance.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each user runs only some of them"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpProfile};
use hubbub_wire::rtp::RtpHeader;
use hubbub_wire::testdata::FuzzTarget;

/// The targets by the name of their corpus.
pub const TARGETS: [FuzzTarget; 1] = [("unprotect", unprotect)];

/// Unprotects the packets of a stream as they are, then protected and unprotected again: intact packets must come out as
/// they went in, and damaged ones must be refused.
///
/// The first byte of the input selects the profile. Each packet has a length of one byte, and a byte that selects RTP or RTCP
/// and the damage.
pub fn unprotect(input: &[u8]) {
    let Some((profile, mut rest)) = input.split_first() else {
        return;
    };
    let profile = SrtpProfile::ALL[usize::from(*profile) % SrtpProfile::ALL.len()];
    let (key, salt) = (
        vec![0x3c; profile.key_len()],
        vec![0xa5; profile.salt_len()],
    );
    let mut outbound = Outbound::new(profile, &key, &salt).unwrap();
    let mut inbound = Inbound::new(profile, &key, &salt).unwrap();
    while let [len, control, after @ ..] = rest {
        let (packet, after) = after.split_at(after.len().min((*len).into()));
        rest = after;
        let is_rtcp = control & 1 != 0;
        let mut open = |packet: &mut [u8]| {
            if is_rtcp {
                inbound.unprotect_rtcp(packet)
            } else {
                inbound.unprotect_rtp(packet)
            }
        };
        assert!(
            open(&mut packet.to_vec()).is_err(),
            "a forged packet passed"
        );
        let mut buffer = [packet, &[0; MAX_OVERHEAD]].concat();
        let protected = if is_rtcp {
            outbound.protect_rtcp(&mut buffer, packet.len())
        } else {
            let header_len = RtpHeader::parse(packet).map_or(0, |header| header.len);
            outbound.protect_rtp(&mut buffer, header_len, packet.len())
        };
        // Outbound packets are our own, so they are refused only if they repeat a number or are too short.
        let Ok(protected) = protected else {
            continue;
        };
        buffer.truncate(protected);
        let damaged = usize::from(control >> 1);
        if let Some(byte) = buffer.get_mut(damaged).filter(|_| damaged > 0) {
            *byte ^= 1;
            assert!(open(&mut buffer).is_err(), "a damaged packet passed");
        } else if let Ok(len) = open(&mut buffer) {
            assert_eq!(&buffer[..len], packet);
        }
    }
}
