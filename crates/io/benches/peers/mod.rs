//! Peers that send audio and video at real rates, and a thread that receives for all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hubbub_codec::Codec;
use hubbub_core::api::{
    CodecMapping, Command, ConsumerId, ConsumerSpec, EncodingSpec, ExtensionMapping, FeedbackKind,
    MediaKind, ProducerId, ProducerSpec,
};
use hubbub_wire::{ExtensionKind, Micros, PacketKind};
use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::common::media::TRANSPORT_CC;
use crate::common::{Client, Node};
use crate::receiver::Receiver;

const AUDIO_EVERY: Duration = Duration::from_millis(20);
const AUDIO_BYTES: usize = 92;
const PICTURE_EVERY: Duration = Duration::from_micros(33_333);
const PICTURE_PACKETS: u16 = 4;
const VIDEO_BYTES: usize = 1_050;

/// A peer that sends audio and video.
pub(crate) struct Publisher {
    client: Client,
    pub(crate) audio: Stream,
    pub(crate) video: Stream,
    audio_due: Instant,
    picture_due: Instant,
}

/// One of its streams.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) producer: ProducerId,
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
    /// Creates the producers of a client.
    pub(crate) fn new(node: &mut Node, client: Client) -> Self {
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
    pub(crate) fn add_consumers(
        &self,
        node: &mut Node,
        subscriber: &Client,
        nth: usize,
        feedback: bool,
    ) {
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

/// The codec of a kind, with the payload types of the router.
pub(crate) fn codec(kind: MediaKind) -> CodecMapping {
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
