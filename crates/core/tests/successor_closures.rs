//! What becomes of the consumers that wait for a successor when something is closed or replaced.

use crate::common::call::OUT_SSRC;
use crate::common::media::vp8;
use crate::common::replacement::*;
use crate::common::specs::*;
use hubbub_core::api::{CloseReason, Command, Event, ProducerId};

const FIRST: ProducerId = ProducerId(1);

/// A track whose consumer waits for the successor.
fn waiting_track() -> Replacement {
    let mut track = Replacement::new(video(), video_consumer(OUT_SSRC));
    track
        .call
        .send((0..10).map(|number| vp8(number, number == 0)));
    track.replace();
    assert_eq!(track.replaced(), []);
    track
}

/// Asserts that the consumer has received these frames as one stream, and that nothing went wrong.
fn assert_received(track: &mut Replacement, frames: impl IntoIterator<Item = u16>) {
    let received = track.call.received();
    assert_continuous(&received);
    assert_eq!(frames_of(&received), Vec::from_iter(frames));
    assert_eq!(track.call.world.worker.counters().faults, 0);
}

#[test]
fn closing_the_old_producer_moves_those_who_wait() {
    let mut track = waiting_track();
    track.close(FIRST);
    assert_eq!(track.replaced(), [(1, 2)]);
    let closed = Closed::Producer(FIRST);
    assert_eq!(track.closed(), [(closed, CloseReason::Requested)]);
    track.send_new((10..15).map(|number| vp8(number, number == 12)));
    assert_received(&mut track, (0..10).chain(12..15));
}

#[test]
fn closing_the_old_transport_moves_those_who_wait() {
    let mut track = waiting_track();
    let transport = track.call.sender.transport;
    track
        .call
        .world
        .execute(Command::CloseTransport { transport });
    assert_eq!(track.replaced(), [(1, 2)]);
    let closed = Closed::Producer(FIRST);
    assert_eq!(track.closed(), [(closed, CloseReason::TransportClosed)]);
    track.send_new([vp8(10, true)]);
    assert_received(&mut track, 0..11);
}

#[test]
fn when_the_successor_is_closed_the_consumers_stay_until_another_one_comes() {
    let mut track = waiting_track();
    track.close(SUCCESSOR);
    let closed = Closed::Producer(SUCCESSOR);
    assert_eq!(track.closed(), [(closed, CloseReason::Requested)]);
    track.call.send([vp8(10, false), vp8(11, true)]);
    track.call.world.advance(200);
    let (mut client, third) = track.produce_again(3, video());
    assert_eq!(track.replace_by(FIRST, third), Ok(()));
    client.send(
        &mut track.call.world,
        &Replacement::later(&vp8(12, true)).bytes(),
    );
    assert_eq!(track.replaced(), [(1, 3)]);
    track.close(FIRST);
    assert_received(&mut track, 0..13);
}

#[test]
fn without_a_successor_closing_the_producer_closes_its_consumers() {
    let mut track = waiting_track();
    track.close(SUCCESSOR);
    track.close(FIRST);
    assert_eq!(track.replaced(), []);
    let reasons = [
        (Closed::Producer(SUCCESSOR), CloseReason::Requested),
        (
            Closed::Consumer(track.call.consumer),
            CloseReason::ProducerClosed,
        ),
        (Closed::Producer(FIRST), CloseReason::Requested),
    ];
    assert_eq!(track.closed(), reasons);
}

#[test]
fn consumers_that_have_moved_close_with_the_successor() {
    let mut track = waiting_track();
    track.send_new([vp8(10, true)]);
    track.close(SUCCESSOR);
    let reasons = [
        (
            Closed::Consumer(track.call.consumer),
            CloseReason::ProducerClosed,
        ),
        (Closed::Producer(SUCCESSOR), CloseReason::Requested),
    ];
    assert_eq!(track.closed(), reasons);
    track.call.send([vp8(11, true)]);
    track.close(FIRST);
    assert_received(&mut track, 0..11);
}

