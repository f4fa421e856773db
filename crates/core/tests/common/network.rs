//! A call over an emulated network in simulated time: a sender of three encodings with two temporal layers each, the worker,
//! and a receiver with Chromium's feedback behind a link.

use std::collections::BTreeMap;

use hubbub_core::api::{ConsumerId, Event, Micros};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_netem::{Link, LinkConfig, Random, TransportCcReceiver};
use hubbub_wire::rtcp::{NackBuilder, Pli, RtcpWrite};
use hubbub_wire::rtp::RtpPacket;

use super::call::OUT_SSRC;
use super::media::{LAYER_SSRC, Packet};
use super::specs::*;
use super::{Client, World};

/// Bitrates of the encodings, bit/s.
pub const ENCODINGS: [u64; 3] = [150_000, 500_000, 2_500_000];
/// The highest encoding and temporal layer.
pub const TOP: Option<(u8, u8)> = Some((2, 1));

const FRAME_US: u64 = 33_333;
const MS: u64 = 1_000;
/// Percent of the bitrate in the lower temporal layer.
const BASE_SHARE: u64 = 60;
/// From a request to the key frame: the round trip to the sender, and its encoder.
const KEY_FRAME_DELAY: u64 = 100 * MS;
const ONE_WAY: u64 = 25 * MS;
const MAX_PAYLOAD: usize = 1_100;
/// Descriptor, frame tag, and what the receiver of these tests reads.
const PREFIX: usize = 18;

#[derive(Debug, Clone, Default)]
struct Encoder {
    sequence: u16,
    picture: u16,
    tl0: u8,
    key_frame_at: Option<Micros>,
    /// Bits by which key frames exceeded the rate.
    excess: f64,
    started: bool,
}

struct Publisher {
    client: Client,
    random: Random,
    encoders: [Encoder; 3],
    frames: u64,
    next_frame: Micros,
}

impl Publisher {
    fn publish(&mut self, world: &mut World) {
        self.next_frame = self.next_frame.plus(FRAME_US);
        for encoding in 0..3 {
            for packet in self.encode(world.now, encoding) {
                let protected = self.client.protect(&packet.bytes());
                world.datagram(self.client.path, &protected);
            }
        }
        self.frames += 1;
        if self.frames.is_multiple_of(150) {
            self.client.check(world, true);
        }
    }

    fn requested(&mut self, world: &mut World) {
        for ssrc in self.client.take_plis(world) {
            let encoder = &mut self.encoders[(ssrc - LAYER_SSRC) as usize];
            let at = world.now.plus(KEY_FRAME_DELAY);
            encoder.key_frame_at.get_or_insert(at);
        }
    }

    fn encode(&mut self, now: Micros, encoding: usize) -> Vec<Packet<'static>> {
        const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];
        let noise = 0.9 + 0.2 * self.random.unit();
        let encoder = &mut self.encoders[encoding];
        let average = ENCODINGS[encoding] as f64 * FRAME_US as f64 / 1e6;
        let key = !encoder.started || encoder.key_frame_at.is_some_and(|at| at <= now);
        encoder.started = true;
        let base = key || self.frames.is_multiple_of(2);
        let bits = if key {
            encoder.key_frame_at = None;
            encoder.excess += 4.0 * average;
            5.0 * average * noise
        } else {
            let saved = encoder.excess.min(0.3 * average);
            encoder.excess -= saved;
            let share = if base { BASE_SHARE } else { 100 - BASE_SHARE };
            (average - saved) * share as f64 / 50.0 * noise
        };
        let bytes = (bits / 8.0) as usize;
        let parts = bytes.div_ceil(MAX_PAYLOAD).max(1);
        encoder.picture = (encoder.picture + 1) & 0x7FFF;
        encoder.tl0 = encoder.tl0.wrapping_add(u8::from(base));
        (0..parts)
            .map(|part| {
                encoder.sequence = encoder.sequence.wrapping_add(1);
                let [high, low] = (encoder.picture | 0x8000).to_be_bytes();
                let start = if part == 0 { 0x90 } else { 0x80 };
                let layer = if base { 0 } else { 0x60 };
                let tag = if key { 0x10 } else { 0x11 };
                let mut payload = vec![start, 0xE0, high, low, encoder.tl0, layer, tag];
                payload.extend([0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
                let read = [encoding, usize::from(!base), parts, usize::from(key)];
                payload.extend(read.map(|value| value as u8));
                payload.resize((bytes / parts).max(PREFIX), 0x55);
                Packet {
                    ssrc: LAYER_SSRC + encoding as u32,
                    payload_type: VP8,
                    sequence: encoder.sequence,
                    timestamp: (self.frames * 3_000) as u32,
                    marker: part + 1 == parts,
                    extensions: vec![(MID, b"0"), (RID, RIDS[encoding])],
                    payload,
                    padding: 0,
                }
            })
            .collect()
    }
}

