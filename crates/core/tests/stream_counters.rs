//! What is counted of a received stream.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;

#[test]
fn every_packet_of_a_stream_is_counted_as_what_it_was() {
    let mut call = Call::video();
    let padding = |number| Packet {
        payload: Vec::new(),
        padding: 100,
        ..vp8(number, false)
    };
    call.send([vp8(10, true), vp8(11, false)]);
    // 12 is lost and repaired, 14 is lost.
    call.send([vp8(13, false), rtx(&vp8(12, false), 1), vp8(15, false)]);
    // A duplicate, padding, and a probe.
    call.send([rtx(&vp8(12, false), 2)]);
    call.send([padding(16), padding(17), rtx(&padding(18), 3)]);
    let stats = call.world.producer_stats(call.producer);
    let stream = &stats.streams[0];
    let bytes = 5 * vp8(10, true).payload.len() as u64;
    assert_eq!((stream.packets, stream.bytes), (5, bytes));
    assert_eq!((stream.key_frames, stream.repaired), (1, 1));
    assert_eq!((stream.lost, stream.dropped), (1, 4));
    assert_eq!(stream.bitrate, 8 * bytes);
}

#[test]
fn audio_has_no_key_frames() {
    let mut call = Call::new(audio(), audio_consumer(OUT_SSRC));
    call.send([Packet {
        payload_type: OPUS,
        ..vp8(1, false)
    }]);
    let stats = call.world.producer_stats(call.producer);
    assert_eq!(stats.streams[0].key_frames, 0);
}

#[test]
fn requests_for_key_frames_are_counted() {
    let mut call = Call::video();
    call.send([vp8(1, false)]);
    call.world.advance(2_500);
    let sent = call.plis().len() as u64;
    assert!(sent > 1);
    let stats = call.world.producer_stats(call.producer);
    assert_eq!((stats.plis, stats.firs), (sent, 0));
}

#[test]
fn a_client_without_pli_gets_firs() {
    let mut spec = video();
    spec.codecs[0].pli = false;
    spec.codecs[0].fir = true;
    let mut call = Call::new(spec, video_consumer(OUT_SSRC));
    call.send([vp8(1, false)]);
    call.world.advance(2_500);
    let stats = call.world.producer_stats(call.producer);
    assert_eq!(stats.plis, 0);
    assert!(stats.firs > 1, "{}", stats.firs);
}

#[test]
fn jitter_is_counted_in_microseconds() {
    let mut call = Call::video();
    // Alternately 10 ms early and late.
    for number in 0..200 {
        call.send([vp8(number, number == 0)]);
        call.world.advance(if number % 2 == 0 { 23 } else { 43 });
    }
    let jitter = &call.world.worker.counters().media.jitter_received;
    let reports: u64 = jitter.counts.iter().sum();
    let mean = jitter.sum / reports;
    assert!((5_000..11_000).contains(&mean), "{mean} µs");
}
