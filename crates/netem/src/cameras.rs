//! The cameras that a sender forwards, and the division of its estimate among them.

use std::collections::BTreeMap;

use hubbub_congestion::{
    Allocation, Allocator, Candidate, Estimator, Micros, RepairBudget, wanted,
};
use hubbub_wire::rtcp::Nack;

use crate::layered::Layered;
use crate::packet::VideoPacket;

#[derive(Debug, Clone)]
struct Camera {
    source: Layered,
    priority: u8,
    allocation: Allocation,
    /// When each packet was repeated last.
    repeated: BTreeMap<u16, Micros>,
}

/// Cameras of equal size.
#[derive(Debug, Clone)]
pub(crate) struct Cameras {
    cameras: Vec<Camera>,
    allocator: Allocator,
    repairs: RepairBudget,
}

impl Cameras {
    /// Cameras with their priorities, of which nothing is forwarded yet.
    pub(crate) fn new(sources: impl IntoIterator<Item = (Layered, u8)>) -> Self {
        let cameras = sources.into_iter().map(|(source, priority)| Camera {
            source,
            priority,
            allocation: Allocation::default(),
            repeated: BTreeMap::new(),
        });
        Self {
            cameras: cameras.collect(),
            allocator: Allocator::default(),
            repairs: RepairBudget::default(),
        }
    }

    /// When the next frame arrives.
    pub(crate) fn timer(&self) -> Micros {
        let timers = self.cameras.iter().map(|camera| camera.source.timer());
        timers.min().unwrap_or(Micros::NEVER)
    }

    /// The step of the first camera that is forwarded.
    pub(crate) fn step(&self) -> Option<usize> {
        self.cameras.first()?.source.forwarded()
    }

    /// How often another encoding of a camera was started, since the last call.
    pub(crate) fn take_switches(&mut self) -> u32 {
        let cameras = self.cameras.iter_mut();
        cameras.map(|camera| camera.source.take_switches()).sum()
    }

    /// The packets of the frames that arrive now and are forwarded.
    pub(crate) fn tick(&mut self, now: Micros) -> Vec<VideoPacket> {
        let cameras = self.cameras.iter_mut();
        cameras.flat_map(|camera| camera.source.tick(now)).collect()
    }

    /// The packets to repeat, each at most once per round trip.
    pub(crate) fn repeats(
        &mut self,
        now: Micros,
        estimator: &Estimator,
        nack: &Nack<'_>,
    ) -> Vec<VideoPacket> {
        let index = usize::try_from(nack.media_ssrc).unwrap_or(usize::MAX);
        let Some(camera) = self.cameras.get_mut(index) else {
            return Vec::new();
        };
        let interval = estimator.rtt().unwrap_or_default();
        let lost = nack.lost().filter_map(|lost| {
            let packet = camera.source.repeat(lost)?;
            let last = camera.repeated.get(&lost);
            let is_due = last.is_none_or(|at| now.since(*at) >= interval);
            let size = packet.size.into();
            let allowed = is_due && self.repairs.allow(now, estimator.estimate(), size);
            allowed.then(|| {
                camera.repeated.insert(lost, now);
                packet
            })
        });
        lost.collect()
    }

    /// A receiver asks for a key frame of a camera.
    pub(crate) fn key_frame_requested(&mut self, now: Micros, camera: u32) {
        let index = usize::try_from(camera).unwrap_or(usize::MAX);
        if let Some(camera) = self.cameras.get_mut(index) {
            camera.source.key_frame_requested(now);
        }
    }

    /// Whether a packet belongs to what is forwarded of its camera.
    pub(crate) fn forwards(&self, packet: &VideoPacket) -> bool {
        let camera = self.cameras.get(usize::from(packet.camera));
        let forwarded = camera.and_then(|camera| camera.source.forwarded());
        forwarded.map(|step| step / 2) == Some(usize::from(packet.step) / 2)
    }

    /// Divides the estimate. Returns whether less of a camera is forwarded than before.
    pub(crate) fn allocate(&mut self, now: Micros, estimator: &mut Estimator) -> bool {
        let cameras = self.cameras.iter();
        let mut candidates: Vec<_> = cameras
            .map(|camera| Candidate {
                priority: camera.priority,
                pixels: 1,
                steps: camera.source.wanted(now),
                allocation: camera.allocation,
            })
            .collect();
        estimator.set_wanted(now, wanted(&candidates));
        self.allocator
            .allocate(now, estimator.estimate(), &mut candidates);
        let allocations: Vec<_> = candidates
            .into_iter()
            .map(|candidate| candidate.allocation)
            .collect();
        let mut fell = false;
        for (camera, allocation) in self.cameras.iter_mut().zip(allocations) {
            camera.allocation = allocation;
            let target = match allocation {
                Allocation::Step(step) => Some(step),
                Allocation::PausedByBandwidth | Allocation::Unavailable => None,
            };
            let before = camera.source.forwarded();
            camera.source.set_target(now, target);
            if estimator.is_queueing() {
                camera.source.leave();
            }
            fell |= camera.source.forwarded() < before;
        }
        fell
    }
}
