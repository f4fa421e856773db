//! The clock of sender reports to receivers when the sender sends none.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::vp8;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::WorkerConfig;
use hubbub_wire::NtpTime;

/// Unix time at the start of the worker's clock, microseconds.
const WALL_CLOCK_US: u64 = 1_800_000_000_000_000;

fn call() -> Call {
    let mut world = World::with(WorkerConfig {
        wall_clock_us: WALL_CLOCK_US,
        ..World::config()
    });
    let sender = Client::connected(&mut world, 1);
    let receiver = Client::connected(&mut world, 2);
    let producer = produce(&mut world, sender.transport, 1, video());
    let spec = video_consumer(OUT_SSRC);
    let consumer = consume_running(&mut world, receiver.transport, producer, 1, spec);
    Call {
        world,
        sender,
        receiver,
        producer,
        consumer,
    }
}

/// Sends a frame every 100 ms.
fn send_for(call: &mut Call, frames: std::ops::Range<u16>) {
    for number in frames {
        call.send([vp8(number, number == 0)]);
        call.world.advance(100);
    }
}

#[test]
fn after_five_seconds_without_a_report_of_the_sender_ours_use_our_clock() {
    let mut call = call();
    call.send([vp8(0, true)]);
    let first = call.received()[0].rtp().timestamp();
    let start = NtpTime::from_unix_micros(WALL_CLOCK_US + call.world.now.0);
    send_for(&mut call, 1..50);
    assert_eq!(call.sender_reports(), []);
    send_for(&mut call, 50..70);
    let reports = call.sender_reports();
    assert_eq!(reports.len(), 2);
    for report in reports {
        let expected = ((report.ntp.0 - start.0) * 90_000) >> 32;
        let ticks = u64::from(report.rtp_timestamp.wrapping_sub(first));
        assert!(expected >= 5 * 90_000);
        assert!(ticks.abs_diff(expected) <= 1, "{ticks} and {expected}");
    }
}
