//! Bad networks, with fixed seeds: rows 23 to 25 of docs/security.md. Loss, duplicates and another order on each way between
//! the clients and the worker are repaired, and each packet is forwarded once; a cliff of the bandwidth costs layers, for a
//! short time.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what was measured"
)]

use std::collections::BTreeMap;

use hubbub_core::api::Micros;
use hubbub_netem::{Link, LinkConfig, Loss};
use hubbub_wire::rtcp::{NackBuilder, RtcpPacket, RtcpWrite};
use hubbub_wire::rtp::RtpPacket;

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8_part};
use crate::common::network::{NetworkCall, TOP};

const MS: u64 = 1_000;
/// Between two packets of the sender.
const INTERVAL: u64 = 10 * MS;
/// Packets of a frame.
const PARTS: u16 = 3;
const ONE_WAY: u64 = 25 * MS;
/// The receiver's NACKs are those of libwebrtc: again after a round trip, ten times.
const REPEAT: u64 = 70 * MS;
const MAX_TRIES: u32 = 10;
const SEEDS: [u64; 2] = [1, 2];

fn link(config: &LinkConfig) -> LinkConfig {
    LinkConfig {
        delay: ONE_WAY,
        ..config.clone()
    }
}

/// A call in which each way is a link of its own. Packets count from 0. The first of them, a key frame, arrive for sure.
struct BadNetwork {
    call: Call,
    from_sender: Link<Vec<u8>>,
    to_sender: Link<Vec<u16>>,
    to_receiver: Link<Vec<u8>>,
    from_receiver: Link<Vec<u8>>,
    first: u16,
    next: u16,
    next_send: Micros,
    next_check: Micros,
    repairs: u16,
    /// The worker's number of packet 0.
    base: u16,
    /// By packet: how often the worker sent it, and repeated it.
    forwarded: BTreeMap<u16, u32>,
    repeated: BTreeMap<u16, u32>,
    /// By packet: how often the receiver asked for it.
    asked: BTreeMap<u16, u32>,
    got: BTreeMap<u16, Vec<u8>>,
    /// By packet: when the receiver asked for it last, and how often.
    missing: BTreeMap<u16, (Option<Micros>, u32)>,
}

impl BadNetwork {
    fn new(config: &LinkConfig, seed: u64) -> Self {
        let mut call = Call::video();
        let first = 1_000 * seed as u16;
        call.send((0..PARTS).map(|number| packet(first, number)));
        let key_frame = call.received();
        let base = key_frame[0].rtp().sequence_number();
        let key_frame = key_frame.iter().map(|packet| read(&packet.0, base));
        let got: BTreeMap<_, _> = key_frame
            .map(|(number, _, payload)| (number, payload))
            .collect();
        let now = call.world.now;
        Self {
            from_sender: Link::new(link(config), seed),
            to_sender: Link::new(link(config), seed + 100),
            to_receiver: Link::new(link(config), seed + 200),
            from_receiver: Link::new(link(config), seed + 300),
            call,
            first,
            next: PARTS,
            next_send: now,
            next_check: now,
            repairs: 0,
            base,
            forwarded: got.keys().map(|number| (*number, 1)).collect(),
            repeated: BTreeMap::new(),
            asked: BTreeMap::new(),
            got,
            missing: BTreeMap::new(),
        }
    }

