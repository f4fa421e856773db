//! A call over an emulated network in simulated time: a sender of three encodings with two temporal layers each, the worker,
//! and a receiver with Chromium's feedback behind a link.

pub mod publisher;
mod reports;
mod viewer;

use hubbub_core::WorkerConfig;
use hubbub_core::api::{ConsumerId, Event, ExtensionMapping, FeedbackKind, Micros};
use hubbub_netem::{Link, LinkConfig, TransportCcReceiver};
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpPacket;

use super::call::OUT_SSRC;
use super::specs::*;
use super::{Client, World};
use publisher::Publisher;
use reports::Reports;
use viewer::Viewer;

/// Bitrates of the encodings, bit/s.
pub const ENCODINGS: [u64; 3] = [150_000, 500_000, 2_500_000];
/// The highest encoding and temporal layer.
pub const TOP: Option<(u8, u8)> = Some((2, 1));

const MS: u64 = 1_000;
const ONE_WAY: u64 = 25 * MS;

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

/// What the receiver returns besides NACK and PLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Transport-wide feedback.
    TransportCc,
    /// Receiver reports, and this REMB in bit/s.
    Reports { remb: Option<u64> },
}

/// The call.
pub struct NetworkCall {
    pub world: World,
    pub consumer: ConsumerId,
    pub publisher: Publisher,
    pub receiver: Client,
    down: Link<Vec<u8>>,
    up: Link<Vec<u8>>,
    feedback: TransportCcReceiver,
    reports: Option<Reports>,
    viewer: Viewer,
    start: Micros,
    next_scan: Micros,
    next_sample: Micros,
    padding: u64,
    last_bytes: u64,
    paused: bool,
    forwarded: Option<(u8, u8)>,
    /// Whether the sender sends only the encodings that it is asked for.
    pub obeys: bool,
    /// Whether the receiver asks for key frames when it cannot decode.
    pub asks: bool,
    /// Numbers of the media packets that arrived again by RTX.
    pub repeated: Vec<u16>,
    /// What the sender was asked for: seconds since the start, and the encodings.
    pub asked: Vec<(f64, Vec<bool>)>,
    pub samples: Vec<Sample>,
}

impl NetworkCall {
    /// A call whose receiver is behind a link with these rates, kbit/s, each from its second on, and random loss.
    pub fn new(rates: &[(u64, u64)], loss: f64, seed: u64) -> Self {
        Self::with(rates, loss, seed, Returned::TransportCc)
    }

    /// As [`Self::new`], for a receiver that returns something else.
    pub fn with(rates: &[(u64, u64)], loss: f64, seed: u64, returned: Returned) -> Self {
        let mut world = World::with(WorkerConfig {
            seed,
            ..World::following()
        });
        let start = world.now;
        let sender = Client::connected(&mut world, 1);
        let receiver = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 1, simulcast());
        let mut spec = video_consumer(OUT_SSRC);
        let reports = match returned {
            Returned::TransportCc => None,
            Returned::Reports { remb } => {
                let is_other = |one: &ExtensionMapping| one.kind != ExtensionKind::TransportCc;
                spec.extensions.retain(is_other);
                spec.feedback = FeedbackKind::GoogRemb;
                Some(Reports::new(start, remb))
            }
        };
        let consumer = consume_running(&mut world, receiver.transport, producer, 1, spec);
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
            publisher: Publisher::new(sender, start, seed),
            receiver,
            consumer,
            down: Link::new(down, seed),
            up: Link::new(up, seed),
            feedback: TransportCcReceiver::new(start, None),
            reports,
            viewer: Viewer::default(),
            start,
            next_scan: start,
            next_sample: start,
            padding: 0,
            last_bytes: 0,
            paused: false,
            forwarded: None,
            obeys: false,
            asks: true,
            repeated: Vec::new(),
            asked: Vec::new(),
            samples: Vec::new(),
            world,
        }
    }

    /// Lets this many seconds pass.
    pub fn run(&mut self, seconds: u64) {
        self.run_for(1_000 * seconds);
    }

    /// Lets this many milliseconds pass.
    pub fn run_for(&mut self, milliseconds: u64) {
        let end = self.world.now.plus(milliseconds * MS);
        while self.world.now < end {
            let timers = [
                self.publisher.next_frame,
                self.reports
                    .as_ref()
                    .map_or(self.feedback.due(), Reports::due),
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
        match &mut self.reports {
            Some(reports) if now >= reports.due() => returned = reports.write(now),
            None if now >= self.feedback.due() => returned = self.feedback.feedback(now),
            _ => {}
        }
        if now >= self.next_scan {
            self.next_scan = now.plus(20 * MS);
            returned.extend(self.viewer.requests(now, self.asks));
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
                Event::LayersWanted { encodings, .. } => {
                    if self.obeys {
                        self.publisher.switch(&encodings);
                    }
                    let seconds = now.since(self.start) as f64 / 1e6;
                    self.asked.push((seconds, encodings));
                }
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
        match (&self.reports, rtp.extension(OUT_TRANSPORT_CC)) {
            (None, Some(number)) => {
                let number = u16::from_be_bytes([number[0], number[1]]);
                self.feedback.arrived(now, number);
            }
            (reports, number) => assert!(reports.is_some() && number.is_none()),
        }
        let payload = rtp.payload();
        if rtp.ssrc() == OUT_SSRC {
            if let Some(reports) = &mut self.reports {
                reports.arrived(rtp.sequence_number());
            }
            self.viewer
                .arrived(now, rtp.sequence_number(), rtp.timestamp(), payload);
            return;
        }
        self.padding += packet.len() as u64;
        if let Some((number, payload)) = payload.split_first_chunk::<2>() {
            let number = u16::from_be_bytes(*number);
            self.repeated.push(number);
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
