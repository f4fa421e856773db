//! Measures the cost of a call: CPU time of one worker that serves rooms whose peers send audio and video at real
//! rates, and from it the number of peers per core.
//!
//!     cargo bench -p hubbub-io --bench rooms
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
mod receiver;
mod reference;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::media::TRANSPORT_CC;
use common::{Client, Node};
use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec,
};
use hubbub_io::ThreadCounters;
use hubbub_wire::{ExtensionKind, Micros, PacketKind};
use receiver::Receiver;
use reference::encrypt_and_send;
use rustix::net::sockopt::set_socket_recv_buffer_size;

const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(6);

/// Target load of a worker, as a share of a core. Above it, queues grow in every burst.
const BUDGET: f64 = 0.7;

const AUDIO_EVERY: Duration = Duration::from_millis(20);
const AUDIO_BYTES: usize = 92;
const PICTURE_EVERY: Duration = Duration::from_micros(33_333);
const PICTURE_PACKETS: u16 = 4;
const VIDEO_BYTES: usize = 1_050;

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
    let raw = encrypt_and_send(100, 100_000);
    println!("encrypt and send, sendmmsg to 100 addresses: {raw:.0} ns a packet\n");
    println!(
        "                     feedback   peers  packets/s in      out  packets/message  Mbit/s out  of a core  \
         ns/packet out  of encrypt+send    lost  peers per core at {:.0} %",
        BUDGET * 100.0
    );
    for shape in &SHAPES {
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

/// A peer that sends audio and video.
struct Publisher {
    client: Client,
    audio: Stream,
    video: Stream,
    audio_due: Instant,
    picture_due: Instant,
}

#[derive(Clone, Copy)]
struct Stream {
    producer: ProducerId,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    fn header(&mut self, payload_type: u8, marker: bool) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0x80, payload_type | u8::from(marker) << 7];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet
    }
}

impl Publisher {
    fn new(node: &mut Node, client: Client) -> Self {
        let number = client.transport.0;
        let stream = |nth: u64| Stream {
            producer: ProducerId(number * 2 + nth),
            ssrc: (number * 2 + nth) as u32,
            sequence: 0,
            timestamp: 0,
        };
        let (audio, video) = (stream(0), stream(1));
        for (kind, stream) in [(MediaKind::Audio, audio), (MediaKind::Video, video)] {
            let spec = ProducerSpec {
                kind,
                mid: None,
                codecs: vec![codec(kind)],
                extensions: Vec::new(),
                encodings: vec![EncodingSpec {
                    ssrc: Some(stream.ssrc),
                    ..EncodingSpec::default()
                }],
                feedback: FeedbackKind::GoogRemb,
                paused: false,
                is_microphone: true,
            };
            node.done(Command::CreateProducer {
                producer: stream.producer,
                transport: client.transport,
                spec,
            });
        }
        // The senders are not in phase.
        let phase = Duration::from_micros(number * 7_919 % 33_333);
        let due = Instant::now() + phase;
        Self {
            client,
            audio,
            video,
            audio_due: due,
            picture_due: due,
        }
    }

    /// Creates consumers of both streams on this client; `nth` makes their MIDs unique there.
    fn add_consumers(&self, node: &mut Node, subscriber: &Client, nth: usize, feedback: bool) {
        for (kind, stream) in [
            (MediaKind::Audio, self.audio),
            (MediaKind::Video, self.video),
        ] {
            let has_feedback = feedback && kind == MediaKind::Video;
            let consumer = ConsumerId(subscriber.transport.0 << 32 | stream.producer.0);
            let spec = ConsumerSpec {
                kind,
                mid: (nth * 2 + usize::from(kind == MediaKind::Video)).to_string(),
                codecs: vec![CodecMapping {
                    rtx_payload_type: has_feedback.then_some(102),
                    ..codec(kind)
                }],
                extensions: [
                    Some((ExtensionKind::Mid, 1)),
                    Some((ExtensionKind::AbsSendTime, 4)),
                    has_feedback.then_some((ExtensionKind::TransportCc, TRANSPORT_CC)),
                ]
                .into_iter()
                .flatten()
                .map(|(kind, id)| ExtensionMapping { kind, id })
                .collect(),
                ssrc: 100_000 + stream.ssrc,
                rtx_ssrc: has_feedback.then_some(200_000 + stream.ssrc),
                cname: "someone".into(),
                feedback: if has_feedback {
                    FeedbackKind::TransportCc
                } else {
                    FeedbackKind::GoogRemb
                },
            };
            node.done(Command::CreateConsumer {
                consumer,
                transport: subscriber.transport,
                producer: stream.producer,
                spec,
            });
            node.done(Command::ResumeConsumer { consumer });
        }
    }

