//! Carries calls through a worker without sockets, in virtual time: the work of the core is the same in each run, so that
//! its instructions can be counted.
//!
//!     cargo bench -p hubbub-core --bench rooms
//!     valgrind --tool=callgrind --cache-sim=yes --collect-atstart=no --toggle-collect='*counted_*' \
//!         target/release/deps/rooms-* two none
//!
//! The rooms are those of `cargo bench -p hubbub-io --bench rooms`. Without arguments, it prints the time that the core takes
//! per forwarded packet. The arguments choose one shape (`two`, `four`), and whether subscribers return feedback (`none`,
//! `returned`); what callgrind counts is divided by the packets that are printed.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a terminal program that ends on a failed expectation"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../../io/benches/peers/streams.rs"]
mod streams;

use std::env;
use std::time::{Duration, Instant};

use common::{Client, World};
use hubbub_core::Worker;
use hubbub_core::api::{Command, ConsumerId, Micros, Path};
use hubbub_netem::TransportCcReceiver;
use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpPacket;
use streams::{AUDIO_EVERY_US, PICTURE_EVERY_US, Stream};

/// Until histories of sent packets have grown to their size.
const WARM_UP_US: u64 = 12_000_000;
const MEASURED_US: u64 = 4_000_000;
/// The worker is woken at most this often.
const STEP_US: u64 = 300;

const TRANSPORT_CC: u8 = 5;

/// A number of rooms and of peers in each; all of them send.
struct Shape {
    name: &'static str,
    rooms: usize,
    peers: usize,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "two",
        rooms: 30,
        peers: 2,
    },
    Shape {
        name: "four",
        rooms: 12,
        peers: 4,
    },
];

fn main() {
    let chosen: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|other| other == name);
    for shape in &SHAPES {
        for (name, feedback) in [("none", false), ("returned", true)] {
            if is_chosen(shape.name) && is_chosen(name) {
                let (packets, took) = Call::new(shape, feedback).carry();
                println!(
                    "rooms of {}, feedback {name}: {packets} packets forwarded, {:.0} ns each",
                    shape.name,
                    took.as_nanos() as f64 / packets as f64
                );
            }
        }
    }
}

/// The rooms of a shape, and what they have cost.
struct Call {
    world: World,
    publishers: Vec<Publisher>,
    subscribers: Vec<Subscriber>,
    datagrams: Vec<(Path, Vec<u8>)>,
    is_counted: bool,
    forwarded: u64,
    took: Duration,
}

impl Call {
    fn new(shape: &Shape, feedback: bool) -> Self {
        let mut world = World::new();
        let (mut publishers, mut subscribers) = (Vec::new(), Vec::new());
        let mut number = 0;
        let mut connect = |world: &mut World| {
            number += 1;
            Client::connected(world, number)
        };
        for _ in 0..shape.rooms {
            let senders: Vec<_> = (0..shape.peers)
                .map(|_| {
                    let client = connect(&mut world);
                    Publisher::new(&mut world, client)
                })
                .collect();
            for subscriber in 0..shape.peers {
                let client = connect(&mut world);
                for (nth, publisher) in senders.iter().enumerate() {
                    if nth != subscriber {
                        publisher.add_consumers(&mut world, &client, nth, feedback);
                    }
                }
                subscribers.push(Subscriber {
                    client,
                    arrivals: TransportCcReceiver::new(world.now, None),
                });
            }
            publishers.extend(senders);
        }
        Self {
            world,
            publishers,
            subscribers,
            datagrams: Vec::new(),
            is_counted: false,
            forwarded: 0,
            took: Duration::ZERO,
        }
    }

    /// Returns the forwarded packets and the time that the core took, both without those of the start.
    fn carry(mut self) -> (u64, Duration) {
        self.run(WARM_UP_US);
        self.is_counted = true;
        self.forwarded = 0;
        self.took = Duration::ZERO;
        self.run(MEASURED_US);
        (self.forwarded, self.took)
    }

    fn run(&mut self, duration: u64) {
        let until = self.world.now.plus(duration);
        while self.world.now < until {
            self.world.now = self.world.now.plus(STEP_US);
            let now = self.world.now;
            for publisher in &mut self.publishers {
                publisher.send_due(now, &mut self.datagrams);
            }
            for subscriber in &mut self.subscribers {
                subscriber.return_feedback(now, &mut self.datagrams);
            }
            self.serve(now);
        }
    }

