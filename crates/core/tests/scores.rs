//! How well streams arrive, from packet to event: scores of producers and consumers.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{EncodingScore, Event};
use hubbub_wire::rtcp::{ReceiverReportBuilder, ReportBlock, RtcpPacket};

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, layer_frame, rtx, vp8};
use crate::common::specs::*;

/// Frames in a second.
const SECOND: u16 = 30;

/// Sends a second of video, without the frames of these numbers in each ten.
fn send_second(call: &mut Call, number: &mut u16, lost: &[u16]) {
    for _ in 0..SECOND {
        if !lost.contains(&(*number % 10)) {
            call.send([vp8(*number, *number == 0)]);
        }
        *number += 1;
        call.world.advance(33);
    }
    call.world.advance(10);
}

/// The scores of the producer that were reported so far.
fn producer_scores(call: &Call) -> Vec<Vec<EncodingScore>> {
    let events = call.world.events.iter();
    let scores = events.filter_map(|event| match event {
        Event::ProducerScore { scores, .. } => Some(scores.clone()),
        _ => None,
    });
    scores.collect()
}

/// Those of the consumer: its score, the encoding that it gets, and the scores of all encodings.
fn consumer_scores(call: &Call) -> Vec<(u8, u8, Vec<u8>)> {
    let events = call.world.events.iter();
    let scores = events.filter_map(|event| match event {
        Event::ConsumerScore {
            score,
            encoding,
            producer_scores,
            ..
        } => Some((*score, *encoding, producer_scores.clone())),
        _ => None,
    });
    scores.collect()
}

/// Reports from the receiver that it has expected and lost this many packets in total.
fn report_loss(call: &mut Call, expected: u16, lost: i32) {
    let block = ReportBlock {
        ssrc: OUT_SSRC,
        highest_sequence: expected.into(),
        cumulative_lost: lost,
        ..ReportBlock::default()
    };
    let report = ReceiverReportBuilder {
        ssrc: 1,
        blocks: &[block],
    };
    call.receiver.send_rtcp(&mut call.world, &report);
}

#[test]
fn nothing_is_reported_while_everything_arrives() {
    let mut call = Call::video();
    let mut number = 0;
    for _ in 0..10 {
        send_second(&mut call, &mut number, &[]);
        report_loss(&mut call, number, 0);
    }
    assert!(producer_scores(&call).is_empty());
    assert!(consumer_scores(&call).is_empty());
    assert_eq!(
        call.world.producer_stats(call.producer).streams[0].score,
        10
    );
    assert_eq!(call.world.consumer_stats(call.consumer).score, 10);
}

#[test]
fn loss_on_the_way_to_the_worker_lowers_the_scores_of_both_at_most_once_a_second() {
    let mut call = Call::video();
    let mut number = 0;
    let seconds = 5;
    for _ in 0..seconds {
        send_second(&mut call, &mut number, &[3, 7]);
    }
    let reported = producer_scores(&call);
    assert!((1..=seconds).contains(&reported.len()), "{reported:?}");
    let last = &reported[reported.len() - 1];
    let stats = call.world.producer_stats(call.producer);
    assert_eq!(last.len(), 1);
    assert!((3..=5).contains(&last[0].score), "{reported:?}");
    assert_eq!((last[0].encoding, last[0].ssrc), (0, SSRC));
    assert_eq!(stats.streams[0].score, last[0].score);
    let seen = consumer_scores(&call);
    assert_eq!(seen.last(), Some(&(10, 0, vec![last[0].score])));

    for _ in 0..22 {
        send_second(&mut call, &mut number, &[]);
    }
    let recovered = producer_scores(&call);
    assert_eq!(recovered.last().map(|last| last[0].score), Some(10));
}

#[test]
fn loss_on_the_way_to_the_client_lowers_the_score_of_the_consumer_only() {
    let mut call = Call::video();
    let mut number = 0;
    for second in 1..=12 {
        send_second(&mut call, &mut number, &[]);
        report_loss(&mut call, number, second * i32::from(SECOND) / 5);
    }
    assert!(producer_scores(&call).is_empty());
    let seen = consumer_scores(&call);
    let Some((score, 0, scores)) = seen.last() else {
        panic!("{seen:?}");
    };
    assert!((3..=5).contains(score), "{seen:?}");
    assert_eq!(scores, &[10]);
    assert_eq!(call.world.consumer_stats(call.consumer).score, *score);
}

