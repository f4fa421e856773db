//! The encodings that a sender is asked for: those that somebody receives.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{Command, ConsumerId, Event, ProducerId};

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{LAYER_SSRC, layer_frame};
use crate::common::network::{NetworkCall, TOP};
use crate::common::specs::*;
use crate::common::{Client, World};

const LOWEST: [bool; 3] = [true, false, false];
const ALL: [bool; 3] = [true, true, true];

/// A sender of three encodings that sends what it is asked for.
struct Sender {
    world: World,
    client: Client,
    producer: ProducerId,
    sends: Vec<bool>,
    /// The lowest encoding that it can send.
    lowest: u16,
    /// Whether it sends the key frames that it is asked for.
    sends_key_frames: bool,
    number: u16,
    consumers: u64,
}

impl Sender {
    fn new() -> Self {
        let mut world = World::new();
        let client = Client::connected(&mut world, 1);
        let producer = produce(&mut world, client.transport, 1, simulcast());
        Self {
            world,
            client,
            producer,
            sends: ALL.to_vec(),
            lowest: 0,
            sends_key_frames: true,
            number: 0,
            consumers: 0,
        }
    }

    /// A paused consumer of a new client, which receives no higher encoding than this.
    fn watch(&mut self, spatial: u8) -> (Client, ConsumerId) {
        self.consumers += 1;
        let number = self.consumers;
        let client = Client::connected(&mut self.world, 10 + number as u8);
        let to = client.transport;
        let spec = video_consumer(OUT_SSRC + 10 * number as u32);
        let consumer = consume(&mut self.world, to, self.producer, number, spec);
        self.prefer(consumer, spatial);
        (client, consumer)
    }

    fn prefer(&mut self, consumer: ConsumerId, spatial: u8) {
        self.world.execute(Command::SetPreferredLayers {
            consumer,
            spatial,
            temporal: None,
        });
    }

    fn resume(&mut self, consumer: ConsumerId) {
        self.world.execute(Command::ResumeConsumer { consumer });
    }

    fn pause(&mut self, consumer: ConsumerId) {
        self.world.execute(Command::PauseConsumer { consumer });
    }

    /// What the sender was asked for since the last call.
    fn asked(&mut self) -> Vec<Vec<bool>> {
        let events = std::mem::take(&mut self.world.events);
        let asked = events.into_iter().filter_map(|event| match event {
            Event::LayersWanted { encodings, .. } => Some(encodings),
            _ => None,
        });
        asked.collect()
    }

    /// Sends frames for these milliseconds, each time what it was asked for. Returns that, and when.
    fn send(&mut self, milliseconds: u64) -> Vec<(u64, Vec<bool>)> {
        let mut asked = Vec::new();
        let mut restarts = self.number == 0 && self.sends_key_frames;
        for at in (0..milliseconds).step_by(30) {
            let requested = self.client.take_plis(&mut self.world);
            let sends = |encoding: &u16| self.sends[usize::from(*encoding)];
            for encoding in (self.lowest..3).filter(sends) {
                let is_requested = self.sends_key_frames
                    && requested.contains(&(LAYER_SSRC + u32::from(encoding)));
                let frame = layer_frame(encoding, self.number, restarts || is_requested);
                self.client.send(&mut self.world, &frame.bytes());
            }
            self.number += 1;
            self.world.advance(30);
            restarts = false;
            for encodings in self.asked() {
                restarts = self.sends_key_frames;
                self.sends.clone_from(&encodings);
                asked.push((at + 30, encodings));
            }
        }
        asked
    }
}

/// The encoding of each packet, without repetitions. A consumer's timestamps do not tell it, so its payload does.
fn encodings(client: &mut Client, world: &mut World) -> Vec<u16> {
    let packets = client.take_rtp(world);
    let mut encodings: Vec<_> = packets
        .iter()
        .filter_map(|packet| {
            let payload = packet.rtp().payload().to_vec();
            let id = payload.get(13..15)?;
            Some((u16::from_be_bytes([id[0], id[1]]) / 1_000) - 1)
        })
        .collect();
    encodings.dedup();
    encodings
}