    /// Sends the packets that are due; returns their number.
    fn send_due(&mut self, now: Instant) -> u64 {
        let mut sent = 0;
        while self.audio_due <= now {
            self.audio_due += AUDIO_EVERY;
            self.audio.timestamp = self.audio.timestamp.wrapping_add(960);
            let mut packet = self
                .audio
                .header(codec(MediaKind::Audio).payload_type, false);
            packet.resize(AUDIO_BYTES, 0x55);
            self.send(&packet);
            sent += 1;
        }
        while self.picture_due <= now {
            self.picture_due += PICTURE_EVERY;
            self.video.timestamp = self.video.timestamp.wrapping_add(3_000);
            for nth in 0..PICTURE_PACKETS {
                let last = nth + 1 == PICTURE_PACKETS;
                let mut packet = self
                    .video
                    .header(codec(MediaKind::Video).payload_type, last);
                let [high, low] = ((self.video.timestamp / 3_000) as u16 | 0x8000).to_be_bytes();
                if nth == 0 {
                    // A descriptor with a 15-bit picture id, and the header of a key frame (RFC 7741, RFC 6386).
                    packet.extend([0x90, 0x80, high, low, 0x10, 0, 0, 0x9d, 0x01, 0x2a]);
                } else {
                    packet.extend([0x80, 0x80, high, low]);
                }
                packet.resize(VIDEO_BYTES, 0x55);
                self.send(&packet);
                sent += 1;
            }
        }
        sent
    }

    fn send(&mut self, packet: &[u8]) {
        let protected = self.client.protect(packet);
        self.client.socket.send(&protected).expect("loopback");
    }
}

/// Sends from all publishers for `duration`. Returns the number of packets sent.
fn publish(publishers: &mut [Publisher], duration: Duration) -> u64 {
    let until = Instant::now() + duration;
    let mut sent = 0;
    loop {
        let now = Instant::now();
        if now >= until {
            return sent;
        }
        sent += publishers
            .iter_mut()
            .map(|publisher| publisher.send_due(now))
            .sum::<u64>();
        thread::sleep(Duration::from_micros(300));
    }
}

/// A thread that receives for all peers. It polls, because waking a blocked reader would cost the worker CPU time.
struct Subscribers {
    received: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Subscribers {
    fn start(mut receivers: Vec<Receiver>) -> Self {
        let (received, stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, ended) = (Arc::clone(&received), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for receiver in &receivers {
                let socket = &receiver.client.socket;
                socket.set_nonblocking(true).expect("a socket");
                // As much as the kernel grants: a loss in this buffer is not the worker's.
                let _ = set_socket_recv_buffer_size(socket, 4 << 20);
            }
            let started = Instant::now();
            let mut buffer = [0; 1500];
            while !ended.load(Ordering::Relaxed) {
                for receiver in &mut receivers {
                    let now = Micros(started.elapsed().as_micros() as u64);
                    let mut packets = 0;
                    while let Ok(len) = receiver.client.socket.recv(&mut buffer) {
                        if PacketKind::of(&buffer[..len]) == PacketKind::Rtp {
                            packets += 1;
                            receiver.arrived(now, &buffer[..len]);
                        }
                    }
                    receiver.return_feedback(now);
                    count.fetch_add(packets, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            received,
            stop,
            thread,
        }
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
    }
}

fn codec(kind: MediaKind) -> CodecMapping {
    let video = kind == MediaKind::Video;
    CodecMapping {
        codec: if video { Codec::Vp8 } else { Codec::Opus },
        clock_rate: if video { 90_000 } else { 48_000 },
        payload_type: if video { 101 } else { 100 },
        rtx_payload_type: None,
        router_payload_type: if video { 101 } else { 100 },
        nack: video,
        pli: video,
        fir: false,
        inband_fec: false,
    }
}