    fn packet(&self, number: u16) -> Packet<'static> {
        packet(self.first, number)
    }

    /// Sends this many packets more.
    fn run(&mut self, packets: u16) {
        let end = self.next + packets;
        while self.next < end {
            self.call.world.now = self.call.world.now.plus(5 * MS);
            self.send();
            self.carry();
            self.call.world.timeout();
            self.answer();
            self.receive();
        }
    }

    /// Sends some packets more after the links became good ones.
    fn run_without_loss(&mut self, packets: u16) {
        let good = link(&LinkConfig::default());
        // What is still on the way is lost.
        self.from_sender = Link::new(good.clone(), 0);
        self.to_sender = Link::new(good.clone(), 0);
        self.to_receiver = Link::new(good.clone(), 0);
        self.from_receiver = Link::new(good, 0);
        self.run(packets);
    }

    fn send(&mut self) {
        let now = self.call.world.now;
        if now >= self.next_send {
            self.next_send = now.plus(INTERVAL);
            let datagram = self.call.sender.protect(&self.packet(self.next).bytes());
            self.from_sender.send(now, datagram.len(), datagram);
            self.next += 1;
        }
        if now >= self.next_check {
            self.next_check = now.plus(3_000 * MS);
            self.call.sender.check(&mut self.call.world, true);
            self.call.receiver.check(&mut self.call.world, true);
        }
    }

    /// Carries what arrives at the worker.
    fn carry(&mut self) {
        let world = &mut self.call.world;
        let now = world.now;
        while let Some(datagram) = self.from_sender.receive(now) {
            world.datagram(self.call.sender.path, &datagram);
        }
        while let Some(datagram) = self.from_receiver.receive(now) {
            world.datagram(self.call.receiver.path, &datagram);
        }
    }

    /// The sender repeats what the worker asks for.
    fn answer(&mut self) {
        let now = self.call.world.now;
        let nacks = self
            .call
            .sender
            .take_rtcp(&mut self.call.world, |packet| match packet {
                RtcpPacket::Nack(nack) => Some(nack.lost().collect::<Vec<_>>()),
                _ => None,
            });
        for lost in nacks {
            self.to_sender.send(now, 50, lost);
        }
        while let Some(lost) = self.to_sender.receive(now) {
            for number in lost {
                self.repairs += 1;
                let packet = rtx(&self.packet(number - self.first), self.repairs);
                let datagram = self.call.sender.protect(&packet.bytes());
                self.from_sender.send(now, datagram.len(), datagram);
            }
        }
    }

    fn receive(&mut self) {
        let now = self.call.world.now;
        for packet in self.call.received() {
            let (number, is_repeated, payload) = read(&packet.0, self.base);
            let sent = self.packet(number).payload;
            assert_eq!(payload, sent, "{number} is in the place of another packet");
            let counts = if is_repeated {
                &mut self.repeated
            } else {
                &mut self.forwarded
            };
            *counts.entry(number).or_default() += 1;
            self.to_receiver.send(now, packet.0.len(), packet.0);
        }
        while let Some(packet) = self.to_receiver.receive(now) {
            let (number, _, payload) = read(&packet, self.base);
            let highest = *self.got.keys().next_back().expect("the key frame");
            for missing in highest + 1..number {
                self.missing.insert(missing, (None, 0));
            }
            self.missing.remove(&number);
            self.got.insert(number, payload);
        }
        let mut lost = Vec::new();
        for (number, (asked, tries)) in &mut self.missing {
            let is_due = asked.is_none_or(|asked| now.since(asked) >= REPEAT);
            if is_due && *tries < MAX_TRIES {
                *asked = Some(now);
                *tries += 1;
                *self.asked.entry(*number).or_default() += 1;
                lost.push(self.base.wrapping_add(*number));
            }
        }
        if !lost.is_empty() {
            let nack = NackBuilder {
                sender_ssrc: 1,
                media_ssrc: OUT_SSRC,
                lost: &lost,
            };
            let mut buffer = vec![0; 1_500];
            let len = nack.write(&mut buffer).expect("buffer is large enough");
            let datagram = self.call.receiver.protect_rtcp(&buffer[..len]);
            self.from_receiver.send(now, datagram.len(), datagram);
        }
    }

    /// No packet was forwarded twice, and none was repeated more often than the receiver asked for it.
    fn check(&self) {
        let twice = self.forwarded.iter().find(|(_, count)| **count > 1);
        assert_eq!(twice, None);
        for (number, count) in &self.repeated {
            assert!(Some(count) <= self.asked.get(number), "{number}");
        }
    }

    /// The percentage of the first `count` packets that is missing in a map.
    fn percent_missing<T>(count: u16, arrived: &BTreeMap<u16, T>) -> f64 {
        let arrived = arrived.range(..count).count();
        100.0 * (1.0 - arrived as f64 / f64::from(count))
    }
}

/// A packet of a sender whose first one has the sequence number `first`.
fn packet(first: u16, number: u16) -> Packet<'static> {
    let (picture, part) = (number / PARTS, number % PARTS);
    vp8_part(first + number, picture, part, PARTS, picture == 0)
}

