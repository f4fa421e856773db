//! A flow: a model sender and receiver with their way to the bottleneck.

use hubbub_congestion::{MILLISECOND, Micros, SECOND};

use crate::cameras::Cameras;
use crate::fluid::Fluid;
use crate::layered::{Ladder, Layered, THREE};
use crate::packet::{Content, Datagram, HEADERS, SEGMENT};
use crate::random::Random;
use crate::receiver::VideoReceiver;
use crate::sender::{Sender, Source};
use crate::tcp::{Tcp, TcpKind};
use crate::trace::{INTERVAL, Sample, Trace};
use crate::transport_cc::TransportCcReceiver;

/// What a flow sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FlowKind {
    /// A fluid source of up to `wanted` bit/s, which pauses once.
    Fluid {
        /// bit/s.
        wanted: u64,
        /// From, until.
        pause: Option<(Micros, Micros)>,
    },
    /// One camera with [`THREE`] encodings: the layered source.
    Layered,
    /// Several cameras with equal encodings.
    Cameras {
        /// The priority of each.
        priorities: &'static [u8],
        /// What each of them sends.
        ladder: Ladder,
    },
    /// The layered source, of which nothing is wanted for a while.
    LayeredPaused {
        /// From.
        from: Micros,
        /// Until.
        until: Micros,
    },
    /// TCP; `segments` is `None` for a flow without end.
    Tcp {
        /// Its congestion control.
        kind: TcpKind,
        /// How many segments it sends.
        segments: Option<u64>,
    },
    /// TCP transfers of 100 kB to 1 MB, with pauses of 10 s on average.
    ShortTcp(TcpKind),
}

/// A flow of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowConfig {
    /// What it sends.
    pub kind: FlowKind,
    /// When it begins.
    pub start: Micros,
    /// When it ends.
    pub stop: Micros,
    /// One-way propagation delay, microseconds.
    pub delay: u64,
    /// The links that its packets cross, by index.
    pub forward: Vec<usize>,
    /// The links that feedback crosses; its way is otherwise unlimited.
    pub backward: Vec<usize>,
    /// The receiver's own uplink in bit/s, which spaces its feedback; `None` if it only watches.
    pub uplink: Option<u64>,
}

impl FlowConfig {
    /// A flow over the first link, for the whole scenario.
    #[must_use]
    pub fn new(kind: FlowKind, delay_ms: u64) -> Self {
        Self {
            kind,
            start: Micros(0),
            stop: Micros::NEVER,
            delay: delay_ms * MILLISECOND,
            forward: vec![0],
            backward: Vec::new(),
            uplink: None,
        }
    }
}

#[derive(Debug)]
struct Media {
    sender: Sender,
    feedback: TransportCcReceiver,
    /// By camera.
    video: Vec<VideoReceiver>,
}

impl Media {
    fn video_due(&self) -> Micros {
        let due = self.video.iter().map(VideoReceiver::due);
        due.min().unwrap_or(Micros::NEVER)
    }
}

#[derive(Debug)]
enum Endpoints {
    Media(Box<Media>),
    Tcp(TcpFlow),
}

#[derive(Debug)]
struct TcpFlow {
    tcp: Tcp,
    acks: Vec<u64>,
    /// What the next transfers depend on; `None` if there is only one.
    repeats: Option<(TcpKind, Random)>,
    next: Micros,
}

impl TcpFlow {
    const fn new(tcp: Tcp, next: Micros, repeats: Option<(TcpKind, Random)>) -> Self {
        Self {
            tcp,
            acks: Vec::new(),
            repeats,
            next,
        }
    }

    /// Begins the next transfer after the pause that follows the last one.
    fn repeat(&mut self, now: Micros) {
        let Some((kind, random)) = &mut self.repeats else {
            return;
        };
        if !self.tcp.is_done() {
            return;
        }
        if self.next == Micros::NEVER {
            let pause = -random.unit().max(1e-9).ln() * 10.0 * SECOND as f64;
            self.next = now.plus(pause as u64);
        }
        if self.next <= now {
            let segments = (100_000 + random.up_to(900_000)) / SEGMENT as u64;
            self.tcp = Tcp::new(now, *kind, Some(segments));
            self.next = Micros::NEVER;
        }
    }