#[derive(Debug, Clone, Default)]
struct Assembly {
    parts: Vec<u16>,
    count: usize,
    tl0: u8,
    temporal: u8,
    key: bool,
}

/// Assembles and decodes the frames of the forwarded stream, and requests what is missing.
#[derive(Debug, Default)]
struct Viewer {
    highest: Option<u64>,
    /// By number: when it was requested last, and how often.
    missing: BTreeMap<u64, (Option<Micros>, u32)>,
    frames: BTreeMap<u32, Assembly>,
    last_tl0: Option<u8>,
    last_timestamp: Option<u32>,
    last_decoded: Option<Micros>,
    asked: Option<Micros>,
    longest_gap: u64,
    decoded: u64,
    bytes: u64,
    layer: Option<(u8, u8)>,
}

impl Viewer {
    /// `number`: of the media stream.
    fn arrived(&mut self, now: Micros, number: u16, timestamp: u32, payload: &[u8]) {
        let extended = match self.highest {
            None => 1 << 16 | u64::from(number),
            Some(highest) => {
                let step = number.wrapping_sub(highest as u16).cast_signed();
                highest.wrapping_add_signed(i64::from(step))
            }
        };
        let is_new = match self.highest {
            Some(highest) if extended <= highest => self.missing.remove(&extended).is_some(),
            highest => {
                for missing in highest.map_or(extended, |highest| highest + 1)..extended {
                    self.missing.insert(missing, (None, 0));
                }
                self.highest = Some(extended);
                true
            }
        };
        if !is_new {
            return;
        }
        self.bytes += payload.len() as u64;
        let assembly = self.frames.entry(timestamp).or_default();
        assembly.parts.push(number);
        assembly.count = usize::from(payload[16]);
        assembly.tl0 = payload[4];
        assembly.temporal = payload[5] >> 6;
        assembly.key = payload[17] == 1;
        self.layer = Some((payload[14], payload[15]));
        self.decode(now);
    }

    fn decode(&mut self, now: Micros) {
        loop {
            let next = self.frames.iter().find_map(|(timestamp, frame)| {
                let complete = frame.parts.len() == frame.count;
                let follows = match (self.last_tl0, frame.temporal) {
                    _ if frame.key => true,
                    (Some(last), 0) => frame.tl0 == last.wrapping_add(1),
                    (Some(last), _) => frame.tl0 == last,
                    (None, _) => false,
                };
                (complete && follows).then_some((*timestamp, frame.tl0))
            });
            let Some((timestamp, tl0)) = next else {
                return;
            };
            let after = self.last_timestamp.is_none_or(|last| timestamp > last);
            assert!(after, "frames go back in time");
            self.last_timestamp = Some(timestamp);
            self.last_tl0 = Some(tl0);
            self.frames = self.frames.split_off(&(timestamp + 1));
            self.decoded += 1;
            if let Some(last) = self.last_decoded {
                self.longest_gap = self.longest_gap.max(now.since(last));
            }
            self.last_decoded = Some(now);
        }
    }