#[test]
fn the_last_consumer_that_waits_may_be_closed() {
    let mut track = waiting_track();
    let consumer = track.call.consumer;
    track
        .call
        .world
        .execute(Command::CloseConsumer { consumer });
    assert_eq!(track.replaced(), [(1, 2)]);
    track.send_both([vp8(10, true)]);
    assert_received(&mut track, 0..10);
}

#[test]
fn those_who_wait_for_a_replaced_producer_wait_for_its_successor() {
    let mut track = waiting_track();
    let (mut client, third) = track.produce_again(3, video());
    assert_eq!(track.replace_by(SUCCESSOR, third), Ok(()));
    // The one between them has no consumer.
    assert_eq!(track.replaced(), [(2, 3)]);
    track.send_new([vp8(10, true)]);
    track.call.send([vp8(10, false)]);
    track.close(SUCCESSOR);
    client.send(
        &mut track.call.world,
        &Replacement::later(&vp8(11, true)).bytes(),
    );
    assert_eq!(track.replaced(), [(1, 3)]);
    track.close(FIRST);
    assert_received(&mut track, 0..12);
}

#[test]
fn a_producer_that_is_replaced_stands_for_its_successor() {
    let mut track = waiting_track();
    let (mut client, third) = track.produce_again(3, video());
    assert_eq!(track.replace_by(SUCCESSOR, third), Ok(()));
    assert_eq!(track.replace_by(FIRST, SUCCESSOR), Ok(()));
    assert_eq!(track.replaced(), [(2, 3)]);
    client.send(&mut track.call.world, &vp8(10, true).bytes());
    assert_eq!(track.replaced(), [(1, 3)]);
    assert_received(&mut track, 0..11);
}

#[test]
fn the_newest_successor_counts() {
    let mut track = waiting_track();
    let (mut client, third) = track.produce_again(3, video());
    assert_eq!(track.replace_by(FIRST, third), Ok(()));
    track.send_new([vp8(10, true)]);
    assert_eq!(track.replaced(), []);
    client.send(&mut track.call.world, &vp8(10, true).bytes());
    assert_eq!(track.replaced(), [(1, 3)]);
    assert_received(&mut track, 0..11);
}

#[test]
fn a_repeated_command_changes_nothing() {
    let mut track = waiting_track();
    track.replace();
    track.send_new([vp8(10, true)]);
    assert_eq!(track.replaced(), [(1, 2)]);
    assert_received(&mut track, 0..11);
}

/// A packet of the successor is being received.
#[test]
fn after_a_panic_in_the_successor_the_consumers_stay() {
    let mut track = waiting_track();
    track.send_new([vp8(10, false)]);
    let worker = &mut track.call.world.worker;
    worker.recover_from_panic("index out of bounds".into());
    let events: Vec<_> = worker.drain_events().collect();
    let producer = Event::ProducerClosed {
        producer: SUCCESSOR,
        reason: CloseReason::Internal,
    };
    let transport = Event::TransportClosed {
        transport: track.new_sender.transport,
        reason: CloseReason::Internal,
    };
    assert_eq!(events[..2], [producer, transport]);
    track.call.send([vp8(10, false)]);
    assert_received_despite_fault(&mut track, 11);
}

/// A packet of the replaced producer is being received.
#[test]
fn after_a_panic_in_the_old_producer_the_consumers_move() {
    let mut track = waiting_track();
    track.call.send([vp8(10, false)]);
    let worker = &mut track.call.world.worker;
    worker.recover_from_panic("index out of bounds".into());
    let events: Vec<_> = worker.drain_events().collect();
    let replaced = Event::ProducerReplaced {
        producer: FIRST,
        successor: SUCCESSOR,
    };
    assert_eq!(events.first(), Some(&replaced));
    track.send_new([vp8(11, true)]);
    assert_received_despite_fault(&mut track, 12);
}

/// Asserts that the consumer has received as many frames; the recovery is the only fault.
fn assert_received_despite_fault(track: &mut Replacement, frames: u16) {
    assert_eq!(frames_of(&track.call.received()), Vec::from_iter(0..frames));
    assert_eq!(track.call.world.worker.counters().faults, 1);
}