    /// Lets the worker do what is due, and the subscribers receive what it sends.
    fn serve(&mut self, now: Micros) {
        let worker = &mut self.world.worker;
        let began = Instant::now();
        for (path, datagram) in &mut self.datagrams {
            if self.is_counted {
                counted_datagram(worker, now, *path, datagram);
            } else {
                worker.handle_datagram(now, *path, datagram);
            }
        }
        if worker.next_deadline().is_some_and(|at| at <= now) {
            if self.is_counted {
                counted_timeout(worker, now);
            } else {
                worker.handle_timeout(now);
            }
        }
        self.took += began.elapsed();
        self.datagrams.clear();
        drop(worker.drain_events());
        let outbox = worker.outbox();
        for (datagram, path, _) in outbox.iter() {
            if PacketKind::of(datagram) == PacketKind::Rtp {
                self.forwarded += 1;
                let mut subscribers = self.subscribers.iter_mut();
                let receiver = subscribers.find(|subscriber| subscriber.client.path == path);
                receiver.expect("a subscriber").arrived(now, datagram);
            }
        }
        outbox.clear();
    }
}

#[inline(never)]
fn counted_datagram(worker: &mut Worker, now: Micros, path: Path, datagram: &mut [u8]) {
    worker.handle_datagram(now, path, datagram);
}

#[inline(never)]
fn counted_timeout(worker: &mut Worker, now: Micros) {
    worker.handle_timeout(now);
}

/// A peer that receives, and returns transport-wide feedback on packets with transport-wide numbers.
struct Subscriber {
    client: Client,
    arrivals: TransportCcReceiver,
}

impl Subscriber {
    fn arrived(&mut self, now: Micros, packet: &[u8]) {
        let number = RtpPacket::parse(packet)
            .ok()
            .and_then(|packet| packet.extension(TRANSPORT_CC)?.try_into().ok());
        if let Some(number) = number {
            self.arrivals.arrived(now, u16::from_be_bytes(number));
        }
    }

    fn return_feedback(&mut self, now: Micros, datagrams: &mut Vec<(Path, Vec<u8>)>) {
        if now < self.arrivals.due() {
            return;
        }
        for packet in self.arrivals.feedback(now) {
            datagrams.push((self.client.path, self.client.protect_rtcp(&packet)));
        }
    }
}

/// A peer that sends audio and video.
struct Publisher {
    client: Client,
    audio: Stream,
    video: Stream,
    audio_due: Micros,
    picture_due: Micros,
}

impl Publisher {
    fn new(world: &mut World, client: Client) -> Self {
        let number = client.transport.0;
        let (audio, video) = Stream::pair(number);
        for stream in [audio, video] {
            world.execute(Command::CreateProducer {
                producer: stream.producer,
                transport: client.transport,
                spec: stream.producer_spec(),
            });
        }
        // The senders are not in phase.
        let due = world.now.plus(number * 7_919 % 33_333);
        Self {
            client,
            audio,
            video,
            audio_due: due,
            picture_due: due,
        }
    }

    /// Creates consumers of both streams on this client; `nth` makes their MIDs unique there.
    fn add_consumers(&self, world: &mut World, subscriber: &Client, nth: usize, feedback: bool) {
        for stream in [self.audio, self.video] {
            let consumer = ConsumerId(subscriber.transport.0 << 32 | stream.producer.0);
            world.execute(Command::CreateConsumer {
                consumer,
                transport: subscriber.transport,
                producer: stream.producer,
                spec: stream.consumer_spec(nth, feedback.then_some(TRANSPORT_CC)),
            });
            world.execute(Command::ResumeConsumer { consumer });
        }
    }

    fn send_due(&mut self, now: Micros, datagrams: &mut Vec<(Path, Vec<u8>)>) {
        while self.audio_due <= now {
            self.audio_due = self.audio_due.plus(AUDIO_EVERY_US);
            let packet = self.audio.sound();
            datagrams.push((self.client.path, self.client.protect(&packet)));
        }
        while self.picture_due <= now {
            self.picture_due = self.picture_due.plus(PICTURE_EVERY_US);
            for packet in self.video.picture() {
                datagrams.push((self.client.path, self.client.protect(&packet)));
            }
        }
    }
}
