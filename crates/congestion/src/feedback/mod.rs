//! What receivers report about packets, translated into results of sent packets.

mod congestion_feedback;
mod transport_cc;

use crate::history::{ClusterId, News, Reportable};
use crate::time::Micros;

pub use congestion_feedback::{CongestionFeedback, StreamReport};
pub(crate) use transport_cc::TransportCcReader;

/// What feedback says about a sent packet for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketResult {
    /// When it left.
    pub(crate) sent: Micros,
    /// Bytes of the UDP payload.
    pub(crate) size: u16,
    /// The probe that it belongs to.
    pub(crate) cluster: Option<ClusterId>,
    /// Whether it arrived.
    pub(crate) news: News,
    /// When it arrived, microseconds of the receiver's clock; meaningless for a lost packet.
    pub(crate) arrival: i64,
}

/// The results of one feedback packet. The buffer is reused.
///
/// A packet that no feedback mentions has no result: when feedback is lost, its packets are unknown, not lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    results: Vec<PacketResult>,
    /// How many of them arrived.
    arrived: usize,
}

impl Results {
    /// All results, arrivals first and in their order.
    pub(crate) fn all(&self) -> &[PacketResult] {
        &self.results
    }

    /// The packets that arrived, in the order of arrival.
    pub(crate) fn arrived(&self) -> &[PacketResult] {
        self.results.get(..self.arrived).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.results.clear();
        self.arrived = 0;
    }

    /// Adds the result of a packet, if what feedback says of it is news.
    #[inline]
    fn push(&mut self, packets: &mut Reportable<'_>, number: u16, arrival: Option<i64>) {
        if let Some((packet, news)) = packets.acknowledge(number, arrival.is_some()) {
            self.arrived += usize::from(arrival.is_some());
            self.results.push(PacketResult {
                sent: packet.sent,
                size: packet.size,
                cluster: packet.cluster,
                news,
                arrival: arrival.unwrap_or_default(),
            });
        }
    }

    /// Most packets arrive in their order, which a sort would find out more slowly.
    fn sort(&mut self) {
        let order =
            |result: &PacketResult| (result.news == News::Lost, result.arrival, result.sent);
        if !self.results.is_sorted_by_key(order) {
            self.results.sort_unstable_by_key(order);
        }
    }
}
