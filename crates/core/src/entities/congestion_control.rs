//! What a transport knows of the link to its client, and the packets that wait for it.

use hubbub_congestion::{Allocator, Estimator, Limits, Pacer, RepairBudget};

use super::keys::ConsumerKey;
use crate::api::Micros;

/// Shares are allocated anew this often, microseconds.
const ALLOCATION_INTERVAL_US: u64 = 50_000;
/// The estimate is counted this often, microseconds.
const SAMPLE_INTERVAL_US: u64 = 1_000_000;
/// An estimate that falls below this share (percent) of the one allocated is allocated at once.
const LARGE_FALL: u64 = 97;

/// A reference to a packet that waits to be sent. The packet itself is in its producer's store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueuedPacket {
    pub(crate) consumer: ConsumerKey,
    /// The producer's stream (`ProducerStream::source`).
    pub(crate) source: u32,
    /// Extended number in that stream.
    pub(crate) sequence: u64,
    pub(crate) action: Action,
}

/// What to do with a queued packet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// Send it.
    Send,
    /// Close the gap that it leaves.
    Skip,
    /// Retransmit it; its extended output number.
    Resend(u64),
}

/// Bitrates at one moment, bit/s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitrateSample {
    /// What the client can receive.
    pub(crate) estimate: u64,
    /// Allocated to its consumers.
    pub(crate) allocated: u64,
    /// What these could use.
    pub(crate) wanted: u64,
}

/// Congestion control of one transport that receives video. Its fields are in this order in memory: every tick reads the
/// deadlines, and every packet touches the pacer and the start of the estimator.
#[repr(C)]
pub(crate) struct CongestionControl {
    next_allocation: Micros,
    next_tick: Micros,
    next_sample: Micros,
    pub(crate) pacer: Pacer<QueuedPacket>,
    pub(crate) estimator: Estimator,
    pub(crate) allocator: Allocator,
    repairs: RepairBudget,
    /// The client returns transport-wide feedback. Without it, REMB and receiver reports limit the estimate, and probes
    /// would measure nothing.
    has_feedback: bool,
    /// The upper limit of the estimate, bit/s.
    pub(crate) max_bitrate: u64,
    /// Allocated to the consumers, bit/s.
    pub(crate) allocated: u64,
    /// Video consumers that share the estimate.
    pub(crate) videos: u64,
    /// What the consumers could use, bit/s.
    pub(crate) wanted: u64,
    /// In the worker's list of transports whose packets wait.
    pub(crate) is_waiting: bool,
    /// Probes sent; chooses what to repeat.
    pub(crate) probe_packets: u64,
    allocated_estimate: u64,
}

impl CongestionControl {
    /// A client without transport-wide feedback is taken to have the maximum until it reports otherwise.
    pub(crate) fn new(now: Micros, limits: Limits, has_feedback: bool) -> Self {
        let initial = if has_feedback {
            limits.initial
        } else {
            limits.max
        };
        let estimator = Estimator::new(now, Limits { initial, ..limits });
        Self {
            pacer: Pacer::new(now, estimator.estimate()),
            estimator,
            allocator: Allocator::default(),
            repairs: RepairBudget::default(),
            has_feedback,
            max_bitrate: limits.max,
            allocated: 0,
            videos: 0,
            wanted: 0,
            is_waiting: false,
            probe_packets: 0,
            allocated_estimate: 0,
            next_allocation: now,
            next_tick: now,
            next_sample: now.plus(SAMPLE_INTERVAL_US),
        }
    }

    /// Whether time changes something: see [`Self::tick`], [`Self::sample`], [`Self::allocation_is_due`] and
    /// [`Self::start_probe`].
    pub(crate) fn is_due(&self, now: Micros) -> bool {
        self.next_tick <= now
            || self.next_allocation <= now
            || self.next_sample <= now
            || self.pacer.is_probing()
            || self.estimator.may_probe()
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Micros) {
        if self.next_tick <= now {
            self.estimator.tick(now);
            self.next_tick = self.estimator.next_tick(now);
            self.adopt_estimate(now);
        }
    }

