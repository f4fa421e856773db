//! What feedback shows about the way to the receiver: its round trip, its queues, and who fills them.

use crate::competition::Competition;
use crate::constants::estimator::RTT_WEIGHT;
use crate::constants::queue_delay::LONG;
use crate::feedback::ArrivedPacket;
use crate::queue_delay::QueueDelay;
use crate::time::Micros;

/// The way to the receiver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path {
    rtt: Option<f64>,
    queue: QueueDelay,
    competition: Competition,
    competing: bool,
}

impl Path {
    /// Learns from the packets that arrived, in the order of arrival.
    pub(crate) fn update(&mut self, now: Micros, arrived: &[ArrivedPacket]) {
        // The packet that arrived last waited least for the feedback.
        if let Some(last) = arrived.last() {
            let sample = now.since(last.sent) as f64;
            let rtt = self.rtt.unwrap_or(sample);
            self.rtt = Some(rtt + RTT_WEIGHT * (sample - rtt));
        }
        let transits = arrived
            .iter()
            .map(|packet| packet.arrival.wrapping_sub_unsigned(packet.sent.0));
        self.queue.add(now, transits);
        self.competing = self.competition.update(now, self.is_queueing());
    }

    /// Smoothed time from a packet's departure to its feedback, microseconds.
    pub(crate) fn rtt(&self) -> Option<u64> {
        self.rtt.map(|rtt| rtt as u64)
    }

    /// Time in queues, microseconds.
    pub(crate) fn queue_delay(&self) -> u64 {
        self.queue.get()
    }

    /// Whether packets wait in long queues.
    pub(crate) fn is_queueing(&self) -> bool {
        self.queue.get() > LONG
    }

    /// Whether others fill the queues.
    pub(crate) const fn is_competing(&self) -> bool {
        self.competing
    }
}
