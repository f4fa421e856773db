//! More SSRCs than replay windows: evicted SSRCs are accepted again, but never a packet of theirs twice.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{pair, protect, protect_rtcp, rtcp, rtp, unprotect, unprotect_rtcp};
use hubbub_srtp::SrtpProfile;

const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;

/// Enough SSRCs to evict every window that is not in use.
const OTHERS: std::ops::Range<u32> = 1_000..2_000;

#[test]
fn every_ssrc_of_a_long_meeting_is_accepted() {
    let (mut outbound, mut inbound) = pair(PROFILE);
    for ssrc in 0..2_000 {
        let media = protect(&mut outbound, &rtp(ssrc, 1)).unwrap();
        assert_eq!(unprotect(&mut inbound, &media), Ok(rtp(ssrc, 1)));
        let report = protect_rtcp(&mut outbound, &rtcp(ssrc)).unwrap();
        assert_eq!(unprotect_rtcp(&mut inbound, &report), Ok(rtcp(ssrc)));
    }
}

#[test]
fn packets_of_an_evicted_ssrc_are_not_accepted_again() {
    let (mut outbound, mut inbound) = pair(PROFILE);
    let media: Vec<_> = (1..5)
        .map(|sequence| protect(&mut outbound, &rtp(7, sequence)).unwrap())
        .collect();
    let reports: Vec<_> = (1..5)
        .map(|_| protect_rtcp(&mut outbound, &rtcp(7)).unwrap())
        .collect();
    // The last packet of each arrives after the eviction.
    for (packet, report) in media.iter().zip(&reports).take(3) {
        unprotect(&mut inbound, packet).unwrap();
        unprotect_rtcp(&mut inbound, report).unwrap();
    }
    for ssrc in OTHERS {
        let packet = protect(&mut outbound, &rtp(ssrc, 1)).unwrap();
        unprotect(&mut inbound, &packet).unwrap();
        let report = protect_rtcp(&mut outbound, &rtcp(ssrc)).unwrap();
        unprotect_rtcp(&mut inbound, &report).unwrap();
    }
    let accepted = |inbound: &mut _| {
        let media = media
            .iter()
            .filter(|packet| unprotect(inbound, packet).is_ok());
        media.count()
    };
    assert_eq!(accepted(&mut inbound), 1);
    assert_eq!(accepted(&mut inbound), 0);
    let accepted = |inbound: &mut _| {
        let reports = reports
            .iter()
            .filter(|report| unprotect_rtcp(inbound, report).is_ok());
        reports.count()
    };
    assert_eq!(accepted(&mut inbound), 1);
    assert_eq!(accepted(&mut inbound), 0);
}

#[test]
fn the_rollover_counter_of_an_evicted_ssrc_continues() {
    let (mut outbound, mut inbound) = pair(PROFILE);
    for sequence in [60_000, 20_000, 50_000, 10_000] {
        let packet = protect(&mut outbound, &rtp(7, sequence)).unwrap();
        unprotect(&mut inbound, &packet).unwrap();
    }
    for ssrc in OTHERS {
        let packet = protect(&mut outbound, &rtp(ssrc, 1)).unwrap();
        unprotect(&mut inbound, &packet).unwrap();
    }
    let packet = protect(&mut outbound, &rtp(7, 10_001)).unwrap();
    assert_eq!(unprotect(&mut inbound, &packet), Ok(rtp(7, 10_001)));
}

#[test]
fn an_ssrc_in_use_is_not_evicted() {
    let (mut outbound, mut inbound) = pair(PROFILE);
    let late = protect(&mut outbound, &rtp(7, 1)).unwrap();
    for (sequence, ssrc) in (2..).zip(OTHERS) {
        for packet in [rtp(7, sequence), rtp(ssrc, 1)] {
            let packet = protect(&mut outbound, &packet).unwrap();
            unprotect(&mut inbound, &packet).unwrap();
        }
    }
    // Only a window knows that this packet has not arrived yet.
    assert_eq!(unprotect(&mut inbound, &late), Ok(rtp(7, 1)));
}