    /// The bitrate that the client can receive, bit/s; `None` while it has not said anything that limits it.
    pub(crate) fn estimate(&self) -> Option<u64> {
        let is_known = self.has_feedback || self.estimator.is_informed();
        is_known.then(|| self.estimator.estimate())
    }

    /// What the estimate leaves for video beside this much audio, bit/s.
    pub(crate) fn estimate_for_video(&self, audio: u64) -> u64 {
        let estimate = self.estimator.estimate();
        if self.estimator.includes_audio() {
            estimate.saturating_sub(audio)
        } else {
            estimate
        }
    }

    /// Time until a frame of this size has arrived on a video's share of the link, behind what waits in queues, microseconds.
    pub(crate) fn transfer_time(&self, bytes: u64) -> u64 {
        let share = (self.estimator.estimate() / self.videos.max(1)).max(1);
        self.estimator.rtt().unwrap_or_default() + 8_000_000u64.saturating_mul(bytes) / share
    }

    /// Whether a retransmission of `bytes` fits. If so, counts it.
    pub(crate) fn allows_repair(&mut self, now: Micros, bytes: usize) -> bool {
        let estimate = self.estimator.estimate();
        !self.has_feedback || self.repairs.allow(now, estimate, bytes)
    }

    /// The estimate and its use, once a second, for the counters.
    pub(crate) fn sample(&mut self, now: Micros) -> Option<BitrateSample> {
        if now < self.next_sample {
            return None;
        }
        self.next_sample = now.plus(SAMPLE_INTERVAL_US);
        Some(BitrateSample {
            estimate: self.estimate()?,
            allocated: self.allocated,
            wanted: self.wanted,
        })
    }

    /// Tells the pacer of a new estimate.
    pub(crate) fn adopt_estimate(&mut self, now: Micros) {
        self.pacer.set_estimate(now, self.estimator.estimate());
    }

    /// Whether shares are to be allocated. If so, the caller allocates them.
    pub(crate) fn allocation_is_due(&mut self, now: Micros) -> bool {
        let estimate = self.estimator.estimate();
        let fell = estimate < self.allocated_estimate * LARGE_FALL / 100;
        let is_due = fell || self.next_allocation <= now;
        if is_due {
            self.allocated_estimate = estimate;
            self.next_allocation = now.plus(ALLOCATION_INTERVAL_US);
        }
        is_due
    }

    /// Starts the next probe, unless one is being sent.
    pub(crate) fn start_probe(&mut self, now: Micros) {
        if self.has_feedback
            && self.estimator.may_probe()
            && !self.pacer.is_probing()
            && let Some(probe) = self.estimator.next_probe(now)
        {
            self.pacer.start_probe(probe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        min: 30_000,
        initial: 600_000,
        max: 5_000_000,
    };

    #[test]
    fn a_client_without_feedback_has_the_maximum_until_it_says_otherwise() {
        let now = Micros(1_000_000);
        let mut congestion = CongestionControl::new(now, LIMITS, false);
        assert_eq!(congestion.estimate(), None);
        assert_eq!(congestion.estimate_for_video(100_000), LIMITS.max);
        congestion.estimator.remb(now, 900_000);
        assert_eq!(congestion.estimate(), Some(900_000));
    }

    #[test]
    fn audio_is_taken_off_a_remb_only() {
        let now = Micros(1_000_000);
        let mut congestion = CongestionControl::new(now, LIMITS, true);
        assert_eq!(congestion.estimate_for_video(100_000), LIMITS.initial);
        congestion = CongestionControl::new(now, LIMITS, false);
        congestion.estimator.remb(now, 900_000);
        assert_eq!(congestion.estimate_for_video(100_000), 800_000);
        assert_eq!(congestion.estimate_for_video(1_000_000), 0);
    }
}
