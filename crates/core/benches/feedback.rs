//! Measures what transport-wide feedback costs the core per forwarded packet: a worker without sockets forwards bursts of
//! one VP8 producer to 100 consumers, with transport-wide numbers and without, in turn.
//!
//!     cargo bench -p hubbub-core --bench feedback
//!
//! Medians over many bursts, since other processes disturb single ones. Between two bursts, as much memory is read as
//! system calls and other rooms would: otherwise the state of all consumers would stay in the cache.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a terminal program that ends on a failed expectation"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::media::{Packet, vp8};
use common::specs::{consume_running, produce, video, video_consumer};
use common::{Client, World};
use hubbub_core::api::{ConsumerSpec, FeedbackKind};

const CONSUMERS: u8 = 100;
/// Packets of a frame.
const BURST: u16 = 10;
const BURSTS: usize = 2_000;
/// The first ones let what is remembered grow to its bound.
const WARM_UP: usize = 1_000;
/// Bursts per second: clients that send no connectivity checks are there for 30 s.
const RATE: u64 = 100;
const PACKET_BYTES: usize = 1_100;
/// The second-level cache of current processors.
const OTHER_MEMORY: usize = 1 << 20;

fn main() {
    let mut without = Room::new(FeedbackKind::None);
    let mut with = Room::new(FeedbackKind::TransportCc);
    let other = vec![1_u8; OTHER_MEMORY];
    let (mut plain, mut numbered) = (Vec::new(), Vec::new());
    for burst in 0..BURSTS {
        for (room, costs) in [(&mut without, &mut plain), (&mut with, &mut numbered)] {
            black_box(
                other
                    .iter()
                    .step_by(64)
                    .map(|byte| u64::from(*byte))
                    .sum::<u64>(),
            );
            let cost = room.forward();
            if burst >= WARM_UP {
                costs.push(cost);
            }
        }
    }
    let (plain, numbered) = (median(plain), median(numbered));
    println!("without feedback: {plain:.0} ns a packet");
    println!(
        "with transport-wide numbers: {numbered:.0} ns, {:.2} of that",
        numbered / plain
    );
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

struct Room {
    world: World,
    sender: Client,
    sequence: u16,
}

impl Room {
    fn new(feedback: FeedbackKind) -> Self {
        let mut world = World::new();
        let sender = Client::connected(&mut world, 1);
        let producer = produce(&mut world, sender.transport, 1, video());
        for number in 2..2 + CONSUMERS {
            let receiver = Client::connected(&mut world, number);
            let spec = ConsumerSpec {
                feedback,
                ..video_consumer(5_000)
            };
            consume_running(
                &mut world,
                receiver.transport,
                producer,
                number.into(),
                spec,
            );
        }
        Self {
            world,
            sender,
            sequence: 0,
        }
    }

    /// Forwards a frame. Returns the time per forwarded packet, nanoseconds.
    fn forward(&mut self) -> f64 {
        let packets: Vec<_> = (0..BURST).map(|_| self.packet()).collect();
        self.world.worker.handle_timeout(self.world.now);
        self.world.worker.outbox().clear();
        let started = Instant::now();
        for mut packet in packets {
            let (now, path) = (self.world.now, self.sender.path);
            self.world.worker.handle_datagram(now, path, &mut packet);
        }
        let took = started.elapsed();
        let outbox = self.world.worker.outbox();
        let sent = outbox.len();
        outbox.clear();
        drop(self.world.worker.drain_events());
        assert_eq!(sent, usize::from(CONSUMERS) * usize::from(BURST));
        self.world.now = self.world.now.plus(1_000_000 / RATE);
        took.as_nanos() as f64 / sent as f64
    }

    fn packet(&mut self) -> Vec<u8> {
        self.sequence += 1;
        let mut packet = vp8(self.sequence, self.sequence == 1);
        packet.payload.resize(PACKET_BYTES, 0);
        self.sender.protect(&Packet { ..packet }.bytes())
    }
}