#[test]
fn many_reports_of_a_client_give_one_event_a_second() {
    let mut call = Call::video();
    let mut lost = 0;
    for number in 0..3 * SECOND {
        call.send([vp8(number, number == 0)]);
        // Nothing is lost in the first second, everything in the next two: the score changes with each report.
        lost += i32::from(number >= SECOND);
        report_loss(&mut call, number + 1, lost);
        call.world.advance(33);
    }
    let seen = consumer_scores(&call);
    assert!((2..=3).contains(&seen.len()), "{seen:?}");
}

#[test]
fn repair_is_better_than_loss_and_worse_than_neither() {
    let score = |repairs: bool| {
        let mut call = Call::video();
        let mut number = 0;
        for second in 1..=12 {
            call.received();
            send_second(&mut call, &mut number, &[]);
            let sequences = call.sequences();
            let lost: Vec<_> = sequences.into_iter().step_by(5).collect();
            if repairs {
                call.nack(&lost);
                call.world.advance(20);
            }
            report_loss(&mut call, number, second * i32::from(SECOND) / 5);
        }
        call.world.consumer_stats(call.consumer).score
    };
    let (repaired, lost) = (score(true), score(false));
    assert!(lost < repaired && repaired < 10, "{lost} {repaired}");
}

#[test]
fn a_repair_counts_in_the_report_that_follows_it_only() {
    let score = |repairs: bool| {
        let mut call = Call::video();
        let mut number = 0;
        for second in 1..=26 {
            call.received();
            send_second(&mut call, &mut number, &[]);
            let sequences = call.sequences();
            if repairs && second == 1 {
                call.nack(&sequences);
                call.world.advance(20);
            }
            report_loss(&mut call, number, second * i32::from(SECOND) / 5);
        }
        call.world.consumer_stats(call.consumer).score
    };
    assert_eq!(score(true), score(false));
}

#[test]
fn a_request_to_the_sender_counts_in_the_report_that_follows_it_only() {
    let mut call = Call::video();
    let mut scores = Vec::new();
    let mut repairs = 0;
    for number in 0..20 * SECOND {
        if number % 10 != 3 {
            call.send([vp8(number, number == 0)]);
        }
        call.world.advance(33);
        let lost = call
            .sender
            .take_rtcp(&mut call.world, |packet| match packet {
                RtcpPacket::Nack(nack) => Some(nack.lost().collect::<Vec<_>>()),
                _ => None,
            });
        for lost in lost.into_iter().flatten() {
            repairs += 1;
            call.send([rtx(&vp8(lost, false), repairs)]);
        }
        if number % SECOND == SECOND - 1 {
            let stats = call.world.producer_stats(call.producer);
            scores.push(stats.streams[0].score);
        }
    }
    assert!(repairs > 50);
    assert!(scores[3..].iter().all(|score| *score == 9), "{scores:?}");
}

#[test]
fn an_encoding_that_dies_has_no_score_and_one_that_is_switched_off_keeps_its_score() {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    let send = |call: &mut Call, layers: &[u16], from: u16, count: u16| {
        for number in from..from + count {
            let frames = layers
                .iter()
                .map(|layer| layer_frame(*layer, number, number == from));
            call.send(frames);
            call.world.advance(33);
        }
    };
    // The consumer receives encoding 1: encoding 2 is switched off after two seconds.
    call.prefer(1, None);
    send(&mut call, &[0, 1, 2], 0, 100);
    call.plis();
    send(&mut call, &[0, 1], 100, 60);
    assert!(producer_scores(&call).is_empty());
    // The client stops encoding 1 by itself.
    send(&mut call, &[0], 160, 60);
    let reported = producer_scores(&call);
    let last = &reported[reported.len() - 1];
    let scores: Vec<_> = last.iter().map(|one| (one.ssrc, one.score)).collect();
    assert_eq!(scores, [(LAYER_SSRC, 10), (LAYER_SSRC + 1, 0)]);
    assert_eq!(last[1].rid.as_deref(), Some("r1"));
    assert_eq!(consumer_scores(&call), [(10, 1, vec![10, 0, 0])]);
}
