//! A model of a transport that forwards to one receiver: estimator, pacer, allocator and a source.

use hubbub_congestion::{
    Allocation, Allocator, Candidate, Class, Estimator, Limits, MILLISECOND, Micros, Pacer,
    Purpose, Released, Share, wanted,
};
use hubbub_wire::rtcp::{Compound, RtcpPacket};

use crate::fluid::{self, Fluid};
use crate::layered::Layered;
use crate::packet::{Content, MediaPacket};

const ALLOCATION_INTERVAL: u64 = 50 * MILLISECOND;
const LIMITS: Limits = Limits {
    min: 30_000,
    initial: 300_000,
    max: 20_000_000,
};

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Bytes at the estimate.
    Fluid(Fluid),
    /// The layers that the allocator chooses.
    Layered(Layered),
}

/// The sending side of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    estimator: Estimator,
    pacer: Pacer<(Content, usize)>,
    source: Source,
    allocator: Allocator,
    share: Share,
    next_tick: Micros,
    next_allocation: Micros,
    number: u16,
}

impl Sender {
    /// A sender without feedback.
    pub(crate) fn new(now: Micros, source: Source) -> Self {
        Self {
            estimator: Estimator::new(now, LIMITS),
            pacer: Pacer::new(now, LIMITS.initial),
            source,
            allocator: Allocator::default(),
            share: Share::default(),
            next_tick: now,
            next_allocation: now,
            number: 0,
        }
    }

    /// The estimator.
    pub(crate) const fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// The step that is forwarded.
    pub(crate) fn step(&self) -> Option<usize> {
        match &self.source {
            Source::Fluid(_) => None,
            Source::Layered(source) => source.forwarded(),
        }
    }

    /// When [`Self::poll`] is to be called.
    pub(crate) fn timer(&self, now: Micros) -> Micros {
        let source = match &self.source {
            Source::Fluid(source) => source.timer(),
            Source::Layered(source) => source.timer(),
        };
        source
            .min(self.next_tick)
            .min(self.next_allocation)
            .min(self.pacer.next_release(now))
    }

    /// The packets that leave now.
    pub(crate) fn poll(&mut self, now: Micros) -> Vec<MediaPacket> {
        if now >= self.next_tick {
            self.estimator.tick(now);
            self.next_tick = self.estimator.next_tick(now);
        }
        if now >= self.next_allocation {
            self.next_allocation = now.plus(ALLOCATION_INTERVAL);
            self.allocate(now);
        }
        match &mut self.source {
            Source::Fluid(source) => {
                for _ in 0..source.tick(now, self.estimator.estimate()) {
                    self.pacer.enqueue(
                        now,
                        Class::Video,
                        (Content::Fluid, fluid::PACKET),
                        fluid::PACKET,
                    );
                }
            }
            Source::Layered(source) => {
                for packet in source.tick(now) {
                    let size = usize::from(packet.size);
                    self.pacer
                        .enqueue(now, Class::Video, (Content::Video(packet), size), size);
                }
            }
        }
        self.release(now)
    }

    /// Handles an RTCP compound.
    pub(crate) fn rtcp(&mut self, now: Micros, data: &[u8]) {
        let Ok(compound) = Compound::parse(data) else {
            return;
        };
        for packet in compound.flatten() {
            match packet {
                RtcpPacket::TransportFeedback(feedback) => {
                    self.estimator.transport_feedback(now, &feedback);
                    self.pacer.set_estimate(now, self.estimator.estimate());
                    self.allocate(now);
                }
                RtcpPacket::Nack(nack) => {
                    if let Source::Layered(source) = &self.source {
                        for packet in nack.lost().filter_map(|lost| source.repeat(lost)) {
                            let size = usize::from(packet.size);
                            let content = (Content::Video(packet), size);
                            self.pacer
                                .enqueue(now, Class::Retransmission, content, size);
                        }
                    }
                }
                RtcpPacket::Pli(_) => {
                    if let Source::Layered(source) = &mut self.source {
                        source.key_frame_requested(now);
                    }
                }
                _ => {}
            }
        }
    }

    fn allocate(&mut self, now: Micros) {
        match &mut self.source {
            Source::Fluid(source) => self.estimator.set_wanted(now, source.wanted(now)),
            Source::Layered(source) => {
                let mut candidates = [Candidate {
                    priority: 1,
                    pixels: 1,
                    steps: source.wanted(now),
                    share: std::mem::take(&mut self.share),
                }];
                self.estimator.set_wanted(now, wanted(&candidates));
                self.allocator
                    .allocate(now, self.estimator.estimate(), &mut candidates);
                let [Candidate { share, .. }] = candidates;
                self.share = share;
                let target = match self.share.allocation() {
                    Allocation::Step(step) => Some(step),
                    Allocation::PausedByBandwidth | Allocation::Unavailable => None,
                };
                let before = source.forwarded();
                source.set_target(now, target);
                let after = source.forwarded();
                if after < before {
                    // What waits of a layer that was left is of no use.
                    let current = after.map(|step| step / 2);
                    self.pacer.retain(|(content, _)| is_of(content, current));
                }
            }
        }
    }

    fn release(&mut self, now: Micros) -> Vec<MediaPacket> {
        let mut packets = Vec::new();
        loop {
            if !self.pacer.is_probing()
                && let Some(probe) = self.estimator.next_probe(now)
            {
                self.pacer.start_probe(probe);
            }
            let (content, size, cluster) = match self.pacer.poll(now) {
                None => return packets,
                Some(Released::Packet { reference, cluster }) => {
                    (reference.0, reference.1, cluster)
                }
                Some(Released::Padding { bytes, cluster }) => {
                    self.pacer.padding_sent(now, bytes);
                    (Content::Padding, bytes, Some(cluster))
                }
            };
            let purpose = match content {
                Content::Padding => Purpose::Padding,
                Content::Fluid | Content::Video(_) => Purpose::Media,
            };
            self.estimator
                .packet_sent(now, self.number, size, purpose, cluster);
            packets.push(MediaPacket {
                number: self.number,
                size,
                content,
            });
            self.number = self.number.wrapping_add(1);
        }
    }
}

fn is_of(content: &Content, encoding: Option<usize>) -> bool {
    match content {
        Content::Video(packet) => Some(usize::from(packet.step) / 2) == encoding,
        Content::Fluid | Content::Padding => true,
    }
}
