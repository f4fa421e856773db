//! Layers follow the bandwidth of the receiver's link, with fixed seeds: equal code gives equal figures.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::Histogram;
use hubbub_core::api::{EncodingSpec, ProducerSpec};

use crate::common::call::OUT_SSRC;
use crate::common::media::{Packet, vp8, vp8_frame};
use crate::common::network::{NetworkCall, Returned, TOP};
use crate::common::specs::*;
use crate::common::{Client, World};

const SEEDS: [u64; 2] = [1, 2];

fn percentile_95(samples: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = samples.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() * 95 / 100]
}

#[test]
fn at_a_cliff_layers_fall_at_once_and_return_soon() {
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 4_000), (20, 1_000), (40, 4_000)], 0.0, seed);
        call.run(50);
        assert!(
            call.between(15.0, 20.0).any(|sample| sample.layer == TOP),
            "{seed}: the top layer before the cliff"
        );
        let lower = call.first(20.0, |sample| sample.forwarded < TOP);
        let delay = percentile_95(call.between(21.0, 40.0).map(|sample| sample.delay));
        let freeze = call.between(20.0, 40.0).map(|sample| sample.gap);
        let freeze = freeze.fold(0.0, f64::max);
        let estimate = call.between(20.0, 25.0).last().map(|last| last.estimate);
        let best = call
            .between(25.0, 40.0)
            .filter(|sample| sample.layer.is_some_and(|layer| layer.0 == 1))
            .count();
        let top = call.first(40.0, |sample| {
            sample.layer.is_some_and(|layer| layer.0 == 2)
        });
        let figures = format!(
            "{seed}: lower after {lower:?} s, delay {delay} ms, freeze {freeze} ms, estimate {estimate:?}, best {best} of 150, top after {top:?} s"
        );
        assert!(lower.is_some_and(|after| after <= 0.5), "{figures}");
        assert!(delay < 200.0, "{figures}");
        assert!(freeze <= 1_000.0, "{figures}");
        assert!(estimate >= Some(900_000), "{figures}");
        assert!(best >= 140, "{figures}");
        assert!(top.is_some_and(|after| after <= 8.0), "{figures}");
    }
}

#[test]
fn everything_paused_recovers_by_probes() {
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 60), (20, 4_000)], 0.0, seed);
        call.run(36);
        let paused = call.between(10.0, 20.0).filter(|sample| sample.paused);
        let paused = paused.count();
        let top = call.first(20.0, |sample| sample.layer == TOP);
        assert!(paused > 50, "{seed}: {paused}");
        assert!(top.is_some_and(|after| after <= 15.0), "{seed}: {top:?}");
    }
}

#[test]
fn random_loss_of_10_percent_leaves_90_percent_of_the_payload() {
    for seed in SEEDS {
        let goodput = |loss| {
            let mut call = NetworkCall::new(&[(0, 5_000)], loss, seed);
            call.run(40);
            call.goodput(20.0, 40.0)
        };
        let (lossy, lossless) = (goodput(0.1), goodput(0.0));
        assert!(lossy / lossless >= 0.9, "{seed}: {lossy} of {lossless}");
    }
}

#[test]
fn probes_repeat_packets_that_the_client_has() {
    let mut call = NetworkCall::new(&[(0, 10_000)], 0.0, 1);
    call.run(10);
    call.repeated.sort_unstable();
    call.repeated.dedup();
    assert!(call.repeated.len() >= 10, "{:?}", call.repeated);
}

#[test]
fn padding_goes_on_a_stream_with_rtx() {
    let mut unrepaired = without_rtx(OUT_SSRC + 10);
    unrepaired.codecs[0].nack = false;
    for other in [without_rtx(OUT_SSRC + 10), unrepaired] {
        let mut world = World::with(World::following());
        let sender = Client::connected(&mut world, 1);
        let mut receiver = Client::connected(&mut world, 2);
        let camera = produce(&mut world, sender.transport, 1, video());
        let to = receiver.transport;
        let specs = [video_consumer(OUT_SSRC), other];
        for (spec, number) in specs.into_iter().zip(1..) {
            consume_running(&mut world, to, camera, number, spec);
        }
        world.advance(100);
        let padding = receiver.take_rtp(&mut world);
        assert!(!padding.is_empty());
        for packet in padding {
            let rtp = packet.rtp();
            assert_eq!((rtp.ssrc(), rtp.payload()), (OUT_SSRC + 1, &[][..]));
            assert_eq!(rtp.payload_type(), OUT_VP8_RTX);
        }
    }
}

#[test]
fn nothing_is_probed_once_all_that_is_wanted_is_forwarded() {
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 10_000)], 0.0, seed);
        call.run(20);
        let padding: u64 = call.between(10.0, 20.0).map(|sample| sample.padding).sum();
        assert_eq!(padding, 0, "{seed}");
        assert!(
            call.between(10.0, 20.0)
                .all(|sample| sample.layer.is_some_and(|layer| layer.0 == 2))
        );
    }
}

