//! A producer is replaced by another one with the same track: its consumers move without a pause, and their clients see one
//! stream.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::vp8;
use crate::common::replacement::*;
use crate::common::specs::*;
use crate::common::{Client, World};
use hubbub_core::api::{
    Command, CommandError, EncodingSpec, Event, IceCredentials, ProducerId, ProducerSpec, RouterId,
    TransportId,
};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_wire::NtpTime;

const REPORTED: NtpTime = NtpTime(0xe800_0000_0000_0000);

fn video_track() -> Replacement {
    Replacement::new(video(), video_consumer(OUT_SSRC))
}

/// A track of which ten frames have arrived.
fn running_track() -> Replacement {
    let mut track = video_track();
    for number in 0..10 {
        track.call.send([vp8(number, number == 0)]);
        track.call.world.advance(33);
    }
    track
}

#[test]
fn video_moves_at_a_key_frame_and_goes_on_as_the_same_stream() {
    let mut track = running_track();
    track.replace();
    // The successor sends, but nothing to start with.
    for number in 10..15 {
        track.send_both([vp8(number, false)]);
        track.call.world.advance(33);
    }
    assert_eq!(track.replaced(), []);
    track.report_clocks(REPORTED, 12);
    // Its key frame arrives 83 ms after the frame before it, but was captured 33 ms later.
    track.call.world.advance(50);
    track.send_new([vp8(15, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    track.call.send([vp8(15, true)]);
    for number in 16..20 {
        track.call.world.advance(41);
        track.send_both([vp8(number, number == 18)]);
    }
    let received = track.call.received();
    assert_continuous(&received);
    assert_eq!(frames_of(&received), (0..20).collect::<Vec<_>>());
    assert_eq!(steps_of(&received), [3000; 19]);
    assert_eq!(track.replaced(), []);
}

#[test]
fn without_sender_reports_the_time_between_arrivals_counts() {
    let mut track = running_track();
    track.replace();
    track.call.world.advance(17);
    track.send_new([vp8(10, true)]);
    let steps = steps_of(&track.call.received());
    assert_eq!(steps.last(), Some(&(90 * 50)));
}

#[test]
fn the_client_gets_a_sender_report_of_the_new_clock() {
    let mut track = running_track();
    track.replace();
    track.send_new([vp8(9, false)]);
    track.report_clocks(REPORTED, 9);
    track.send_new([vp8(10, true)]);
    let received = track.call.received();
    let newest = received.last().expect("a packet").rtp().timestamp();
    track.call.world.advance(10);
    let report = track.call.sender_reports().pop().expect("a report");
    // One frame before, as both clocks say.
    let since = NtpTime(report.ntp.0 - REPORTED.0).to_micros() * 90 / 1000;
    let expected = newest.wrapping_sub(3000).wrapping_add(since as u32);
    assert!(report.rtp_timestamp.wrapping_sub(expected).wrapping_add(1) <= 2);
}

#[test]
fn a_key_frame_is_requested_until_it_arrives() {
    let mut track = running_track();
    track.send_both([vp8(10, true)]);
    track.replace();
    assert_eq!(track.new_plis(), [SSRC]);
    for number in 11..70 {
        track.send_both([vp8(number, false)]);
        track.call.world.advance(33);
    }
    let repeated = track.new_plis().len();
    assert!((1..=2).contains(&repeated), "{repeated} in two seconds");
    track.send_both([vp8(70, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    for number in 71..130 {
        track.send_both([vp8(number, false)]);
        track.call.world.advance(33);
    }
    assert_eq!(track.new_plis(), []);
    assert_eq!(
        frames_of(&track.call.received()),
        (0..130).collect::<Vec<_>>()
    );
}

#[test]
fn a_paused_consumer_moves_at_once() {
    let mut track = running_track();
    let consumer = track.call.consumer;
    track
        .call
        .world
        .execute(Command::PauseConsumer { consumer });
    track.replace();
    assert_eq!(track.replaced(), [(1, 2)]);
    track.send_both((10..13).map(|number| vp8(number, number == 10)));
    track.new_plis();
    track.call.plis();
    track
        .call
        .world
        .execute(Command::ResumeConsumer { consumer });
    assert_eq!(track.call.plis(), []);
    assert_eq!(track.new_plis(), [SSRC]);
    track.send_both((13..16).map(|number| vp8(number, number == 13)));
    let received = track.call.received();
    assert_continuous(&received);
    let expected: Vec<_> = (0..10).chain(13..16).collect();
    assert_eq!(frames_of(&received), expected);
}

#[test]
fn a_consumer_that_is_paused_while_it_waits_moves_soon() {
    let mut track = running_track();
    let consumer = track.call.consumer;
    track.replace();
    track
        .call
        .world
        .execute(Command::PauseConsumer { consumer });
    track.call.world.advance(110);
    assert_eq!(track.replaced(), [(1, 2)]);
}

#[test]
fn a_consumer_without_keys_moves_at_once() {
    let mut track = video_track();
    let consumer = track.call.consumer;
    track
        .call
        .world
        .execute(Command::CloseConsumer { consumer });
    let viewer = Client::new(&mut track.call.world, 60);
    let (to, producer) = (viewer.transport, track.call.producer);
    let spec = video_consumer(OUT_SSRC);
    consume_running(&mut track.call.world, to, producer, 2, spec);
    track.replace();
    assert_eq!(track.replaced(), [(1, 2)]);
}

#[test]
fn a_consumer_without_bandwidth_moves_at_once() {
    let mut config = World::config();
    config.outgoing_bitrate = Limits {
        min: 5_000,
        initial: 5_000,
        max: 5_000,
    };
    let call = Call::with(config, video(), video_consumer(OUT_SSRC));
    let mut track = Replacement::of(call, video());
    let starved = Event::BandwidthPause {
        consumer: track.call.consumer,
        paused: true,
    };
    for number in 0..200 {
        track.call.send([vp8(number, number == 0)]);
        track.call.world.advance(10);
    }
    assert!(track.call.world.events.contains(&starved));
    track.replace();
    assert_eq!(track.replaced(), [(1, 2)]);
}

#[test]
fn consumers_of_a_paused_producer_move_at_once() {
    let mut track = running_track();
    for producer in [track.call.producer, SUCCESSOR] {
        track
            .call
            .world
            .execute(Command::PauseProducer { producer });
    }
    track.replace();
    assert_eq!(track.replaced(), [(1, 2)]);
    track.call.world.execute(Command::ResumeProducer {
        producer: SUCCESSOR,
    });
    assert_eq!(track.new_plis(), [SSRC]);
    track.send_new([vp8(10, true)]);
    assert_eq!(frames_of(&track.call.received()).last(), Some(&10));
}

#[test]
fn a_producer_without_consumers_is_replaced_at_once() {
    let mut world = World::new();
    let clients = [1, 2].map(|number| Client::connected(&mut world, number));
    for (client, number) in clients.iter().zip(1..) {
        produce(&mut world, client.transport, number, video());
    }
    world.events.clear();
    world.execute(Command::ReplaceProducer {
        producer: ProducerId(1),
        successor: ProducerId(2),
    });
    let expected = Event::ProducerReplaced {
        producer: ProducerId(1),
        successor: ProducerId(2),
    };
    assert_eq!(world.events, [expected]);
}

#[test]
fn each_consumer_moves_when_it_can() {
    let mut track = running_track();
    let other = Client::connected(&mut track.call.world, 60);
    let paused = consume(
        &mut track.call.world,
        other.transport,
        track.call.producer,
        2,
        video_consumer(OUT_SSRC),
    );
    track.replace();
    assert_eq!(track.replaced(), []);
    // One of both receives from the successor already.
    let consumer = paused;
    track
        .call
        .world
        .execute(Command::ResumeConsumer { consumer });
    track.send_both([vp8(10, false)]);
    track.send_both([vp8(11, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    assert_eq!(
        frames_of(&track.call.received()),
        (0..12).collect::<Vec<_>>()
    );
    assert_eq!(track.call.world.consumer_stats(paused).packets, 1);
}

#[test]
fn a_new_consumer_of_a_replaced_producer_consumes_its_successor() {
    let mut track = running_track();
    track.replace();
    let mut other = Client::connected(&mut track.call.world, 60);
    for number in [2, 3] {
        let spec = video_consumer(OUT_SSRC + 10 * number as u32);
        let (to, producer) = (other.transport, track.call.producer);
        consume_running(&mut track.call.world, to, producer, number, spec);
        track.send_both([vp8(9 + number as u16, number == 2)]);
    }
    // The first consumer has moved by then; the third is created later.
    assert_eq!(track.replaced(), [(1, 2)]);
    track.send_new([vp8(13, true)]);
    let mut received = other.take_rtp(&mut track.call.world);
    received.retain(|packet| packet.rtp().ssrc() == OUT_SSRC + 30);
    assert_eq!(frames_of(&received), [13]);
    assert_eq!(track.call.world.worker.counters().faults, 0);
}

#[test]
fn what_was_lost_of_the_old_stream_is_not_repeated() {
    let mut track = running_track();
    track.replace();
    let sequences = track.call.sequences();
    track.send_new([vp8(10, true), vp8(11, false)]);
    let moved = track.call.sequences();
    track.call.nack(&[sequences[8], moved[1]]);
    let repeated = track.call.received();
    assert_eq!(frames_of(&repeated), [11]);
    let stats = track.call.world.consumer_stats(track.call.consumer);
    assert_eq!((stats.nack_misses, stats.retransmitted), (1, 1));
}

/// The old packets are in the queue of the pacer when the key frame arrives: they are dropped, and leave no gap.
#[test]
fn what_waits_of_the_old_stream_when_the_consumer_moves_leaves_no_gap() {
    let mut config = World::config();
    config.outgoing_bitrate.min = 30_000;
    config.outgoing_bitrate.initial = 100_000;
    let call = Call::with(config, video(), video_consumer(OUT_SSRC));
    let mut track = Replacement::of(call, video());
    track
        .call
        .send((0..40).map(|number| vp8(number, number == 0)));
    let before = track.call.received().len();
    assert!(before < 40, "all packets were sent at once");
    track.replace();
    track.send_new((40..45).map(|number| vp8(number, number == 40)));
    track.call.world.advance(1_000);
    let mut received = track.call.received();
    // Without the padding of probes.
    received.retain(|packet| !packet.rtp().payload().is_empty());
    assert_eq!(frames_of(&received), (40..45).collect::<Vec<_>>());
    assert_continuous(&received);
}

#[test]
fn refused_replacements_change_nothing() {
    let mut track = running_track();
    let world = &mut track.call.world;
    let transport = track.new_sender.transport;
    let encoding = |ssrc| EncodingSpec {
        ssrc: Some(ssrc),
        ..EncodingSpec::default()
    };
    let of = |mid: &str, encodings: Vec<EncodingSpec>, spec| ProducerSpec {
        mid: Some(mid.into()),
        encodings,
        ..spec
    };
    produce(world, transport, 3, of("3", vec![encoding(30)], audio()));
    let two = vec![encoding(40), encoding(41)];
    produce(world, transport, 4, of("4", two, video()));
    world.execute(Command::CreateRouter {
        router: RouterId(2),
    });
    let elsewhere = TransportId(99);
    world.execute(Command::CreateTransport {
        transport: elsewhere,
        router: RouterId(2),
        ice: IceCredentials {
            ufrag: "elsewhere".into(),
            pwd: "a long enough password".into(),
        },
    });
    produce(world, elsewhere, 5, video());
    let refusals = [
        (1, 3, CommandError::InvalidSpec),
        (1, 4, CommandError::InvalidSpec),
        (1, 5, CommandError::InvalidState),
        (1, 1, CommandError::InvalidState),
        (1, 6, CommandError::NotFound),
        (6, 2, CommandError::NotFound),
    ];
    for (producer, successor, refusal) in refusals {
        let refused = track.replace_by(ProducerId(producer), ProducerId(successor));
        assert_eq!(refused, Err(refusal), "{producer} by {successor}");
    }
    assert_eq!((track.replaced(), track.new_plis()), (vec![], vec![]));
    track.send_both([vp8(10, true)]);
    assert_eq!(
        frames_of(&track.call.received()),
        (0..11).collect::<Vec<_>>()
    );
    // Nor does one in a circle.
    track.replace();
    let refused = track.replace_by(SUCCESSOR, track.call.producer);
    assert_eq!(refused, Err(CommandError::InvalidState));
    track.send_both([vp8(11, true)]);
    assert_eq!(frames_of(&track.call.received()), [11]);
    assert_eq!(track.replaced(), [(1, 2)]);
    assert!(track.closed().is_empty());
}

/// Its first packet was lost; when it is repaired, too much has followed.
#[test]
fn a_key_frame_that_is_repaired_too_late_moves_nobody() {
    let mut track = running_track();
    track.replace();
    track.send_new((11..300).map(|number| vp8(number, false)));
    track.new_plis();
    track.repair_new(&vp8(10, true), 1);
    assert_eq!(track.replaced(), []);
    track.call.send([vp8(10, false)]);
    track.call.world.advance(1_000);
    assert_eq!(track.new_plis(), [SSRC]);
    track.send_new([vp8(300, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    let expected = Vec::from_iter((0..11).chain([300]));
    assert_eq!(frames_of(&track.call.received()), expected);
}

#[test]
fn a_repaired_key_frame_moves_with_all_that_has_followed() {
    let mut track = running_track();
    track.replace();
    track.send_new((11..20).map(|number| vp8(number, false)));
    track.repair_new(&vp8(10, true), 1);
    let received = track.call.received();
    assert_continuous(&received);
    assert_eq!(frames_of(&received), Vec::from_iter(0..20));
}

/// A link that has less than is taken to be needed by a video that was never seen.
fn slow_link() -> WorkerConfig {
    World::with_estimate(500_000)
}

#[test]
fn the_successor_needs_what_its_predecessor_needed() {
    let call = Call::with(slow_link(), video(), video_consumer(OUT_SSRC));
    let mut track = Replacement::of(call, video());
    for number in 0..60 {
        track.call.send([vp8(number, number % 30 == 0)]);
        track.call.world.advance(33);
    }
    track.call.received();
    track.replace();
    for number in 60..120 {
        track.send_both([vp8(number, number == 65)]);
        track.call.world.advance(33);
    }
    let mut received = track.call.received();
    received.retain(|packet| packet.rtp().ssrc() == OUT_SSRC);
    assert_eq!(frames_of(&received), Vec::from_iter(60..120));
}
