//! Measures what a room over two workers costs, of one process or of two nodes, compared with the same room on one: CPU time of
//! all workers per packet that is forwarded to a client.
//!
//!     cargo bench -p hubbub-io --bench pipes
//!
//! Peers send as in `rooms`. Over two workers, half of the peers are on each, and every producer crosses once: through rings, or
//! by SRTP over UDP, with feedback.
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
mod subscribers;

use std::thread;
use std::time::{Duration, Instant};

use common::{Client, Node, pipes};
use hubbub_io::ThreadCounters;
use peers::{Publisher, publish};
use receiver::Receiver;
use subscribers::Subscribers;

const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(3);
/// The machine is not equally fast at all times, so the two are measured in turn.
const ROUNDS: usize = 3;

/// Peers of the room, of which some send.
const SHAPES: [(usize, usize); 4] = [(20, 10), (80, 4), (200, 2), (400, 1)];

fn main() {
    println!(
        "peers  senders  on           forwarded/s  crossed/s  dropped  lost     ns/packet  ratio to one worker"
    );
    for (peers, senders) in SHAPES {
        let mut costs = [Cost::default(), Cost::default(), Cost::default()];
        for _ in 0..ROUNDS {
            for (spread, cost) in SPREADS.into_iter().zip(&mut costs) {
                cost.add(&carry(peers, senders, spread));
            }
        }
        let one = costs[0].nanoseconds();
        for (spread, cost) in SPREADS.into_iter().zip(&costs) {
            println!(
                "{peers:>5} {senders:>8}  {:<11} {:>12.0} {:>10.0} {:>8} {:>5.2} % {:>12.0} {:>20.2}",
                spread.name(),
                cost.forwarded / cost.seconds,
                cost.crossed / cost.seconds,
                cost.dropped,
                cost.lost() * 100.0,
                cost.nanoseconds(),
                cost.nanoseconds() / one,
            );
        }
    }
}

/// What a room is on.
#[derive(Clone, Copy, PartialEq)]
enum Spread {
    OneWorker,
    TwoWorkers,
    TwoNodes,
}

const SPREADS: [Spread; 3] = [Spread::OneWorker, Spread::TwoWorkers, Spread::TwoNodes];

impl Spread {
    const fn name(self) -> &'static str {
        match self {
            Self::OneWorker => "one worker",
            Self::TwoWorkers => "two workers",
            Self::TwoNodes => "two nodes",
        }
    }

    /// The workers, joined by a link.
    fn nodes(self) -> Vec<Node> {
        match self {
            Self::OneWorker => Node::workers(1),
            Self::TwoWorkers => {
                let mut nodes = Node::workers(2);
                pipes::join(&mut nodes);
                nodes
            }
            Self::TwoNodes => {
                let mut nodes = vec![Node::start(), Node::start()];
                let addresses = [nodes[0].worker.address(), nodes[1].worker.address()];
                pipes::join_nodes(&mut nodes, addresses);
                nodes
            }
        }
    }
}

/// What carrying a room costs.
#[derive(Default)]
struct Cost {
    seconds: f64,
    /// CPU time of all workers, seconds.
    cpu: f64,
    /// Packets to clients, and of these, RTP packets that were sent and that arrived.
    forwarded: f64,
    expected: f64,
    arrived: f64,
    /// Packets between the workers.
    crossed: f64,
    dropped: u64,
}

impl Cost {
    fn add(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.forwarded += other.forwarded;
        self.expected += other.expected;
        self.arrived += other.arrived;
        self.crossed += other.crossed;
        self.dropped += other.dropped;
    }

    fn nanoseconds(&self) -> f64 {
        self.cpu * 1e9 / self.forwarded
    }

    /// Packets in flight at the start are counted too.
    fn lost(&self) -> f64 {
        (1.0 - self.arrived / self.expected).max(0.0)
    }
}

fn carry(peers: usize, senders: usize, spread: Spread) -> Cost {
    let mut nodes = spread.nodes();
    let workers = nodes.len();
    let mut publishers: Vec<_> = (0..senders)
        .map(|nth| {
            let node = &mut nodes[nth % workers];
            let client = Client::connected(node, 1 + nth as u64);
            Publisher::new(node, client)
        })
        .collect();
    if workers > 1 {
        for (nth, publisher) in publishers.iter().enumerate() {
            let ends = (nth % workers, 1 - nth % workers);
            publisher.carry(&mut nodes, ends, spread == Spread::TwoNodes);
        }
    }
    let receivers = (0..peers)
        .map(|peer| {
            let node = &mut nodes[peer % workers];
            let client = Client::connected(node, 1_000 + peer as u64);
            for (nth, publisher) in publishers.iter().enumerate() {
                // Nobody receives himself.
                if nth != peer {
                    publisher.add_consumers(node, &client, nth, true);
                }
            }
            Receiver::new(client)
        })
        .collect();
    let subscribers = Subscribers::start(receivers);
    publish(&mut publishers, WARM_UP);
    let counters = || {
        nodes
            .iter()
            .map(|node| node.worker.counters())
            .collect::<Vec<_>>()
    };
    let (before, began, received) = (counters(), Instant::now(), subscribers.received());
    let sent = publish(&mut publishers, MEASURED);
    thread::sleep(Duration::from_millis(50));
    let (after, took) = (counters(), began.elapsed().as_secs_f64());
    let arrived = subscribers.received() - received;
    subscribers.stop();
    let total = |of: fn(&ThreadCounters) -> u64| {
        let sum = |counters: &[ThreadCounters]| counters.iter().map(of).sum::<u64>();
        sum(&after) - sum(&before)
    };
    Cost {
        seconds: took,
        cpu: total(|counters| counters.cpu_us) as f64 / 1e6,
        forwarded: total(|counters| counters.sent.datagrams - counters.worker.linked_sent) as f64,
        expected: (sent * (peers as u64 - 1)) as f64,
        arrived: arrived as f64,
        crossed: total(|counters| counters.rings.sent + counters.worker.linked_sent) as f64,
        dropped: total(|counters| counters.rings.dropped),
    }
}