    fn requests(&mut self, now: Micros) -> Vec<Vec<u8>> {
        let mut lost = Vec::new();
        for (number, (requested, tries)) in &mut self.missing {
            if requested.is_none_or(|at| now.since(at) >= 70 * MS) {
                *requested = Some(now);
                *tries += 1;
                lost.push(*number as u16);
            }
        }
        self.missing.retain(|_, (_, tries)| *tries <= 10);
        let mut packets: Vec<_> = lost
            .chunks(100)
            .map(|lost| {
                written(&NackBuilder {
                    sender_ssrc: 1,
                    media_ssrc: OUT_SSRC,
                    lost,
                })
            })
            .collect();
        let waited = |at: Option<Micros>| at.is_none_or(|at| now.since(at) > 500 * MS);
        if !self.frames.is_empty() && waited(self.last_decoded) && waited(self.asked) {
            self.asked = Some(now);
            packets.push(written(&Pli {
                sender_ssrc: 1,
                media_ssrc: OUT_SSRC,
            }));
        }
        packets
    }
}

fn written(packet: &impl RtcpWrite) -> Vec<u8> {
    let mut buffer = vec![0; 1_500];
    let len = packet.write(&mut buffer).expect("buffer is large enough");
    buffer.truncate(len);
    buffer
}

/// What was seen in a tenth of a second.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Since the start of the call.
    pub seconds: f64,
    pub estimate: u64,
    /// Encoding and temporal layer that are forwarded; none while paused.
    pub forwarded: Option<(u8, u8)>,
    /// The same as they last arrived.
    pub layer: Option<(u8, u8)>,
    /// In the link's queue, milliseconds.
    pub delay: f64,
    /// The longest time between two decoded frames, milliseconds; the current one counts.
    pub gap: f64,
    /// Media bytes that arrived.
    pub bytes: u64,
    /// Bytes of probes.
    pub padding: u64,
    pub paused: bool,
}

/// The call.
pub struct NetworkCall {
    pub world: World,
    pub consumer: ConsumerId,
    publisher: Publisher,
    receiver: Client,
    down: Link<Vec<u8>>,
    up: Link<Vec<u8>>,
    feedback: TransportCcReceiver,
    viewer: Viewer,
    start: Micros,
    next_scan: Micros,
    next_sample: Micros,
    padding: u64,
    last_bytes: u64,
    paused: bool,
    forwarded: Option<(u8, u8)>,
    pub samples: Vec<Sample>,
}

