//! The encoding with which a consumer moves to the successor of a simulcast producer.

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, layer_frame, vp8};
use crate::common::pipes::{PRODUCER, Pipe};
use crate::common::replacement::*;
use crate::common::specs::*;
use crate::common::{Client, Received};
use hubbub_core::api::{Command, Event, ProducerId};

/// A track with a consumer that receives encoding 1 of three.
fn middle_track() -> Replacement {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    call.prefer(1, None);
    let mut track = Replacement::of(call, simulcast());
    for number in 0..10 {
        let frames = (0..3).map(|encoding| layer_frame(encoding, number, number == 0));
        track.call.send(frames);
        track.call.world.advance(33);
    }
    track
}

/// Frames of the successor's encodings, and 33 ms; those of `keys` are key frames.
fn send_new(track: &mut Replacement, encodings: &[u16], number: u16, keys: &[u16]) {
    let frames = encodings
        .iter()
        .map(|encoding| layer_frame(*encoding, number, keys.contains(encoding)));
    track.send_new(frames);
    track.call.world.advance(33);
}

/// The encodings of these packets of [`layer_frame`].
fn encodings_of(received: &[Received]) -> Vec<u16> {
    frames_of(received)
        .iter()
        .map(|frame| frame / 1000 - 1)
        .collect()
}

#[test]
fn it_is_the_one_that_the_consumer_is_to_receive() {
    let mut track = middle_track();
    track.call.received();
    track.replace();
    for number in 10..40 {
        // Others start as well.
        let keys = [0, 2].map(|encoding| if number % 5 == 0 { encoding } else { 9 });
        send_new(&mut track, &[0, 1, 2], number, &keys);
        track.call.send([layer_frame(1, number, false)]);
    }
    assert_eq!(track.replaced(), []);
    let requested = track.new_plis();
    assert!(requested.contains(&(LAYER_SSRC + 1)), "{requested:?}");
    send_new(&mut track, &[0, 1, 2], 40, &[0, 1, 2]);
    assert_eq!(track.replaced(), [(1, 2)]);
    let received = track.call.received();
    assert_continuous(&received);
    assert_eq!(encodings_of(&received), [1; 31]);
}

#[test]
fn it_may_be_a_higher_one_within_the_limit() {
    let mut track = middle_track();
    track.call.prefer(2, None);
    // The highest encoding of the old producer has stopped.
    for number in 10..40 {
        let is_key_frame = number == 30;
        track
            .call
            .send([0, 1].map(|encoding| layer_frame(encoding, number, is_key_frame)));
        track.call.world.advance(33);
    }
    track.call.received();
    track.replace();
    send_new(&mut track, &[0, 2], 40, &[0, 2]);
    assert_eq!(track.replaced(), [(1, 2)]);
    assert_eq!(encodings_of(&track.call.received()), [2]);
}

#[test]
fn after_two_seconds_it_is_any_within_the_limit() {
    let mut track = middle_track();
    track.call.received();
    track.replace();
    let mut frames = 0;
    for number in 10..70 {
        // A client that has little bandwidth yet.
        send_new(&mut track, &[0], number, &[0]);
        track.call.send([layer_frame(1, number, false)]);
        frames += 1;
        if number == 40 {
            // A repetition is no later start.
            track.replace();
        }
    }
    assert_eq!(track.replaced(), []);
    assert_eq!(encodings_of(&track.call.received()), vec![1; frames]);
    track.new_plis();
    track.call.world.advance(130);
    assert_eq!(track.new_plis(), [LAYER_SSRC]);
    send_new(&mut track, &[0, 2], 75, &[2]);
    assert_eq!(track.replaced(), []);
    send_new(&mut track, &[1, 0], 76, &[0]);
    assert_eq!(track.replaced(), [(1, 2)]);
    // It gets what it is to receive when that arrives.
    send_new(&mut track, &[0, 1], 77, &[1]);
    let received = track.call.received();
    assert_continuous(&received);
    assert_eq!(encodings_of(&received), [0, 0, 1]);
}

#[test]
fn the_encodings_that_those_who_wait_want_stay_on() {
    let mut track = middle_track();
    track.replace();
    track.call.world.events.clear();
    for number in 10..160 {
        send_new(&mut track, &[0, 1, 2], number, &[]);
        let frames = (0..3).map(|encoding| layer_frame(encoding, number, false));
        track.call.send(frames);
    }
    let wanted = |producer: u64| {
        let events = track.call.world.events.iter();
        let wanted = events.filter_map(move |event| match event {
            Event::LayersWanted {
                producer: of,
                encodings,
            } if of.0 == producer => Some(encodings.clone()),
            _ => None,
        });
        wanted.collect::<Vec<_>>()
    };
    assert_eq!(wanted(1), [[true, true, false]]);
    assert_eq!(wanted(2), [[true, true, false]]);
}

/// The successor comes through a pipe, which carries nothing that is not wanted.
#[test]
fn a_piped_successor_is_asked_for_what_those_who_wait_want() {
    let mut pipe = Pipe::new(simulcast());
    let mut old = Client::connected(&mut pipe.far, 30);
    let former = produce(&mut pipe.far, old.transport, 7, simulcast());
    let mut viewer = Client::connected(&mut pipe.far, 31);
    let to = viewer.transport;
    let consumer = consume_running(&mut pipe.far, to, former, 1, video_consumer(OUT_SSRC));
    pipe.far.execute(Command::SetPreferredLayers {
        consumer,
        spatial: 1,
        temporal: None,
    });
    let frames = |number| (0..3).map(move |encoding| layer_frame(encoding, number, number == 0));
    for number in 0..10 {
        for frame in frames(number) {
            old.send(&mut pipe.far, &frame.bytes());
        }
        pipe.send(frames(number));
        pipe.advance(30);
    }
    assert_eq!(pipe.crossed_encodings(), []);
    pipe.far.execute(Command::ReplaceProducer {
        producer: former,
        successor: PRODUCER,
    });
    pipe.carry();
    let wanted = pipe.wanted.last().expect("something is wanted");
    assert_eq!(wanted[1..], [true, false]);
    let mut requested = pipe.sender.take_plis(&mut pipe.origin);
    requested.sort_unstable();
    assert!(requested.contains(&(LAYER_SSRC + 1)), "{requested:?}");
    viewer.take_rtp(&mut pipe.far);
    pipe.send([layer_frame(1, 10, true)]);
    let replaced = Event::ProducerReplaced {
        producer: ProducerId(7),
        successor: PRODUCER,
    };
    assert!(pipe.far.events.contains(&replaced));
    assert_eq!(encodings_of(&viewer.take_rtp(&mut pipe.far)), [1]);
}

/// A shared screen: its only key frame has arrived before the replacement.
#[test]
fn a_still_successor_starts_with_what_was_kept() {
    let mut track = Replacement::new(video(), video_consumer(OUT_SSRC));
    track.send_both([vp8(0, true), vp8(1, false)]);
    track.call.world.advance(1_000);
    track.replace();
    track.call.world.advance(150);
    assert_eq!(track.replaced(), [(1, 2)]);
    assert_eq!(frames_of(&track.call.received()), [0, 1, 0, 1]);
}