#[test]
fn without_a_consumer_only_the_lowest_stays_on() {
    let mut sender = Sender::new();
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, LOWEST);
    assert!((1_990..2_200).contains(&asked[0].0), "{asked:?}");
}

#[test]
fn without_a_consumer_the_lowest_that_the_client_sends_stays_on() {
    let mut sender = Sender::new();
    sender.lowest = 1;
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, [true, true, false]);
}

#[test]
fn the_first_consumer_sees_the_lowest_at_once_and_then_the_highest() {
    let mut sender = Sender::new();
    sender.send(5_000);
    let (mut client, consumer) = sender.watch(u8::MAX);
    sender.resume(consumer);
    let asked = sender.asked();
    assert_eq!(asked, [ALL]);
    sender.send(60);
    assert_eq!(encodings(&mut client, &mut sender.world), [0]);
    sender.sends = asked[0].clone();
    sender.send(120);
    assert_eq!(encodings(&mut client, &mut sender.world), [0, 2]);
}

#[test]
fn what_somebody_receives_and_all_below_stays_on() {
    let mut sender = Sender::new();
    let (_low, low) = sender.watch(0);
    let (_middle, middle) = sender.watch(1);
    sender.resume(low);
    sender.resume(middle);
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, [true, true, false]);
    let (_top, top) = sender.watch(2);
    sender.resume(top);
    sender.pause(middle);
    assert_eq!(sender.asked(), [ALL]);
    assert_eq!(sender.send(10_000), []);
}

#[test]
fn a_paused_consumer_wants_nothing_and_a_running_one_gets_its_encoding_at_once() {
    let mut sender = Sender::new();
    let (mut client, consumer) = sender.watch(2);
    sender.resume(consumer);
    sender.send(3_000);
    assert!(sender.sends[2]);
    sender.pause(consumer);
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, LOWEST);
    client.take_rtp(&mut sender.world);
    sender.resume(consumer);
    assert_eq!(sender.asked(), [ALL]);
}

#[test]
fn a_higher_preference_gets_its_encoding_at_once() {
    let mut sender = Sender::new();
    let (mut client, consumer) = sender.watch(0);
    sender.resume(consumer);
    sender.send(5_000);
    assert_eq!(sender.sends, LOWEST);
    sender.prefer(consumer, 1);
    let asked = sender.asked();
    assert_eq!(asked, [[true, true, false]]);
    sender.sends = asked[0].clone();
    client.take_rtp(&mut sender.world);
    sender.send(120);
    assert_eq!(encodings(&mut client, &mut sender.world), [0, 1]);
}

#[test]
fn what_does_not_start_is_replaced_by_the_next_lower_encoding() {
    let mut sender = Sender::new();
    let (mut client, consumer) = sender.watch(0);
    sender.resume(consumer);
    sender.send(5_000);
    sender.prefer(consumer, 2);
    assert_eq!(sender.asked(), [ALL]);
    // The client cannot send the highest one.
    sender.sends = vec![true, true, false];
    assert_eq!(sender.send(10_000), []);
    assert_eq!(encodings(&mut client, &mut sender.world), [0, 1]);
}

#[test]
fn an_encoding_whose_key_frame_is_awaited_stays_on() {
    let mut sender = Sender::new();
    let (_client, consumer) = sender.watch(0);
    sender.resume(consumer);
    sender.lowest = 1;
    sender.sends_key_frames = false;
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, [true, true, false]);
}

#[test]
fn an_encoding_that_is_received_stays_on_until_a_lower_one_starts() {
    let mut sender = Sender::new();
    let (mut client, consumer) = sender.watch(2);
    sender.resume(consumer);
    sender.send(3_000);
    sender.prefer(consumer, 0);
    sender.sends_key_frames = false;
    client.take_rtp(&mut sender.world);
    assert_eq!(sender.send(10_000), []);
    assert_eq!(encodings(&mut client, &mut sender.world), [2]);
    sender.sends_key_frames = true;
    let asked = sender.send(10_000);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, LOWEST);
    assert_eq!(encodings(&mut client, &mut sender.world), [2, 0]);
}

