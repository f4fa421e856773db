//! Peers that send audio and video at real rates.
#![allow(dead_code, reason = "each benchmark uses a part")]

pub(crate) mod streams;

use std::thread;
use std::time::{Duration, Instant};

use hubbub_core::api::{CodecMapping, Command, ConsumerId, ExtensionMapping, MediaKind};
use hubbub_wire::ExtensionKind;

use crate::common::media::TRANSPORT_CC;
use crate::common::{Client, Node, pipes};
use streams::{AUDIO_EVERY_US, PICTURE_EVERY_US, Stream, codec};

/// A peer that sends audio, and usually video.
pub(crate) struct Publisher {
    client: Client,
    audio: Stream,
    video: Option<Stream>,
    audio_due: Instant,
    picture_due: Instant,
}

impl Publisher {
    /// Creates the producers of a client for audio and video.
    pub(crate) fn new(node: &mut Node, client: Client) -> Self {
        let (audio, video) = Stream::pair(client.transport.0);
        Self::of(node, client, audio, Some(video))
    }

    /// Creates the producer of a client for audio.
    pub(crate) fn of_audio(node: &mut Node, client: Client) -> Self {
        let (audio, _) = Stream::pair(client.transport.0);
        Self::of(node, client, audio, None)
    }

    fn of(node: &mut Node, client: Client, audio: Stream, video: Option<Stream>) -> Self {
        let mut publisher = Self {
            client,
            audio,
            video,
            audio_due: Instant::now(),
            picture_due: Instant::now(),
        };
        for stream in publisher.streams() {
            node.done(Command::CreateProducer {
                producer: stream.producer,
                transport: publisher.client.transport,
                spec: stream.producer_spec(),
            });
        }
        publisher.start();
        publisher
    }

    /// Begins to send now. What would have been due before is not sent.
    pub(crate) fn start(&mut self) {
        // The senders are not in phase.
        let phase = Duration::from_micros(self.client.transport.0 * 7_919 % 33_333);
        let due = Instant::now() + phase;
        (self.audio_due, self.picture_due) = (due, due);
    }

    fn streams(&self) -> impl Iterator<Item = Stream> + use<> {
        [Some(self.audio), self.video].into_iter().flatten()
    }

    /// Creates consumers of the streams on this client; `nth` makes their MIDs unique there.
    pub(crate) fn add_consumers(
        &self,
        node: &mut Node,
        subscriber: &Client,
        nth: usize,
        feedback: bool,
    ) {
        for stream in self.streams() {
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

    /// Carries the streams from one worker to another. Between nodes, video has repair and feedback, as a media node asks for.
    pub(crate) fn carry(&self, nodes: &mut [Node], ends: (usize, usize), are_nodes: bool) {
        for stream in self.streams() {
            let kind = stream.kind;
            let is_estimated = are_nodes && kind == MediaKind::Video;
            let codec = CodecMapping {
                rtx_payload_type: is_estimated.then_some(102),
                ..codec(kind)
            };
            let feedback = ExtensionMapping {
                kind: ExtensionKind::TransportCc,
                id: TRANSPORT_CC,
            };
            let extensions: Vec<_> = is_estimated.then_some(feedback).into_iter().collect();
            pipes::carry(nodes, ends, stream.producer, kind, codec, &extensions);
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
            for packet in self.video.iter_mut().flat_map(Stream::picture) {
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