/// The number of a packet that the worker sent, whether it is a repetition, and its payload.
fn read(packet: &[u8], base: u16) -> (u16, bool, Vec<u8>) {
    let rtp = RtpPacket::parse(packet).expect("RTP");
    if rtp.ssrc() == OUT_SSRC {
        let number = rtp.sequence_number().wrapping_sub(base);
        return (number, false, rtp.payload().to_vec());
    }
    let (number, payload) = rtp.payload().split_first_chunk::<2>().expect("a number");
    let number = u16::from_be_bytes(*number).wrapping_sub(base);
    (number, true, payload.to_vec())
}

#[test]
fn loss_on_every_way_is_repaired() {
    const COUNT: u16 = 3_000;
    for (percent, seed) in [(1, 1), (5, 1), (5, 2), (10, 1), (20, 1)] {
        let config = LinkConfig {
            loss: Loss::Random(f64::from(percent) / 100.0),
            ..LinkConfig::default()
        };
        let mut network = BadNetwork::new(&config, seed);
        // What was sent in the last two seconds is still being repaired.
        network.run(COUNT + 200);
        network.check();
        let worker = BadNetwork::percent_missing(COUNT, &network.forwarded);
        let receiver = BadNetwork::percent_missing(COUNT, &network.got);
        let figures = format!(
            "{percent} % lost on each way, seed {seed}: {worker:.2} % missing at the worker, {receiver:.2} % at the receiver"
        );
        println!("{figures}");
        if percent <= 5 {
            assert!(worker <= 0.5 && receiver - worker <= 0.5, "{figures}");
        }
    }
}

#[test]
fn duplicates_and_another_order_change_neither_numbers_nor_what_is_forwarded() {
    for seed in SEEDS {
        let config = LinkConfig {
            duplicate: 0.05,
            reorder: 0.1,
            reorder_by: ONE_WAY,
            ..LinkConfig::default()
        };
        let mut network = BadNetwork::new(&config, seed);
        network.run(3_000);
        network.check();
        let arrived = 3_000 - ONE_WAY.div_ceil(INTERVAL) as u16;
        let numbers: Vec<_> = network.forwarded.keys().copied().collect();
        assert_eq!(numbers[..arrived.into()], Vec::from_iter(0..arrived));
        let stats = network.call.world.producer_stats(network.call.producer);
        let (lost, dropped) = (stats.streams[0].lost, stats.streams[0].dropped);
        // Late originals of which the sender had sent a repetition already.
        assert!(lost <= 0 && dropped > 0, "{seed}: {lost} {dropped}");
    }
}

#[test]
fn all_of_it_at_once_costs_no_packet() {
    for seed in 1..=12 {
        let config = LinkConfig {
            loss: Loss::Random(0.1),
            duplicate: 0.05,
            reorder: 0.1,
            reorder_by: ONE_WAY,
            ..LinkConfig::default()
        };
        let mut network = BadNetwork::new(&config, seed);
        network.run(400);
        network.run_without_loss(200);
        network.check();
        let arrived: Vec<_> = network.got.range(..550).collect();
        assert_eq!(arrived.len(), 550, "{seed}");
    }
}

#[test]
fn after_a_cliff_to_a_tenth_lower_layers_come_within_3_s_and_all_return_within_15() {
    for seed in SEEDS {
        let mut call = NetworkCall::new(&[(0, 4_000), (20, 400), (40, 4_000)], 0.0, seed);
        call.run(56);
        let before = call
            .between(15.0, 20.0)
            .filter(|sample| sample.layer == TOP);
        assert!(
            before.count() > 10,
            "{seed}: the top layer before the cliff"
        );
        // Of the lowest encoding, all fits; of the next one, the lower temporal layer.
        let fits = |layer: Option<(u8, u8)>| layer.is_some_and(|layer| layer <= (1, 0));
        let lower = call.first(20.0, |sample| fits(sample.layer));
        let below = call
            .between(23.0, 40.0)
            .all(|sample| sample.forwarded < TOP);
        let top = call.first(40.0, |sample| sample.layer == TOP);
        let figures = format!("seed {seed}: lower after {lower:?} s, top after {top:?} s");
        println!("{figures}");
        assert!(lower.is_some_and(|after| after <= 3.0), "{figures}");
        assert!(below, "{figures}");
        assert!(top.is_some_and(|after| after <= 15.0), "{figures}");
    }
}
