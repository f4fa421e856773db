//! Spreads bursts: queues references to packets and says which may leave when.

mod burst;

use std::collections::VecDeque;

use burst::{Burst, duration};

use crate::constants::pacer::{BURST, FACTOR, MAX_PADDING, MAX_QUEUE, MIN_PADDING};
use crate::history::ClusterId;
use crate::probe::Probe;
use crate::time::{Micros, SECOND};

/// The kinds of packets, in the order in which they leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Never waits.
    Audio,
    /// Before new video, which may depend on it.
    Retransmission,
    /// Video.
    Video,
}

/// What may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released<R> {
    /// A queued packet.
    Packet {
        /// The caller's reference to it.
        reference: R,
        /// The probe that it belongs to.
        cluster: Option<ClusterId>,
    },
    /// Nothing is queued, but a probe needs bytes: old packets or padding. The caller reports what it sent by
    /// [`Pacer::padding_sent`].
    Padding {
        /// About this many.
        bytes: usize,
        /// The probe that they belong to.
        cluster: ClusterId,
    },
}

#[derive(Debug, Clone, Copy)]
struct Queued<R> {
    reference: R,
    size: u32,
}

/// The pacer of one transport. `R` is a reference to a packet: it is protected and numbered when it leaves.
#[derive(Debug, Clone)]
pub struct Pacer<R> {
    audio: VecDeque<Queued<R>>,
    retransmissions: VecDeque<Queued<R>>,
    video: VecDeque<Queued<R>>,
    /// Bytes of retransmissions and video.
    queued: u64,
    /// bit/s.
    rate: f64,
    /// Bytes sent ahead of the rate.
    debt: f64,
    /// The debt must be paid before the next release.
    closed: bool,
    updated: Micros,
    burst: Option<Burst>,
}

impl<R: Copy> Pacer<R> {
    /// A pacer for an estimate in bit/s.
    #[must_use]
    pub const fn new(now: Micros, estimate: u64) -> Self {
        Self {
            audio: VecDeque::new(),
            retransmissions: VecDeque::new(),
            video: VecDeque::new(),
            queued: 0,
            rate: FACTOR * estimate as f64,
            debt: 0.0,
            closed: false,
            updated: now,
            burst: None,
        }
    }

    /// Adopts an estimate in bit/s.
    pub fn set_estimate(&mut self, now: Micros, estimate: u64) {
        self.pay(now);
        self.rate = FACTOR * estimate.max(1) as f64;
    }

    /// Bytes of retransmissions and video that wait.
    #[must_use]
    pub const fn queued_bytes(&self) -> u64 {
        self.queued
    }

    /// Time in microseconds that the queue takes to leave.
    #[must_use]
    pub fn queue_delay(&self) -> u64 {
        duration(self.queued as f64 + self.debt, self.effective_rate())
    }

    /// Whether a packet that would be queued now may leave at once: nothing waits before it, and no probe claims it. The
    /// caller then sends it and calls [`Self::passed`], which costs less than the queue.
    pub fn passes(&mut self, now: Micros) -> bool {
        if self.burst.is_some() || !self.is_empty() {
            return false;
        }
        self.pay(now);
        !self.closed
    }

    /// Counts a packet that left without being queued.
    pub fn passed(&mut self, now: Micros, bytes: usize) {
        self.charge(now, small(bytes));
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.video.is_empty() && self.retransmissions.is_empty() && self.audio.is_empty()
    }

    /// Queues a packet of `size` bytes. One of no bytes keeps its place in the order, and costs nothing.
    pub fn enqueue(&mut self, now: Micros, class: Class, reference: R, size: usize) {
        self.pay(now);
        let size = small(size);
        let queued = Queued { reference, size };
        match class {
            Class::Audio => return self.audio.push_back(queued),
            Class::Retransmission => self.retransmissions.push_back(queued),
            Class::Video => self.video.push_back(queued),
        }
        self.queued += u64::from(size);
    }

