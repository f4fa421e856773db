//! Peers that send audio and video at real rates, and a thread that receives for all of them.

pub(crate) mod streams;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hubbub_core::api::{Command, ConsumerId};
use hubbub_wire::{Micros, PacketKind};
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::common::media::TRANSPORT_CC;
use crate::common::{Client, Node};
use crate::receiver::Receiver;
use streams::{AUDIO_EVERY_US, PICTURE_EVERY_US, Stream};

/// A peer that sends audio and video.
pub(crate) struct Publisher {
    client: Client,
    pub(crate) audio: Stream,
    pub(crate) video: Stream,
    audio_due: Instant,
    picture_due: Instant,
}

impl Publisher {
    /// Creates the producers of a client.
    pub(crate) fn new(node: &mut Node, client: Client) -> Self {
        let number = client.transport.0;
        let (audio, video) = Stream::pair(number);
        for stream in [audio, video] {
            node.done(Command::CreateProducer {
                producer: stream.producer,
                transport: client.transport,
                spec: stream.producer_spec(),
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
    pub(crate) fn add_consumers(
        &self,
        node: &mut Node,
        subscriber: &Client,
        nth: usize,
        feedback: bool,
    ) {
        for stream in [self.audio, self.video] {
            let consumer = ConsumerId(subscriber.transport.0 << 32 | stream.producer.0);
            node.done(Command::CreateConsumer {
                consumer,
                transport: subscriber.transport,
                producer: stream.producer,
                spec: stream.consumer_spec(nth, feedback.then_some(TRANSPORT_CC)),
            });
            node.done(Command::ResumeConsumer { consumer });
        }
    }

    /// Sends the packets that are due; returns their number.
    fn send_due(&mut self, now: Instant) -> u64 {
        let mut sent = 0;
        while self.audio_due <= now {
            self.audio_due += Duration::from_micros(AUDIO_EVERY_US);
            send(&mut self.client, &self.audio.sound());
            sent += 1;
        }
        while self.picture_due <= now {
            self.picture_due += Duration::from_micros(PICTURE_EVERY_US);
            for packet in self.video.picture() {
                send(&mut self.client, &packet);
                sent += 1;
            }
        }
        sent
    }
}

fn send(client: &mut Client, packet: &[u8]) {
    let protected = client.protect(packet);
    client.socket.send(&protected).expect("loopback");
}

/// Sends from all publishers for `duration`. Returns the number of packets sent.
pub(crate) fn publish(publishers: &mut [Publisher], duration: Duration) -> u64 {
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
pub(crate) struct Subscribers {
    received: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Subscribers {
    pub(crate) fn start(mut receivers: Vec<Receiver>) -> Self {
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

    /// RTP packets so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
    }
}