#[test]
fn a_burst_is_spread_without_gaps_and_audio_overtakes_it() {
    const PARTS: u16 = 120;
    const RATE: u64 = 2_000_000;
    const AUDIO: u32 = 77;
    let mut world = World::with(World::with_estimate(RATE));
    let mut sender = Client::connected(&mut world, 1);
    let mut receiver = Client::connected(&mut world, 2);
    let camera = produce(&mut world, sender.transport, 1, video());
    let spec = ProducerSpec {
        mid: Some("1".into()),
        encodings: vec![EncodingSpec {
            ssrc: Some(AUDIO),
            ..EncodingSpec::default()
        }],
        ..audio()
    };
    let microphone = produce(&mut world, sender.transport, 2, spec);
    let to = receiver.transport;
    consume_running(&mut world, to, camera, 1, video_consumer(OUT_SSRC));
    consume_running(&mut world, to, microphone, 2, audio_consumer(OUT_SSRC + 10));

    for packet in vp8_frame(1, 1, PARTS, true) {
        sender.send(&mut world, &packet.bytes());
    }
    let mut received = receiver.take_rtp(&mut world);
    let at_once = received.len();
    assert!((10..60).contains(&at_once), "{at_once} packets at once");
    let speech = Packet {
        ssrc: AUDIO,
        payload_type: OPUS,
        ..vp8(1, false)
    };
    sender.send(&mut world, &speech.bytes());
    let overtaking = receiver.take_rtp(&mut world);
    assert_eq!(overtaking.len(), 1);
    assert_eq!(overtaking[0].rtp().ssrc(), OUT_SSRC + 10);

    world.advance(60);
    received.extend(receiver.take_rtp(&mut world));
    assert_eq!(received.len(), usize::from(PARTS));
    let transport_wide = |packet: &crate::common::Received| {
        let value = packet.rtp().extension(OUT_TRANSPORT_CC).map(<[u8]>::to_vec);
        value.map(|value| u16::from_be_bytes([value[0], value[1]]))
    };
    for pair in received.windows(2) {
        let step = pair[1]
            .rtp()
            .sequence_number()
            .wrapping_sub(pair[0].rtp().sequence_number());
        assert_eq!(step, 1);
        let numbers = [transport_wide(&pair[0]), transport_wide(&pair[1])];
        assert_eq!(numbers[1], numbers[0].map(|number| number + 1));
    }
}

#[test]
fn the_remb_of_a_client_without_transport_wide_feedback_limits_the_layers() {
    for seed in SEEDS {
        let returned = Returned::Reports {
            remb: Some(900_000),
        };
        let mut call = NetworkCall::with(&[(0, 20_000)], 0.0, seed, returned);
        call.run(20);
        let layers: Vec<_> = call.between(5.0, 20.0).map(|sample| sample.layer).collect();
        let is_middle = |layer: &Option<(u8, u8)>| layer.is_some_and(|layer| layer.0 == 1);
        assert!(layers.iter().all(is_middle), "{seed}: {layers:?}");
        let known = call
            .between(5.0, 20.0)
            .all(|sample| sample.estimate == 900_000);
        assert!(known, "{seed}");
        let recorded = &call.world.worker.counters().media.estimate_sent;
        let count: u64 = recorded.counts.iter().sum();
        assert!(count > 10, "{seed}: {count}");
        assert_eq!(recorded.sum, count * 900_000);
    }
}

#[test]
fn what_the_estimate_is_used_for_is_counted_with_it() {
    let returned = Returned::Reports {
        remb: Some(900_000),
    };
    let mut call = NetworkCall::with(&[(0, 20_000)], 0.0, 1, returned);
    call.run(10);
    let before = call.world.worker.counters().media;
    call.run(10);
    let after = call.world.worker.counters().media;
    let number = |histogram: &Histogram| histogram.counts.iter().sum::<u64>();
    assert_eq!(number(&after.allocated_sent), number(&after.estimate_sent));
    assert_eq!(number(&after.wanted_sent), number(&after.estimate_sent));
    let mean = |before: &Histogram, after: &Histogram| {
        (after.sum - before.sum) / (number(after) - number(before))
    };
    let allocated = mean(&before.allocated_sent, &after.allocated_sent);
    let wanted = mean(&before.wanted_sent, &after.wanted_sent);
    let stats = call.world.transport_stats(call.receiver.transport);
    let (used, usable) = (
        stats.allocated_outgoing_bitrate.expect("an allocation"),
        stats.wanted_outgoing_bitrate.expect("an allocation"),
    );
    let figures = format!("{allocated} of {wanted}; now {used} of {usable} bit/s");
    assert!(allocated.abs_diff(used) < used / 5, "{figures}");
    assert!(wanted.abs_diff(usable) < usable / 5, "{figures}");
    assert!(allocated <= 900_000 && wanted > 900_000, "{figures}");
}

#[test]
fn without_any_estimate_layers_follow_the_loss_in_receiver_reports() {
    for seed in SEEDS {
        let returned = Returned::Reports { remb: None };
        let mut call = NetworkCall::with(&[(0, 20_000), (20, 1_000)], 0.0, seed, returned);
        call.run(60);
        let before: Vec<_> = call.between(5.0, 20.0).map(|sample| sample.layer).collect();
        assert!(
            before.iter().all(|layer| *layer >= Some((2, 0))),
            "{seed}: {before:?}"
        );
        let after: Vec<_> = call
            .between(30.0, 60.0)
            .map(|sample| sample.layer)
            .collect();
        let lower = after
            .iter()
            .filter(|layer| layer.is_some_and(|layer| layer.0 < 2))
            .count();
        assert!(
            lower * 10 >= after.len() * 8,
            "{seed}: {lower} of {} {after:?}",
            after.len()
        );
    }
}

#[test]
fn random_loss_in_receiver_reports_costs_no_layer() {
    for seed in SEEDS {
        let returned = Returned::Reports { remb: None };
        let mut call = NetworkCall::with(&[(0, 20_000)], 0.03, seed, returned);
        call.run(30);
        let layers: Vec<_> = call
            .between(10.0, 30.0)
            .map(|sample| sample.layer)
            .collect();
        let top = layers
            .iter()
            .filter(|layer| layer.is_some_and(|layer| layer.0 == 2))
            .count();
        assert!(
            top * 10 >= layers.len() * 9,
            "{seed}: {top} of {}",
            layers.len()
        );
    }
}
