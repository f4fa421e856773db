//! Switches between simulcast layers whose senders' clocks are known.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::Received;
use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, layer_frame};
use crate::common::specs::*;
use hubbub_wire::NtpTime;

/// The sender's NTP time at frame [`REPORTED`].
const NTP: NtpTime = NtpTime(7_000 << 32);
const REPORTED: u16 = 10;
/// NTP units (32.32) per frame of 3000 ticks at 90 kHz.
const FRAME_NTP: u64 = (1 << 32) / 30;

/// A call in which layer 0 is forwarded up to frame 10, and the receiver has got a sender report. Layer 2 has started without
/// a key frame.
fn call_before_switch() -> (Call, Vec<Received>) {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    for number in 0..REPORTED {
        call.send([layer_frame(0, number, number == 0)]);
        call.world.advance(33);
    }
    call.send([0, 2].map(|layer| layer_frame(layer, REPORTED, false)));
    let before = call.received();
    for layer in [0, 2] {
        let timestamp = layer_frame(layer, REPORTED, false).timestamp;
        call.report_clock(LAYER_SSRC + u32::from(layer), NTP, timestamp);
    }
    call.world.advance(10);
    assert_eq!(call.sender_reports().len(), 1);
    (call, before)
}

/// Layer 2 takes over with the next frame, which the network delays. Returns that frame.
fn switch(call: &mut Call) -> Received {
    call.world.advance(150);
    call.send([layer_frame(2, REPORTED + 1, true)]);
    let mut received = call.received();
    assert_eq!(received.len(), 1);
    received.remove(0)
}

#[test]
fn the_step_of_the_timestamp_is_the_time_between_the_captures() {
    let (mut call, before) = call_before_switch();
    let last = before[before.len() - 1].rtp().timestamp();
    let first = switch(&mut call);
    let step = first.rtp().timestamp().wrapping_sub(last);
    assert!(step.abs_diff(3_000) <= 1, "a step of {step}");
}

#[test]
fn a_sender_report_on_the_new_layers_clock_follows_at_once() {
    let (mut call, _) = call_before_switch();
    let first = switch(&mut call);
    call.world.advance(10);
    let reports = call.sender_reports();
    assert_eq!(reports.len(), 1);
    let since_capture = reports[0].ntp.0.wrapping_sub(NTP.0 + FRAME_NTP);
    let expected = (since_capture * 90_000) >> 32;
    let timestamp = first.rtp().timestamp();
    let ticks = reports[0].rtp_timestamp.wrapping_sub(timestamp);
    assert!(
        u64::from(ticks).abs_diff(expected) <= 2,
        "{ticks} instead of {expected} ticks"
    );
}

#[test]
fn a_retransmission_has_timestamp_and_picture_id_of_its_original() {
    let (mut call, _) = call_before_switch();
    let first = switch(&mut call);
    call.nack(&[first.rtp().sequence_number()]);
    let repairs = call.received();
    assert_eq!(repairs.len(), 1);
    assert_eq!(repairs[0].rtp().ssrc(), OUT_SSRC + 1);
    assert_eq!(repairs[0].rtp().timestamp(), first.rtp().timestamp());
    assert_eq!(repairs[0].rtp().payload()[2..], *first.rtp().payload());
}

#[test]
fn packets_from_before_the_switch_are_not_retransmitted() {
    let (mut call, before) = call_before_switch();
    switch(&mut call);
    call.nack(&[before[before.len() - 1].rtp().sequence_number()]);
    assert_eq!(call.received(), []);
    assert_eq!(call.world.consumer_stats(call.consumer).nack_misses, 1);
}