    fn timer(&self) -> Micros {
        self.tcp.timer().min(self.next)
    }
}

/// Bytes since the last sample.
#[derive(Debug, Default)]
struct Counters {
    sent: u64,
    goodput: u64,
    first_camera: u64,
    padding: u64,
    delay: u64,
    packets_sent: u64,
    packets_arrived: u64,
}

#[derive(Debug)]
pub(crate) struct Flow {
    config: FlowConfig,
    endpoints: Endpoints,
    counters: Counters,
    trace: Trace,
}

impl Flow {
    pub(crate) fn new(config: FlowConfig, seed: u64) -> Self {
        let start = config.start;
        let media = |source, cameras| {
            let rtt = 2 * config.delay + 20 * MILLISECOND;
            let video = (0..cameras).map(|camera| VideoReceiver::new(start, camera, rtt));
            Endpoints::Media(Box::new(Media {
                sender: Sender::new(start, source),
                feedback: TransportCcReceiver::new(start, config.uplink),
                video: video.collect(),
            }))
        };
        let cameras = |priorities: &[u8], ladder, pause| {
            let sources = (0..).zip(priorities).map(|(camera, priority)| {
                let seed = seed.wrapping_add(1_000 * u64::from(camera));
                let source = Layered::new(start, seed, camera, ladder, pause);
                (source, *priority)
            });
            let count = priorities.len() as u32;
            media(Source::Cameras(Cameras::new(sources)), count)
        };
        let endpoints = match config.kind {
            FlowKind::Fluid { wanted, pause } => {
                media(Source::Fluid(Fluid::new(start, wanted, pause)), 0)
            }
            FlowKind::Layered => cameras(&[1], THREE, None),
            FlowKind::Cameras { priorities, ladder } => cameras(priorities, ladder, None),
            FlowKind::LayeredPaused { from, until } => cameras(&[1], THREE, Some((from, until))),
            FlowKind::Tcp { kind, segments } => {
                let tcp = Tcp::new(start, kind, segments);
                Endpoints::Tcp(TcpFlow::new(tcp, Micros::NEVER, None))
            }
            FlowKind::ShortTcp(kind) => {
                let tcp = Tcp::new(start, kind, Some(0));
                let repeats = Some((kind, Random::new(seed)));
                Endpoints::Tcp(TcpFlow::new(tcp, Micros::NEVER, repeats))
            }
        };
        Self {
            config,
            endpoints,
            counters: Counters::default(),
            trace: Trace::default(),
        }
    }

    /// The links that packets of the sender, or of the receiver, cross.
    pub(crate) fn path(&self, from_sender: bool) -> &[usize] {
        if from_sender {
            &self.config.forward
        } else {
            &self.config.backward
        }
    }

    pub(crate) const fn delay(&self) -> u64 {
        self.config.delay
    }

    pub(crate) fn into_trace(self) -> Trace {
        self.trace
    }

    fn is_running(&self, now: Micros) -> bool {
        self.config.start <= now && now < self.config.stop
    }

    pub(crate) fn timer(&self, now: Micros) -> Micros {
        if now < self.config.start {
            return self.config.start;
        }
        if now >= self.config.stop {
            return Micros::NEVER;
        }
        match &self.endpoints {
            Endpoints::Media(media) => media
                .sender
                .timer(now)
                .min(media.feedback.due())
                .min(media.video_due()),
            Endpoints::Tcp(flow) => flow.timer(),
        }
    }

