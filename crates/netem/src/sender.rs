//! A model of a transport that forwards to one receiver: estimator, pacer, allocator and a source.

use hubbub_congestion::{Class, Estimator, Limits, MILLISECOND, Micros, Pacer, Purpose, Released};
use hubbub_wire::rtcp::{Compound, RtcpPacket};

use crate::cameras::Cameras;
use crate::fluid::{self, Fluid};
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
    Cameras(Cameras),
}

/// The sending side of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    estimator: Estimator,
    pacer: Pacer<(Content, usize)>,
    source: Source,
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
            next_tick: now,
            next_allocation: now,
            number: 0,
        }
    }

    /// The estimator.
    pub(crate) const fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// The cameras that are forwarded.
    pub(crate) const fn cameras(&mut self) -> Option<&mut Cameras> {
        match &mut self.source {
            Source::Fluid(_) => None,
            Source::Cameras(cameras) => Some(cameras),
        }
    }

    /// When [`Self::poll`] is to be called.
    pub(crate) fn timer(&self, now: Micros) -> Micros {
        let source = match &self.source {
            Source::Fluid(source) => source.timer(),
            Source::Cameras(cameras) => cameras.timer(),
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
            Source::Cameras(cameras) => {
                for packet in cameras.tick(now) {
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
                    if let Source::Cameras(cameras) = &mut self.source {
                        let estimator = &self.estimator;
                        for packet in cameras.repeats(now, estimator, &nack) {
                            let size = usize::from(packet.size);
                            let content = (Content::Video(packet), size);
                            self.pacer
                                .enqueue(now, Class::Retransmission, content, size);
                        }
                    }
                }
                RtcpPacket::Pli(pli) => {
                    if let Source::Cameras(cameras) = &mut self.source {
                        cameras.key_frame_requested(now, pli.media_ssrc);
                    }
                }
                _ => {}
            }
        }
    }

    fn allocate(&mut self, now: Micros) {
        match &mut self.source {
            Source::Fluid(source) => self.estimator.set_wanted(now, source.wanted(now)),
            Source::Cameras(cameras) => {
                if cameras.allocate(now, &mut self.estimator) {
                    // What waits of a layer that was left is of no use.
                    self.pacer.retain(|(content, _)| match content {
                        Content::Video(packet) => cameras.forwards(packet),
                        Content::Fluid | Content::Padding => true,
                    });
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
