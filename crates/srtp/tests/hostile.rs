//! Arbitrary bytes from the network give an error, never a panic.

mod common;
mod targets;

use common::{SSRC, pair, protect, protect_rtcp, rtcp, rtp, unprotect, unprotect_rtcp};
use hubbub_srtp::SrtpProfile;
use hubbub_wire::testdata::replay_corpus;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..100), version in any::<bool>()) {
        if let (true, Some(first)) = (version, bytes.first_mut()) {
            *first = *first & 0x3f | 0x80;
        }
        for profile in SrtpProfile::ALL {
            let (mut outbound, mut inbound) = pair(profile);
            prop_assert!(unprotect(&mut inbound, &bytes).is_err());
            prop_assert!(unprotect_rtcp(&mut inbound, &bytes).is_err());
            let mut buffer = bytes.clone();
            let _ = outbound.protect_rtp(&mut buffer, 12, bytes.len() / 2);
            let _ = outbound.protect_rtcp(&mut buffer, bytes.len() / 2);
        }
    }
}

#[test]
fn corpus_inputs_are_handled() {
    replay_corpus(&targets::TARGETS);
}

#[test]
fn truncated_packets_are_refused() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let packet = protect(&mut outbound, &rtp(SSRC, 1)).unwrap();
        for len in 0..packet.len() {
            assert!(
                unprotect(&mut inbound, &packet[..len])
                    .unwrap_err()
                    .is_remote()
            );
        }
        let packet = protect_rtcp(&mut outbound, &rtcp(SSRC)).unwrap();
        for len in 0..packet.len() {
            assert!(
                unprotect_rtcp(&mut inbound, &packet[..len])
                    .unwrap_err()
                    .is_remote()
            );
        }
    }
}
