//! The sequence number wraps, with packet loss and reordering around the wrap.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

mod common;

use common::{SSRC, pair, protect, rtp, unprotect};
use hubbub_srtp::{MAX_OVERHEAD, SrtpProfile};

/// Protected packets with the indices 65,520 to 65,551: sequence numbers 65,520 to 65,535, then 0 to 15.
fn around_the_wrap(profile: SrtpProfile) -> Vec<Vec<u8>> {
    let (mut outbound, _) = pair(profile);
    (65_520..65_552_u32)
        .map(|index| protect(&mut outbound, &rtp(SSRC, index as u16)).unwrap())
        .collect()
}

#[test]
fn sequence_wraps_in_order() {
    for profile in SrtpProfile::ALL {
        let (_, mut inbound) = pair(profile);
        for packet in around_the_wrap(profile) {
            assert!(unprotect(&mut inbound, &packet).is_ok());
        }
    }
}

#[test]
fn sequence_wraps_while_packets_are_lost() {
    for profile in SrtpProfile::ALL {
        let (_, mut inbound) = pair(profile);
        for (i, packet) in around_the_wrap(profile).into_iter().enumerate() {
            if !(10..22).contains(&i) {
                assert!(unprotect(&mut inbound, &packet).is_ok(), "packet {i}");
            }
        }
    }
}

#[test]
fn packets_from_before_the_wrap_are_accepted_after_it() {
    for profile in SrtpProfile::ALL {
        let (_, mut inbound) = pair(profile);
        let packets = around_the_wrap(profile);
        for i in [0, 20, 15, 14, 31, 1, 16, 30] {
            assert!(unprotect(&mut inbound, &packets[i]).is_ok(), "packet {i}");
        }
    }
}

#[test]
fn rollover_counter_of_the_caller_gives_the_same_packet_as_ours() {
    let (mut counting, _) = pair(SrtpProfile::AeadAes128Gcm);
    let (given, _) = pair(SrtpProfile::AeadAes128Gcm);
    for index in 65_530..65_540_u32 {
        let plain = rtp(SSRC, index as u16);
        let mut buffer = [plain.clone(), vec![0; MAX_OVERHEAD]].concat();
        let len = given
            .protect_rtp_with_index(&mut buffer, 12, plain.len(), index >> 16)
            .unwrap();
        assert_eq!(buffer[..len], protect(&mut counting, &plain).unwrap());
    }
}

#[test]
fn sequence_wraps_many_times() {
    let (mut outbound, mut inbound) = pair(SrtpProfile::AeadAes256Gcm);
    for step in 0..100_u32 {
        let packet = protect(&mut outbound, &rtp(SSRC, (step * 20_000) as u16)).unwrap();
        assert!(unprotect(&mut inbound, &packet).is_ok(), "step {step}");
    }
}
