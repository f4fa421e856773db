//! What receivers report about packets, translated into results of sent packets.

mod congestion_feedback;
mod transport_cc;

use crate::history::{ClusterId, News, SendHistory};
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
}

impl Results {
    /// All results, arrivals first and in their order.
    pub(crate) fn all(&self) -> &[PacketResult] {
        &self.results
    }

    /// The packets that arrived, in the order of arrival.
    pub(crate) fn arrived(&self) -> impl Iterator<Item = &PacketResult> {
        self.results
            .iter()
            .take_while(|result| result.news != News::Lost)
    }

    fn clear(&mut self) {
        self.results.clear();
    }

    fn push(&mut self, now: Micros, history: &mut SendHistory, number: u16, arrival: Option<i64>) {
        if let Some((packet, news)) = history.acknowledge(now, number, arrival.is_some()) {
            self.results.push(PacketResult {
                sent: packet.sent,
                size: packet.size,
                cluster: packet.cluster,
                news,
                arrival: arrival.unwrap_or_default(),
            });
        }
    }

    fn sort(&mut self) {
        self.results.sort_unstable_by_key(|result| {
            (result.news == News::Lost, result.arrival, result.sent)
        });
    }
}
