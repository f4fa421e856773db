//! Counts what arrives in large rooms over several workers and nodes, without loss on the way: nothing may be missing, and nothing
//! may arrive twice. Every packet that arrives is authenticated.
//!
//!     cargo bench -p hubbub-io --bench delivery
//!
//! Peers send as in `rooms`, from the first packet to the last one of which the arrival is awaited. A machine that is too slow
//! for the clients of a room drops their packets from the buffers of the sockets.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a terminal program that ends on a failed expectation"
)]

mod audience;
#[path = "../tests/common/mod.rs"]
mod common;
mod peers;

use std::thread;
use std::time::{Duration, Instant};

use audience::{Arrived, Audience};
use common::{Client, Node, pipes};
use hubbub_io::ThreadCounters;
use peers::{Publisher, publish};
use rustix::process::{Resource, getrlimit, setrlimit};

const SENT_FOR: Duration = Duration::from_secs(5);
/// What has not arrived when nothing more has for this long is lost.
const SILENCE: Duration = Duration::from_secs(3);

/// A room. Its peers are on the workers in turn.
struct Room {
    name: &'static str,
    peers: usize,
    senders: usize,
    has_video: bool,
    workers: usize,
    /// Each worker is a node of its own.
    are_nodes: bool,
}

const ROOMS: [Room; 3] = [
    Room {
        name: "a speaker and 1,000 listeners, 2 workers",
        peers: 1_001,
        senders: 1,
        has_video: false,
        workers: 2,
        are_nodes: false,
    },
    Room {
        name: "the same, with video",
        peers: 1_001,
        senders: 1,
        has_video: true,
        workers: 2,
        are_nodes: false,
    },
    Room {
        name: "100 people, 5 with audio and video, 3 nodes",
        peers: 100,
        senders: 5,
        has_video: true,
        workers: 3,
        are_nodes: true,
    },
];

fn main() {
    allow_many_sockets();
    println!("goal: nothing missing, nothing twice, nothing refused");
    println!(
        "room                                         goal    expected  missing  twice  refused  arrived/s  crossed  \
         dropped by workers  busiest worker"
    );
    for room in ROOMS {
        let delivery = room.fill();
        let (expected, arrived) = (delivery.expected, delivery.arrived);
        let missing = expected.saturating_sub(arrived.once);
        let is_met = (missing, arrived.twice, arrived.refused) == (0, 0, 0);
        println!(
            "{:<44} {:<6} {expected:>9} {missing:>8} {:>6} {:>8} {:>10.0} {:>8} {:>19} {:>13.0} %",
            room.name,
            if is_met { "met" } else { "missed" },
            arrived.twice,
            arrived.refused,
            arrived.once as f64 / SENT_FOR.as_secs_f64(),
            delivery.crossed,
            delivery.dropped,
            delivery.busiest * 100.0,
        );
    }
}

/// What became of the packets that were sent.
struct Delivery {
    /// Packets, once for each peer that should get them.
    expected: u64,
    arrived: Arrived,
    /// Packets between the workers.
    crossed: u64,
    /// Packets that workers could not hand on.
    dropped: u64,
    /// CPU time of the busiest worker, as a part of a core.
    busiest: f64,
}

impl Room {
    fn fill(&self) -> Delivery {
        let mut nodes = self.nodes();
        let mut publishers: Vec<_> = (0..self.senders)
            .map(|nth| {
                let node = &mut nodes[nth % self.workers];
                let client = Client::connected(node, 1 + nth as u64);
                if self.has_video {
                    Publisher::new(node, client)
                } else {
                    Publisher::of_audio(node, client)
                }
            })
            .collect();
        for (nth, publisher) in publishers.iter().enumerate() {
            let from = nth % self.workers;
            for to in (0..self.workers).filter(|to| *to != from) {
                publisher.carry(&mut nodes, (from, to), self.are_nodes);
            }
        }
        let listeners = (0..self.peers)
            .map(|peer| {
                let node = &mut nodes[peer % self.workers];
                let client = Client::connected(node, 1_000 + peer as u64);
                for (nth, publisher) in publishers.iter().enumerate() {
                    // Nobody receives himself.
                    if nth != peer {
                        publisher.add_consumers(node, &client, nth, false);
                    }
                }
                client
            })
            .collect();
        let audience = Audience::start(listeners);
        let (before, began) = (counters(&nodes), Instant::now());
        for publisher in &mut publishers {
            publisher.start();
        }
        let expected = publish(&mut publishers, SENT_FOR) * (self.peers as u64 - 1);
        let took = began.elapsed().as_secs_f64();
        let after = counters(&nodes);
        audience.wait(expected, SILENCE);
        // The workers publish their counters every 10 ms.
        thread::sleep(Duration::from_millis(50));
        let total = |of: fn(&ThreadCounters) -> u64| {
            counters(&nodes).iter().map(of).sum::<u64>() - before.iter().map(of).sum::<u64>()
        };
        let busy = before.iter().zip(&after);
        Delivery {
            expected,
            arrived: audience.end(),
            crossed: total(|counters| counters.rings.sent + counters.worker.linked_sent),
            dropped: total(|counters| {
                let full = counters.sent.overflow;
                counters.rings.dropped + counters.sent.refused + full.video + full.audio
            }),
            busiest: busy
                .map(|(before, after)| (after.cpu_us - before.cpu_us) as f64 / 1e6 / took)
                .fold(0.0, f64::max),
        }
    }

    /// The workers, joined to each other.
    fn nodes(&self) -> Vec<Node> {
        if self.are_nodes {
            let mut nodes: Vec<_> = (0..self.workers).map(|_| Node::start()).collect();
            pipes::join_all_nodes(&mut nodes);
            return nodes;
        }
        let mut nodes = Node::workers(self.workers);
        pipes::join(&mut nodes);
        nodes
    }
}

fn counters(nodes: &[Node]) -> Vec<ThreadCounters> {
    nodes.iter().map(|node| node.worker.counters()).collect()
}

/// Each client has a socket: usually, a process may have 1,024.
fn allow_many_sockets() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the limit that is allowed");
}
