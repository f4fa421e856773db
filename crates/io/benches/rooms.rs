//! Measures the cost of a call: CPU time of one worker that serves rooms whose peers send audio and video at real
//! rates, and from it the number of peers per core.
//!
//!     cargo bench -p hubbub-io --bench rooms
//!     cargo bench -p hubbub-io --bench rooms -- "calls of two" "rooms of four"
//!
//! Each peer has two transports, as with mediasoup-client. A publisher sends Opus at 50 packets per second and VP8 at
//! 30 frames of four packets per second, about 1 Mbit/s. Each peer receives all others. All sockets are on loopback,
//! where a `send` includes the copy into the receiver's buffer. Subscribers send no RTCP but transport-wide feedback, as
//! Chromium does, in the rows that say so.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a terminal program that ends on a failed expectation"
)]

#[path = "../tests/common/mod.rs"]
mod common;
mod peers;
mod receiver;
mod reference;
mod subscribers;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use common::{Client, Node};
use hubbub_io::ThreadCounters;
use peers::{Publisher, publish};
use receiver::Receiver;
use reference::encrypt_and_send;
use subscribers::Subscribers;

const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(6);

/// Target load of a worker, as a share of a core. Above it, queues grow in every burst.
const BUDGET: f64 = 0.7;

/// A number of rooms, peers per room and senders per room.
struct Shape {
    name: &'static str,
    rooms: usize,
    peers: usize,
    senders: usize,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "calls of two",
        rooms: 30,
        peers: 2,
        senders: 2,
    },
    Shape {
        name: "rooms of four",
        rooms: 12,
        peers: 4,
        senders: 4,
    },
    Shape {
        name: "rooms of ten",
        rooms: 3,
        peers: 10,
        senders: 10,
    },
    Shape {
        name: "one room of thirty",
        rooms: 1,
        peers: 30,
        senders: 30,
    },
    Shape {
        name: "one sends to 200",
        rooms: 1,
        peers: 201,
        senders: 1,
    },
];

fn main() {
    let chosen: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let raw = encrypt_and_send(100, 100_000);
    println!("encrypt and send, sendmmsg to 100 addresses: {raw:.0} ns a packet\n");
    println!(
        "                     feedback   peers  packets/s in      out  packets/message  Mbit/s out  of a core  \
         ns/packet out  of encrypt+send    lost  peers per core at {:.0} %",
        BUDGET * 100.0
    );
    let is_chosen =
        |shape: &&Shape| chosen.is_empty() || chosen.iter().any(|name| name == shape.name);
    for shape in SHAPES.iter().filter(is_chosen) {
        for feedback in [false, true] {
            let cost = carry(shape, feedback);
            let peers = (shape.rooms * shape.peers) as f64;
            let ns = cost.cpu * 1e9 / cost.sent;
            println!(
                "{:<19}  {:<8} {peers:>7} {:>13.0} {:>8.0} {:>16.1} {:>11.0} {:>8.1} % {ns:>14.0} {:>16.2} {:>5.2} % {:>23.0}",
                shape.name,
                if feedback { "returned" } else { "none" },
                cost.received,
                cost.sent,
                cost.grouping,
                cost.megabits,
                cost.cpu * 100.0,
                ns / raw,
                cost.lost * 100.0,
                peers * BUDGET / cost.cpu,
            );
        }
    }
}

/// The load of one worker, per second.
struct Cost {
    received: f64,
    sent: f64,
    /// Packets per message to the kernel.
    grouping: f64,
    megabits: f64,
    /// CPU time, as a share of a core.
    cpu: f64,
    /// Share of the RTP packets that were not received.
    lost: f64,
}

/// Carries the rooms of a shape. With `feedback`, video has transport-wide numbers and the subscribers report on them.
fn carry(shape: &Shape, feedback: bool) -> Cost {
    let mut node = Node::start();
    let mut publishers = Vec::new();
    let mut receivers = Vec::new();
    let mut number = 0;
    for _ in 0..shape.rooms {
        let senders: Vec<_> = (0..shape.senders)
            .map(|_| {
                number += 1;
                let client = Client::connected(&mut node, number);
                Publisher::new(&mut node, client)
            })
            .collect();
        for subscriber in 0..shape.peers {
            number += 1;
            let client = Client::connected(&mut node, number);
            for (nth, publisher) in senders
                .iter()
                .enumerate()
                .filter(|&(nth, _)| nth != subscriber)
            {
                publisher.add_consumers(&mut node, &client, nth, feedback);
            }
            receivers.push(Receiver::new(client));
        }
        publishers.extend(senders);
    }
    let copies = shape.peers as u64 - 1;
    let subscribers = Subscribers::start(receivers);
    publish(&mut publishers, WARM_UP);
    let (before, began) = (node.worker.counters(), Instant::now());
    let received = subscribers.received();
    let sent = publish(&mut publishers, MEASURED);
    thread::sleep(Duration::from_millis(50));
    let (after, took) = (node.worker.counters(), began.elapsed().as_secs_f64());
    let arrived = subscribers.received() - received;
    subscribers.stop();
    let total = |of: fn(&ThreadCounters) -> u64| (of(&after) - of(&before)) as f64 / took;
    Cost {
        received: total(|counters| counters.worker.packets_received),
        sent: total(|counters| counters.sent.datagrams),
        grouping: total(|counters| counters.sent.datagrams)
            / total(|counters| counters.sent.messages),
        megabits: total(|counters| counters.worker.bytes_sent) * 8.0 / 1e6,
        cpu: total(|counters| counters.cpu_us) / 1e6,
        // Packets in flight at the start are counted too.
        lost: (1.0 - arrived as f64 / (sent * copies) as f64).max(0.0),
    }
}
