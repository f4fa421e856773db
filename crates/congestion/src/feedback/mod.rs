//! What receivers report about packets, translated into results of sent packets.

mod congestion_feedback;
mod transport_cc;

use crate::history::{ClusterId, News, SentPacket};
use crate::time::Micros;

pub use congestion_feedback::{CongestionFeedback, StreamReport};
pub(crate) use transport_cc::TransportCcReader;

/// A sent packet whose arrival is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrivedPacket {
    /// When it left.
    pub(crate) sent: Micros,
    /// When it arrived, microseconds of the receiver's clock.
    pub(crate) arrival: i64,
    /// Bytes of the UDP payload.
    pub(crate) size: u16,
    /// The probe that it belongs to.
    pub(crate) cluster: Option<ClusterId>,
    /// An earlier feedback had reported it lost.
    pub(crate) is_late: bool,
}

/// The bytes of which a feedback packet has news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported {
    /// Of packets that arrived.
    pub(crate) received: u64,
    /// Of packets that arrived, too, but were reported lost before.
    pub(crate) late: u64,
    /// Of packets that did not arrive so far.
    pub(crate) lost: u64,
    /// When the packet left that arrived first; without one, the first lost packet.
    pub(crate) first_sent: Micros,
    /// When the last of them left.
    pub(crate) last_sent: Micros,
}

/// The news of one feedback packet. The buffer is reused.
///
/// Of a packet that no feedback mentions there is no news: when feedback is lost, its packets are unknown, not lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    arrived: Vec<ArrivedPacket>,
    received: u64,
    late: u64,
    lost: u64,
    first_lost: Option<Micros>,
    last_sent: Micros,
}

impl Results {
    /// The packets that arrived, in the order of arrival.
    pub(crate) fn arrived(&self) -> &[ArrivedPacket] {
        &self.arrived
    }

    /// Whether a packet did not arrive so far.
    pub(crate) const fn has_losses(&self) -> bool {
        self.first_lost.is_some()
    }

    /// All bytes; `None` without news.
    pub(crate) fn reported(&self) -> Option<Reported> {
        let first_arrived = self.arrived.first().map(|packet| packet.sent);
        Some(Reported {
            received: self.received,
            late: self.late,
            lost: self.lost,
            first_sent: first_arrived.or(self.first_lost)?,
            last_sent: self.last_sent,
        })
    }

    fn clear(&mut self) {
        let mut arrived = std::mem::take(&mut self.arrived);
        arrived.clear();
        *self = Self {
            arrived,
            ..Self::default()
        };
    }

    /// Adds a packet that did not arrive so far.
    fn add_lost(&mut self, packet: SentPacket) {
        self.lost += u64::from(packet.size);
        self.last_sent = self.last_sent.max(packet.sent);
        self.first_lost.get_or_insert(packet.sent);
    }

    /// Adds a packet that arrived.
    #[inline]
    fn add_arrived(&mut self, packet: SentPacket, news: News, arrival: i64) {
        let is_late = news == News::ReceivedLate;
        let bytes = if is_late {
            &mut self.late
        } else {
            &mut self.received
        };
        *bytes += u64::from(packet.size);
        self.last_sent = self.last_sent.max(packet.sent);
        self.arrived.push(ArrivedPacket {
            sent: packet.sent,
            arrival,
            size: packet.size,
            cluster: packet.cluster,
            is_late,
        });
    }

    /// Puts arrivals that were added in another order into that of their time.
    fn sort(&mut self) {
        let order = |packet: &ArrivedPacket| (packet.arrival, packet.sent);
        if !self.arrived.is_sorted_by_key(order) {
            self.arrived.sort_unstable_by_key(order);
        }
    }
}
