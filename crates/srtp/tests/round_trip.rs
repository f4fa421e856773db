//! The receiver reads the packets that the sender protects, and invalid calls are refused.

mod common;

use common::{SSRC, pair, protect, protect_rtcp, rtcp, rtp, unprotect, unprotect_rtcp};
use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpError, SrtpProfile};

#[test]
fn protected_rtp_is_unprotected_by_the_receiver() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let plain = rtp(SSRC, 7);
        let protected = protect(&mut outbound, &plain).unwrap();
        assert_eq!(protected.len(), plain.len() + profile.tag_len());
        assert_ne!(protected[12..plain.len()], plain[12..]);
        assert_eq!(unprotect(&mut inbound, &protected), Ok(plain));
    }
}

#[test]
fn protected_rtcp_is_unprotected_by_the_receiver() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        for _ in 0..3 {
            let protected = protect_rtcp(&mut outbound, &rtcp(SSRC)).unwrap();
            assert_eq!(protected.len(), rtcp(SSRC).len() + profile.tag_len() + 4);
            assert_eq!(unprotect_rtcp(&mut inbound, &protected), Ok(rtcp(SSRC)));
        }
    }
}

#[test]
fn packet_without_payload_is_unprotected_by_the_receiver() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let plain = &rtp(SSRC, 7)[..12];
        let protected = protect(&mut outbound, plain).unwrap();
        assert_eq!(unprotect(&mut inbound, &protected).unwrap(), plain);
    }
}

#[test]
fn header_with_a_long_extension_is_left_in_clear() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let header_len = 12 + 4 + 4 * 260;
        let mut plain = rtp(SSRC, 7);
        let payload = plain.split_off(12);
        plain[0] |= 0x10;
        plain.extend([0xbe, 0xde, 1, 4]);
        plain.resize(header_len, 0);
        plain.extend(payload);
        let mut protected = [plain.as_slice(), &[0; MAX_OVERHEAD]].concat();
        let len = outbound.protect_rtp(&mut protected, header_len, plain.len());
        protected.truncate(len.unwrap());
        assert_eq!(protected[..header_len], plain[..header_len]);
        assert_eq!(unprotect(&mut inbound, &protected), Ok(plain));
    }
}

#[test]
fn retransmitted_packet_is_identical() {
    for profile in SrtpProfile::ALL {
        let (outbound, _) = pair(profile);
        let protect = || {
            let mut buffer = [rtp(SSRC, 7), vec![0; MAX_OVERHEAD]].concat();
            let len = outbound
                .protect_rtp_with_index(&mut buffer, 12, 52, 3)
                .unwrap();
            buffer[..len].to_vec()
        };
        assert_eq!(protect(), protect());
    }
}

#[test]
fn reused_index_is_refused() {
    let (mut outbound, _) = pair(SrtpProfile::AeadAes128Gcm);
    protect(&mut outbound, &rtp(SSRC, 7)).unwrap();
    assert_eq!(
        protect(&mut outbound, &rtp(SSRC, 7)),
        Err(SrtpError::IndexReused)
    );
    assert_eq!(
        protect(&mut outbound, &rtp(SSRC, 6)),
        Err(SrtpError::IndexReused)
    );
    assert!(protect(&mut outbound, &rtp(SSRC + 1, 7)).is_ok());
    assert!(protect(&mut outbound, &rtp(SSRC, 8)).is_ok());
}

#[test]
fn buffer_without_room_for_the_tag_is_refused() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, _) = pair(profile);
        let mut packet = [rtp(SSRC, 7), vec![0; profile.tag_len() - 1]].concat();
        assert_eq!(
            outbound.protect_rtp(&mut packet, 12, 52),
            Err(SrtpError::NoRoom)
        );
        let mut compound = [rtcp(SSRC), vec![0; profile.tag_len() + 3]].concat();
        assert_eq!(
            outbound.protect_rtcp(&mut compound, 32),
            Err(SrtpError::NoRoom)
        );
    }
}

#[test]
fn buffer_with_just_enough_room_suffices() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, _) = pair(profile);
        let mut packet = [rtp(SSRC, 7), vec![0; profile.tag_len()]].concat();
        let len = packet.len();
        assert_eq!(outbound.protect_rtp(&mut packet, 12, 52), Ok(len));
    }
}

#[test]
fn rtcp_of_a_sender_alone_is_unprotected_by_the_receiver() {
    for profile in SrtpProfile::ALL {
        let (mut outbound, mut inbound) = pair(profile);
        let plain = &rtcp(SSRC)[..8];
        let protected = protect_rtcp(&mut outbound, plain).unwrap();
        assert_eq!(unprotect_rtcp(&mut inbound, &protected).unwrap(), plain);
    }
}

#[test]
fn contradictory_lengths_are_refused() {
    let (mut outbound, _) = pair(SrtpProfile::AeadAes128Gcm);
    let mut packet = [rtp(SSRC, 7), vec![0; MAX_OVERHEAD]].concat();
    assert_eq!(
        outbound.protect_rtp(&mut packet, 11, 52),
        Err(SrtpError::TooShort)
    );
    assert_eq!(
        outbound.protect_rtp(&mut packet, 53, 52),
        Err(SrtpError::TooShort)
    );
    assert_eq!(
        outbound.protect_rtp(&mut packet, 12, usize::MAX),
        Err(SrtpError::NoRoom)
    );
    assert!(!SrtpError::NoRoom.is_remote());
    assert_eq!(
        outbound.protect_rtcp(&mut packet, 7),
        Err(SrtpError::TooShort)
    );
}

#[test]
fn key_or_salt_with_the_wrong_length_is_refused() {
    for profile in SrtpProfile::ALL {
        let (key, salt) = (vec![0; profile.key_len()], vec![0; profile.salt_len()]);
        assert_eq!(
            Outbound::new(profile, &key[1..], &salt).unwrap_err(),
            SrtpError::KeyLength
        );
        assert_eq!(
            Inbound::new(profile, &key, &salt[1..]).unwrap_err(),
            SrtpError::KeyLength
        );
    }
}
