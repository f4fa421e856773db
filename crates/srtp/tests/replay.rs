//! A packet is accepted once, and an unauthentic packet does not change the state.

mod common;

use common::{SSRC, pair, protect, protect_rtcp, rtcp, rtp, unprotect, unprotect_rtcp};
use hubbub_srtp::{MAX_STREAMS, SrtpError, SrtpProfile};

#[test]
fn replayed_rtp_is_refused() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let packets: Vec<_> = (1..5)
            .map(|sequence| protect(&mut outbound, &rtp(SSRC, sequence)).unwrap())
            .collect();
        for packet in &packets {
            assert!(unprotect(&mut inbound, packet).is_ok());
        }
        for packet in &packets {
            assert_eq!(unprotect(&mut inbound, packet), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn replayed_rtcp_is_refused() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let packet = protect_rtcp(&mut outbound, &rtcp(SSRC)).unwrap();
        assert!(unprotect_rtcp(&mut inbound, &packet).is_ok());
        assert_eq!(
            unprotect_rtcp(&mut inbound, &packet),
            Err(SrtpError::Replayed)
        );
    }
}

#[test]
fn every_byte_of_rtp_is_authenticated_and_a_forgery_does_not_change_the_state() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        assert!(
            unprotect(
                &mut inbound,
                &protect(&mut outbound, &rtp(SSRC, 1)).unwrap()
            )
            .is_ok()
        );
        let genuine = protect(&mut outbound, &rtp(SSRC, 2)).unwrap();
        for at in 0..genuine.len() {
            let mut forged = genuine.clone();
            forged[at] ^= 0x40;
            assert!(
                unprotect(&mut inbound, &forged).unwrap_err().is_remote(),
                "byte {at}"
            );
        }
        assert_eq!(unprotect(&mut inbound, &genuine), Ok(rtp(SSRC, 2)));
    }
}

#[test]
fn every_byte_of_rtcp_is_authenticated_and_a_forgery_does_not_change_the_state() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let genuine = protect_rtcp(&mut outbound, &rtcp(SSRC)).unwrap();
        for at in 0..genuine.len() {
            let mut forged = genuine.clone();
            forged[at] ^= 0x40;
            assert!(
                unprotect_rtcp(&mut inbound, &forged)
                    .unwrap_err()
                    .is_remote(),
                "byte {at}"
            );
        }
        assert_eq!(unprotect_rtcp(&mut inbound, &genuine), Ok(rtcp(SSRC)));
    }
}

#[test]
fn forged_sequence_number_does_not_change_the_rollover_counter() {
    let (mut outbound, mut inbound) = pair(SrtpProfile::AeadAes128Gcm);
    assert!(
        unprotect(
            &mut inbound,
            &protect(&mut outbound, &rtp(SSRC, 60_000)).unwrap()
        )
        .is_ok()
    );
    let mut forged = protect(&mut outbound, &rtp(SSRC, 60_001)).unwrap();
    forged[2..4].copy_from_slice(&100_u16.to_be_bytes());
    assert_eq!(
        unprotect(&mut inbound, &forged),
        Err(SrtpError::AuthenticationFailed)
    );
    assert!(
        unprotect(
            &mut inbound,
            &protect(&mut outbound, &rtp(SSRC, 60_002)).unwrap()
        )
        .is_ok()
    );
}

#[test]
fn unencrypted_rtcp_is_refused() {
    let (mut outbound, mut inbound) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = protect_rtcp(&mut outbound, &rtcp(SSRC)).unwrap();
    let at = packet.len() - 4;
    packet[at] &= 0x7f;
    assert_eq!(
        unprotect_rtcp(&mut inbound, &packet),
        Err(SrtpError::Unencrypted)
    );
}

#[test]
fn unauthentic_packets_create_no_streams() {
    let (mut outbound, mut inbound) = pair(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..2 * MAX_STREAMS as u32 {
        assert_eq!(
            unprotect(&mut inbound, &rtp(ssrc, 1)),
            Err(SrtpError::AuthenticationFailed)
        );
    }
    assert!(
        unprotect(
            &mut inbound,
            &protect(&mut outbound, &rtp(SSRC, 1)).unwrap()
        )
        .is_ok()
    );
}