impl NetworkCall {
    /// A call whose receiver is behind a link with these rates, kbit/s, each from its second on, and random loss.
    pub fn new(rates: &[(u64, u64)], loss: f64, seed: u64) -> Self {
        let mut world = World::with(WorkerConfig {
            outgoing_bitrate: Limits {
                min: 30_000,
                initial: 300_000,
                max: 20_000_000,
            },
            seed,
            ..WorkerConfig::default()
        });
        let start = world.now;
        let sender = Client::connected(&mut world, 1);
        let receiver = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 1, simulcast());
        let consumer = consume_running(
            &mut world,
            receiver.transport,
            producer,
            1,
            video_consumer(OUT_SSRC),
        );
        let down = LinkConfig {
            rates: rates
                .iter()
                .map(|(second, kbps)| (start.plus(second * 1_000 * MS), kbps * 1_000))
                .collect(),
            delay: ONE_WAY,
            loss: if loss > 0.0 {
                hubbub_netem::Loss::Random(loss)
            } else {
                hubbub_netem::Loss::None
            },
            ..LinkConfig::default()
        };
        let up = LinkConfig {
            delay: ONE_WAY,
            ..LinkConfig::default()
        };
        Self {
            publisher: Publisher {
                client: sender,
                random: Random::new(seed),
                encoders: Default::default(),
                frames: 0,
                next_frame: start,
            },
            receiver,
            consumer,
            down: Link::new(down, seed),
            up: Link::new(up, seed),
            feedback: TransportCcReceiver::new(start, None),
            viewer: Viewer::default(),
            start,
            next_scan: start,
            next_sample: start,
            padding: 0,
            last_bytes: 0,
            paused: false,
            forwarded: None,
            samples: Vec::new(),
            world,
        }
    }

    /// Lets this many seconds pass.
    pub fn run(&mut self, seconds: u64) {
        let end = self.world.now.plus(seconds * 1_000 * MS);
        while self.world.now < end {
            let timers = [
                self.publisher.next_frame,
                self.feedback.due(),
                self.next_scan,
                self.next_sample,
                self.down.next(),
                self.up.next(),
                self.world.worker.next_deadline().unwrap_or(Micros::NEVER),
                end,
            ];
            let next = timers.into_iter().min().unwrap_or(end);
            self.world.now = self.world.now.max(next);
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.world.now;
        if now >= self.publisher.next_frame {
            self.publisher.publish(&mut self.world);
            if self.publisher.frames % 150 == 75 {
                self.receiver.check(&mut self.world, true);
            }
        }
        while let Some(packet) = self.down.receive(now) {
            self.arrived(now, &packet);
        }
        while let Some(packet) = self.up.receive(now) {
            self.receiver.send_rtcp_bytes(&mut self.world, &packet);
        }
        let mut returned = Vec::new();
        if now >= self.feedback.due() {
            returned = self.feedback.feedback(now);
        }
        if now >= self.next_scan {
            self.next_scan = now.plus(20 * MS);
            returned.extend(self.viewer.requests(now));
        }
        for packet in returned {
            self.up.send(now, packet.len(), packet);
        }
        self.world.timeout();
        self.publisher.requested(&mut self.world);
        for packet in self.receiver.take_rtp(&mut self.world) {
            self.down.send(now, packet.0.len() + 16, packet.0);
        }
        for event in std::mem::take(&mut self.world.events) {
            match event {
                Event::BandwidthPause { paused, .. } => self.paused = paused,
                Event::LayersChanged {
                    spatial, temporal, ..
                } => self.forwarded = Some((spatial, temporal)),
                _ => {}
            }
        }
        if now >= self.next_sample {
            self.next_sample = now.plus(100 * MS);
            self.sample(now);
        }
    }

    fn arrived(&mut self, now: Micros, packet: &[u8]) {
        let rtp = RtpPacket::parse(packet).expect("RTP");
        let number = rtp.extension(OUT_TRANSPORT_CC).expect("a number");
        self.feedback
            .arrived(now, u16::from_be_bytes([number[0], number[1]]));
        let payload = rtp.payload();
        if rtp.ssrc() == OUT_SSRC {
            self.viewer
                .arrived(now, rtp.sequence_number(), rtp.timestamp(), payload);
            return;
        }
        self.padding += packet.len() as u64;
        if let Some((number, payload)) = payload.split_first_chunk::<2>() {
            let number = u16::from_be_bytes(*number);
            self.viewer.arrived(now, number, rtp.timestamp(), payload);
        }
    }

    fn sample(&mut self, now: Micros) {
        let transport = self.receiver.transport;
        let stats = self.world.transport_stats(transport);
        let since = self.viewer.last_decoded.map_or(0, |last| now.since(last));
        let gap = std::mem::take(&mut self.viewer.longest_gap).max(since);
        self.samples.push(Sample {
            seconds: now.since(self.start) as f64 / 1e6,
            estimate: stats.available_outgoing_bitrate.unwrap_or_default(),
            forwarded: self.forwarded.filter(|_| !self.paused),
            layer: self.viewer.layer.take(),
            delay: self.down.queue_delay(now) as f64 / 1e3,
            gap: gap as f64 / 1e3,
            bytes: self.viewer.bytes - self.last_bytes,
            padding: std::mem::take(&mut self.padding),
            paused: self.paused,
        });
        self.last_bytes = self.viewer.bytes;
    }

    /// The samples between two seconds of the call.
    pub fn between(&self, from: f64, to: f64) -> impl Iterator<Item = &Sample> {
        let samples = self.samples.iter();
        samples.filter(move |sample| (from..to).contains(&sample.seconds))
    }

    /// Seconds from a moment until the first sample of this kind.
    pub fn first(&self, from: f64, matches: impl Fn(&Sample) -> bool) -> Option<f64> {
        let found = self.between(from, f64::MAX).find(|sample| matches(sample));
        found.map(|sample| sample.seconds - from)
    }

    /// Media bits per second that arrived between two seconds.
    pub fn goodput(&self, from: f64, to: f64) -> f64 {
        let bytes: u64 = self.between(from, to).map(|sample| sample.bytes).sum();
        8.0 * bytes as f64 / (to - from)
    }
}