    pub(crate) fn poll_sender(&mut self, now: Micros) -> Vec<Datagram> {
        if !self.is_running(now) {
            return Vec::new();
        }
        let datagrams: Vec<Datagram> = match &mut self.endpoints {
            Endpoints::Media(media) => {
                let packets = media.sender.poll(now).into_iter();
                packets.map(Datagram::Media).collect()
            }
            Endpoints::Tcp(flow) => {
                flow.repeat(now);
                flow.tcp.tick(now);
                let segments = std::iter::from_fn(|| flow.tcp.poll(now));
                segments.map(Datagram::TcpSegment).collect()
            }
        };
        for datagram in &datagrams {
            let size = datagram.size() as u64;
            self.counters.sent += size;
            self.counters.packets_sent += 1;
            if let Datagram::Media(packet) = datagram
                && packet.content == Content::Padding
            {
                self.counters.padding += size;
            }
        }
        datagrams
    }

    pub(crate) fn poll_receiver(&mut self, now: Micros) -> Vec<Datagram> {
        if !self.is_running(now) {
            return Vec::new();
        }
        match &mut self.endpoints {
            Endpoints::Media(media) => {
                let mut packets = Vec::new();
                if now >= media.feedback.due() {
                    packets.extend(media.feedback.feedback(now));
                }
                for video in media.video.iter_mut().filter(|video| now >= video.due()) {
                    packets.extend(video.requests(now));
                }
                packets.into_iter().map(Datagram::Rtcp).collect()
            }
            Endpoints::Tcp(flow) => flow.acks.drain(..).map(Datagram::TcpAck).collect(),
        }
    }

    pub(crate) fn at_sender(&mut self, now: Micros, datagram: Datagram) {
        match (&mut self.endpoints, datagram) {
            (Endpoints::Media(media), Datagram::Rtcp(data)) => media.sender.rtcp(now, &data),
            (Endpoints::Tcp(flow), Datagram::TcpAck(segment)) => flow.tcp.acked(now, segment),
            _ => {}
        }
    }

    pub(crate) fn at_receiver(&mut self, now: Micros, queued: u64, datagram: Datagram) {
        self.counters.delay = self.counters.delay.max(queued);
        self.counters.packets_arrived += 1;
        self.trace.delays.push((now, queued));
        match (&mut self.endpoints, datagram) {
            (Endpoints::Media(media), Datagram::Media(packet)) => {
                media.feedback.arrived(now, packet.number);
                let is_first = matches!(packet.content, Content::Video(video) if video.camera == 0);
                let fresh = match packet.content {
                    Content::Fluid => true,
                    Content::Video(packet) => media
                        .video
                        .get_mut(usize::from(packet.camera))
                        .is_some_and(|video| video.arrived(now, &packet)),
                    Content::Padding => false,
                };
                if fresh {
                    let size = (packet.size + HEADERS) as u64;
                    self.counters.goodput += size;
                    self.counters.first_camera += if is_first { size } else { 0 };
                }
            }
            (Endpoints::Tcp(flow), Datagram::TcpSegment(segment)) => {
                flow.acks.push(segment);
                self.counters.goodput += SEGMENT as u64;
            }
            _ => {}
        }
    }

    pub(crate) fn sample(&mut self, now: Micros, capacity: u64) {
        let counters = std::mem::take(&mut self.counters);
        let rate = |bytes: u64| 8 * bytes * SECOND / INTERVAL;
        let mut sample = Sample {
            at: now,
            capacity,
            estimate: rate(counters.sent),
            sent: rate(counters.sent),
            goodput: rate(counters.goodput),
            first_camera: rate(counters.first_camera),
            padding: rate(counters.padding),
            delay: counters.delay,
            step: None,
            switches: 0,
            gap: 0,
            packets_sent: counters.packets_sent,
            packets_arrived: counters.packets_arrived,
        };
        if let Endpoints::Media(media) = &mut self.endpoints {
            sample.estimate = media.sender.estimator().estimate();
            if let Some(cameras) = media.sender.cameras() {
                sample.step = cameras.step();
                sample.switches = cameras.take_switches();
            }
            let gaps = media.video.iter_mut();
            sample.gap = gaps
                .map(|video| video.take_longest_gap(now))
                .max()
                .unwrap_or_default();
        }
        self.trace.samples.push(sample);
    }
}
