//! Long pauses and jumps of a sender's RTP clock: timestamps towards receivers never go back.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::Received;
use crate::common::call::Call;
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;
use hubbub_core::api::Command;
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{RtcpPacket, SenderInfo, SenderReportBuilder};

const HOUR: u64 = 3_600_000_000;
const HOUR_TICKS: u32 = 3_600 * 90_000;

/// A packet whose RTP clock is ahead of that of [`vp8`].
fn shifted(number: u16, is_key_frame: bool, ticks: u32) -> Packet<'static> {
    let packet = vp8(number, is_key_frame);
    Packet {
        timestamp: packet.timestamp.wrapping_add(ticks),
        ..packet
    }
}

/// Lets this time pass without a timeout of the clients.
fn skip_time(call: &mut Call, micros: u64) {
    call.world.now = call.world.now.plus(micros);
    call.sender.check(&mut call.world, true);
    call.receiver.check(&mut call.world, true);
    call.world.advance(10);
    call.received();
}

/// Sends a packet and waits for the next.
fn send(call: &mut Call, packet: Packet<'static>) -> Vec<Received> {
    call.send([packet]);
    let received = call.received();
    call.world.advance(33);
    received
}

/// The step between the timestamps of two packets, as a receiver sees it.
fn step(earlier: &Received, later: &Received) -> i32 {
    let (earlier, later) = (earlier.rtp().timestamp(), later.rtp().timestamp());
    later.wrapping_sub(earlier) as i32
}

#[test]
fn time_advances_over_a_pause_of_seven_hours() {
    let mut call = Call::video();
    let consumer = call.consumer;
    let before = send(&mut call, vp8(1, true));
    call.world.execute(Command::PauseConsumer { consumer });
    // The source continues meanwhile.
    for hour in 1..=7 {
        skip_time(&mut call, HOUR);
        send(
            &mut call,
            shifted(1 + hour, false, u32::from(hour) * HOUR_TICKS),
        );
    }
    call.world.execute(Command::ResumeConsumer { consumer });
    let ticks = 7u32.wrapping_mul(HOUR_TICKS);
    let resumed = send(&mut call, shifted(9, true, ticks));
    let next = send(&mut call, shifted(10, false, ticks));
    assert!(step(&before[0], &resumed[0]) > 0);
    assert_eq!(step(&resumed[0], &next[0]), 3_000);
}

#[test]
fn after_a_pause_the_step_is_that_of_the_source_however_long_the_packet_took() {
    let mut call = Call::video();
    let consumer = call.consumer;
    let before = send(&mut call, vp8(1, true));
    call.world.execute(Command::PauseConsumer { consumer });
    call.world.advance(700);
    call.world.execute(Command::ResumeConsumer { consumer });
    let resumed = send(&mut call, vp8(11, true));
    assert_eq!(step(&before[0], &resumed[0]), 10 * 3_000);
}

#[test]
fn time_advances_over_a_silence_of_seven_hours() {
    let mut call = Call::video();
    let before = send(&mut call, vp8(1, true));
    skip_time(&mut call, 7 * HOUR);
    let ticks = 7u32.wrapping_mul(HOUR_TICKS);
    let after = send(&mut call, shifted(2, false, ticks));
    let next = send(&mut call, shifted(3, false, ticks));
    assert!(step(&before[0], &after[0]) > 0);
    assert_eq!(step(&after[0], &next[0]), 3_000);
}

#[test]
fn a_jump_of_the_senders_clock_is_hidden() {
    for hours in [-2, 2] {
        let jump = (hours * i64::from(HOUR_TICKS)) as u32;
        let mut call = Call::video();
        let mut received = Vec::new();
        received.extend(send(&mut call, vp8(1, true)));
        received.extend(send(&mut call, vp8(2, false)));
        for number in 3..6 {
            received.extend(send(&mut call, shifted(number, false, jump)));
        }
        let steps: Vec<_> = received
            .windows(2)
            .map(|pair| step(&pair[0], &pair[1]))
            .collect();
        assert_eq!(steps, [3_000; 4], "{hours} hours");
        let stats = call.world.producer_stats(call.producer);
        let jitter = stats.streams[0].jitter;
        assert!(jitter < 100, "a jitter of {jitter}");
    }
}

#[test]
fn a_repaired_packet_from_before_a_jump_is_not_sent_after_it() {
    let mut call = Call::video();
    send(&mut call, vp8(1, true));
    let before = send(&mut call, vp8(2, false));
    let jump = 0u32.wrapping_sub(HOUR_TICKS);
    let after = send(&mut call, shifted(4, false, jump));
    assert_eq!(send(&mut call, rtx(&vp8(3, false), 1)), []);
    let next = send(&mut call, shifted(5, false, jump));
    assert!(step(&before[0], &after[0]) > 0);
    assert_eq!(step(&after[0], &next[0]), 3_000);
}

#[test]
fn sender_reports_follow_the_jump() {
    let mut call = Call::video();
    let jump = 0u32.wrapping_sub(HOUR_TICKS);
    let report = |call: &mut Call, rtp_timestamp, seconds: u64| {
        let info = SenderInfo {
            ntp: NtpTime(seconds << 32),
            rtp_timestamp,
            ..SenderInfo::default()
        };
        call.sender.send_rtcp(
            &mut call.world,
            &SenderReportBuilder {
                ssrc: SSRC,
                info,
                blocks: &[],
            },
        );
    };
    send(&mut call, vp8(1, true));
    report(&mut call, vp8(1, true).timestamp, 7_000);
    call.world.advance(1_000);
    call.receiver.take(&mut call.world);
    send(&mut call, shifted(2, false, jump));
    call.world.advance(1_500);
    let reports = |call: &mut Call| {
        call.receiver
            .take_rtcp(&mut call.world, |packet| match packet {
                RtcpPacket::SenderReport(report) => Some(report.info),
                _ => None,
            })
    };
    // The reports from before the jump are no longer valid.
    assert_eq!(reports(&mut call).len(), 0);
    report(&mut call, shifted(3, false, jump).timestamp, 7_100);
    call.world.advance(10);
    let info = reports(&mut call)[0];
    let sent = send(&mut call, shifted(3, false, jump));
    let age = (info.ntp.0.wrapping_sub(7_100 << 32) * 90_000) >> 32;
    let ticks = info.rtp_timestamp.wrapping_sub(sent[0].rtp().timestamp());
    assert!(
        u64::from(ticks).abs_diff(age) <= 1,
        "{ticks} and {age} ticks"
    );
}