#[test]
fn a_client_that_sends_everything_is_asked_for_a_key_frame_at_once() {
    let mut call = Call::new(simulcast(), video_consumer(OUT_SSRC));
    call.prefer(0, None);
    let send = |call: &mut Call, from: u16, count: u16| {
        for number in from..from + count {
            call.send([0, 2].map(|layer| layer_frame(layer, number, number == 0)));
            call.world.advance(30);
        }
    };
    send(&mut call, 0, 200);
    call.plis();
    call.prefer(2, None);
    assert_eq!(call.plis(), [LAYER_SSRC + 2]);
}

#[test]
fn a_paused_producer_is_asked_for_nothing_new() {
    let mut sender = Sender::new();
    let producer = sender.producer;
    sender.world.execute(Command::PauseProducer { producer });
    assert_eq!(sender.send(10_000), []);
    sender.world.execute(Command::ResumeProducer { producer });
    assert_eq!(sender.send(10_000).len(), 1);
}

#[test]
fn a_producer_of_one_encoding_is_asked_for_nothing() {
    let mut call = Call::video();
    call.world.advance(10_000);
    let events = std::mem::take(&mut call.world.events);
    let asked = |event: &Event| matches!(event, Event::LayersWanted { .. });
    assert!(!events.iter().any(asked));
}

#[test]
fn an_encoding_that_did_not_fit_is_asked_for_when_bandwidth_is_back() {
    let mut call = NetworkCall::new(&[(0, 800), (20, 5_000)], 0.0, 1);
    call.obeys = true;
    call.run(40);
    let before: Vec<_> = call.asked.iter().filter(|(at, _)| *at < 20.0).collect();
    let last = before.last().map(|(_, encodings)| encodings[2]);
    assert_eq!(last, Some(false), "{before:?}");
    let on = call
        .asked
        .iter()
        .find(|(at, encodings)| *at > 20.0 && encodings[2]);
    let on = on.map(|(at, _)| at - 20.0);
    let top = call.first(20.0, |sample| sample.layer == TOP);
    assert!(on.is_some_and(|after| after < 8.0), "{on:?}");
    assert!(top.is_some_and(|after| after < 10.0), "{top:?}");
    assert!(
        call.between(35.0, 40.0)
            .all(|sample| sample.layer.is_none_or(|layer| layer.0 == 2))
    );
    assert!(call.asked.len() <= 8, "{:?}", call.asked);
}

#[test]
fn a_cliff_costs_an_obeying_sender_no_more_than_the_top_layer() {
    for seed in [1, 2] {
        let mut call = NetworkCall::new(&[(0, 4_000), (20, 1_000), (40, 4_000)], 0.0, seed);
        call.obeys = true;
        call.run(50);
        let lower = call.first(20.0, |sample| sample.forwarded < TOP);
        let freeze = call.between(20.0, 40.0).map(|sample| sample.gap);
        let freeze = freeze.fold(0.0, f64::max);
        let middle = call.first(20.0, |sample| {
            sample.layer.is_some_and(|layer| layer.0 == 1)
        });
        let top = call.first(40.0, |sample| {
            sample.layer.is_some_and(|layer| layer.0 == 2)
        });
        let figures = format!(
            "{seed}: lower after {lower:?} s, freeze {freeze} ms, middle after {middle:?} s, top after {top:?} s"
        );
        assert!(lower.is_some_and(|after| after <= 0.5), "{figures}");
        assert!(freeze <= 1_000.0, "{figures}");
        assert!(middle.is_some_and(|after| after <= 5.0), "{figures}");
        assert!(top.is_some_and(|after| after <= 8.0), "{figures}");
    }
}