    /// Removes the queued packets that `keep` does not want, such as those of a layer that is no longer forwarded.
    pub fn retain(&mut self, mut keep: impl FnMut(&R) -> bool) {
        self.audio.retain(|queued| keep(&queued.reference));
        for queue in [&mut self.retransmissions, &mut self.video] {
            queue.retain(|queued| {
                let keeps = keep(&queued.reference);
                if !keeps {
                    self.queued -= u64::from(queued.size);
                }
                keeps
            });
        }
    }

    /// Whether a probe is being sent: then another one has to wait.
    #[must_use]
    pub const fn is_probing(&self) -> bool {
        self.burst.is_some()
    }

    /// Begins to send a probe.
    pub const fn start_probe(&mut self, probe: Probe) {
        self.burst = Some(Burst {
            probe,
            started: None,
            packets: 0,
            bytes: 0,
        });
    }

    /// Counts padding that the caller sent. Zero gives up the probe: there was nothing to send.
    pub fn padding_sent(&mut self, now: Micros, bytes: usize) {
        if bytes == 0 {
            self.burst = None;
            return;
        }
        self.charge(now, small(bytes));
    }

    /// The next packet that may leave now. To be called until it returns `None`.
    pub fn poll(&mut self, now: Micros) -> Option<Released<R>> {
        if let Some(queued) = self.audio.pop_front() {
            return Some(Released::Packet {
                reference: queued.reference,
                cluster: None,
            });
        }
        self.pay(now);
        let cluster = match &self.burst {
            Some(burst) if burst.is_due(now) => Some(burst.probe.id),
            Some(_) => return None,
            None if self.closed => return None,
            None => None,
        };
        let queue = if self.retransmissions.is_empty() {
            &mut self.video
        } else {
            &mut self.retransmissions
        };
        if let Some(queued) = queue.pop_front() {
            self.queued -= u64::from(queued.size);
            self.charge(now, queued.size);
            return Some(Released::Packet {
                reference: queued.reference,
                cluster,
            });
        }
        let probe = self.burst.map(|burst| burst.probe)?;
        // Slow probes consist of small packets.
        let bytes = probe.bytes.div_ceil(u64::from(probe.packets.max(1))) as usize;
        Some(Released::Padding {
            bytes: bytes.clamp(MIN_PADDING, MAX_PADDING),
            cluster: probe.id,
        })
    }

    /// When to call [`Self::poll`] next.
    #[must_use]
    pub fn next_release(&self, now: Micros) -> Micros {
        if !self.audio.is_empty() {
            return now;
        }
        if let Some(burst) = &self.burst {
            return burst.next_release(now);
        }
        if self.is_empty() {
            return Micros::NEVER;
        }
        if self.closed {
            self.updated
                .plus(duration(self.debt, self.effective_rate()))
        } else {
            now
        }
    }

    /// The pacing rate, or what empties the queue in time.
    fn effective_rate(&self) -> f64 {
        if self.queued == 0 {
            return self.rate;
        }
        let needed = 8.0 * self.queued as f64 * SECOND as f64 / MAX_QUEUE as f64;
        self.rate.max(needed)
    }

    fn pay(&mut self, now: Micros) {
        if now == self.updated {
            return;
        }
        let elapsed = now.since(self.updated) as f64 / SECOND as f64;
        self.updated = self.updated.max(now);
        self.debt = (self.debt - elapsed * self.effective_rate() / 8.0).max(0.0);
        // Less than a byte is rounding.
        self.closed &= self.debt >= 1.0;
    }

    fn charge(&mut self, now: Micros, bytes: u32) {
        if bytes == 0 {
            return;
        }
        if let Some(burst) = &mut self.burst {
            burst.started.get_or_insert(now);
            burst.packets += 1;
            burst.bytes += u64::from(bytes);
            if burst.packets >= burst.probe.packets && burst.bytes >= burst.probe.bytes {
                self.burst = None;
            }
        }
        self.debt += f64::from(bytes);
        // As `duration` would compare, without its division.
        let allowed = self.effective_rate() * BURST as f64 / (8 * SECOND) as f64;
        self.closed |= self.debt >= allowed;
    }
}

/// As 32 bits, which convert to a float at less cost.
fn small(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
