//! The bandwidth of a link between two nodes: upper encodings are left out first, and audio never.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use hubbub_core::api::{Command, ConsumerId, Event, Micros};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_netem::{Link, LinkConfig, QueueLimit};

use crate::common::media::{Packet, vp8};
use crate::common::network::publisher::Publisher;
use crate::common::node_pipe::{NodePipe, node_pipe_specs};
use crate::common::pipes::{PIPE, PRODUCER};
use crate::common::specs::*;
use crate::common::{Client, World};

const OUT: u32 = 5000;
const SECOND: u64 = 1_000_000;

/// A second of a call.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// The encoding of the last packet that the viewer got.
    encoding: Option<u8>,
    /// The longest time without a packet, microseconds.
    gap: u64,
    /// Audio packets that arrived, of 50.
    audio: usize,
    estimate: u64,
}

/// A camera and a microphone on the first node, and a viewer of both on the second.
struct Call {
    pipe: NodePipe,
    camera: Publisher,
    speaker: Client,
    viewer: Client,
    spoken: u16,
    samples: Vec<Sample>,
}

impl Call {
    /// Over a link with these rates, kbit/s, each from its second on.
    fn new(rates: &[(u64, u64)]) -> Self {
        Self::with(WorkerConfig::default().link_bitrate, rates)
    }

    /// As [`Self::new`], with these limits of the estimate.
    fn with(link_bitrate: Limits, rates: &[(u64, u64)]) -> Self {
        let config = WorkerConfig {
            link_bitrate,
            ..World::config()
        };
        let mut pipe = NodePipe::unlinked(config, simulcast());
        let start = pipe.origin.now;
        let config = LinkConfig {
            rates: rates
                .iter()
                .map(|(second, kbps)| (start.plus(second * SECOND), kbps * 1_000))
                .collect(),
            queue: QueueLimit::Time(200_000),
            delay: 20_000,
            ..LinkConfig::default()
        };
        pipe.to_far.link = Link::new(config, 1);
        let config = LinkConfig {
            delay: 20_000,
            ..LinkConfig::default()
        };
        pipe.to_origin.link = Link::new(config, 2);
        pipe.open(&simulcast());
        let speaker = Client::connected(&mut pipe.origin, 3);
        let producer = produce(&mut pipe.origin, speaker.transport, 3, audio());
        let (mut consumer_spec, mut producer_spec) = node_pipe_specs(&audio());
        consumer_spec.encodings[0].ssrc = 9000;
        producer_spec.encodings[0].ssrc = Some(9000);
        pipe.origin.execute(Command::CreatePipeConsumer {
            consumer: ConsumerId(300),
            transport: PIPE,
            producer,
            spec: consumer_spec,
        });
        let remote = produce(&mut pipe.far, PIPE, 300, producer_spec);
        pipe.origin.execute(Command::SetPipedEncodings {
            consumer: ConsumerId(300),
            encodings: vec![true],
        });
        pipe.advance(500);
        let (viewer, _) = pipe.watch(1, video_consumer(OUT));
        let spec = audio_consumer(OUT + 10);
        consume_running(&mut pipe.far, viewer.transport, remote, 301, spec);
        let sender = std::mem::replace(&mut pipe.sender, Client::new(&mut World::new(), 9));
        Self {
            camera: Publisher::new(sender, pipe.origin.now, 1),
            pipe,
            speaker,
            viewer,
            spoken: 0,
            samples: Vec::new(),
        }
    }

    fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let sample = self.second();
            self.samples.push(sample);
        }
    }

    fn second(&mut self) -> Sample {
        let mut sample = Sample::default();
        let end = self.pipe.origin.now.plus(SECOND);
        let mut next_audio = self.pipe.origin.now;
        let mut last = self.pipe.origin.now;
        while self.pipe.origin.now < end {
            let next = self.camera.next_frame.min(next_audio).min(end);
            self.pipe.advance_to(next);
            let now = self.pipe.origin.now;
            if now >= next_audio && now < end {
                next_audio = next_audio.plus(20_000);
                self.speak();
            }
            if now >= self.camera.next_frame {
                self.camera.publish(&mut self.pipe.origin);
            }
            self.pipe.carry();
            self.camera.requested(&mut self.pipe.origin);
            for event in std::mem::take(&mut self.pipe.origin.events) {
                if let Event::LayersWanted {
                    producer: PRODUCER,
                    encodings,
                } = event
                {
                    self.camera.switch(&encodings);
                }
            }
            self.watch(now, &mut last, &mut sample);
        }
        sample.gap = sample.gap.max(end.since(last));
        self.speaker.check(&mut self.pipe.origin, true);
        self.viewer.check(&mut self.pipe.far, true);
        let stats = self.pipe.origin.transport_stats(PIPE);
        sample.estimate = stats.available_outgoing_bitrate.unwrap_or_default();
        sample
    }

    fn speak(&mut self) {
        let packet = Packet {
            payload_type: OPUS,
            timestamp: u32::from(self.spoken) * 960,
            marker: false,
            payload: vec![0xfc; 80],
            ..vp8(self.spoken, false)
        };
        self.spoken += 1;
        self.speaker.send(&mut self.pipe.origin, &packet.bytes());
    }

    fn watch(&mut self, now: Micros, last: &mut Micros, sample: &mut Sample) {
        for packet in self.viewer.take_rtp(&mut self.pipe.far) {
            let rtp = packet.rtp();
            match rtp.ssrc() {
                OUT if !rtp.payload().is_empty() => {
                    sample.gap = sample.gap.max(now.since(*last));
                    *last = now;
                    // `Publisher` says it there.
                    sample.encoding = rtp.payload().get(14).copied();
                }
                ssrc if ssrc == OUT + 10 => sample.audio += 1,
                _ => {}
            }
        }
    }

    /// Seconds from `from` until the viewer gets this encoding and keeps it for five seconds.
    fn settles(&self, from: usize, encoding: u8) -> usize {
        let is_settled = |part: &[Sample]| part.iter().all(|one| one.encoding == Some(encoding));
        let found = self.samples[from..].windows(5).position(is_settled);
        found.unwrap_or_else(|| panic!("{:#?}", &self.samples))
    }
}

#[test]
fn a_narrow_link_leaves_the_top_encoding_out_and_gives_it_back() {
    let mut call = Call::new(&[(0, 10_000), (8, 1_500), (28, 10_000)]);
    call.run(55);
    assert!(call.settles(0, 2) <= 3, "{:#?}", call.samples);
    assert!(call.settles(8, 1) <= 6, "{:#?}", call.samples);
    assert!(call.settles(28, 2) <= 20, "{:#?}", call.samples);
    let gaps = call.samples[14..27].iter().map(|sample| sample.gap);
    assert!(gaps.max() < Some(1_000_000), "{:#?}", call.samples);
    let audio = call.samples[12..].iter().map(|sample| sample.audio);
    assert!(
        audio.sum::<usize>() >= 43 * 50 * 98 / 100,
        "{:#?}",
        call.samples
    );
}

#[test]
fn a_low_estimate_rises_by_probes_until_all_that_is_wanted_fits() {
    let limits = Limits {
        min: 300_000,
        initial: 800_000,
        max: 1_000_000_000,
    };
    let mut call = Call::with(limits, &[(0, 20_000)]);
    call.run(25);
    let first = call.samples[0].encoding;
    assert!(first < Some(2), "{:#?}", call.samples);
    assert!(call.settles(0, 2) <= 15, "{:#?}", call.samples);
    let stats = call.pipe.origin.transport_stats(PIPE);
    assert!(stats.probation_bytes_sent > 0);
    // What the probes repeat is no media at the other side.
    let repaired: u64 = {
        let streams = call.pipe.far.producer_stats(PRODUCER).streams;
        streams.iter().map(|stream| stream.repaired).sum()
    };
    assert_eq!(repaired, 0);
    assert_eq!(call.pipe.far.worker.counters().dropped_srtp, 0);
}
