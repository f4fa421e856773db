//! The result of a probe, from the packets of its cluster.

use crate::constants::probe::{
    MAX_INTERVAL, MAX_RATIO, MIN_RECEIVED, UNSATURATED_RATIO, UTILIZATION,
};
use crate::feedback::ArrivedPacket;
use crate::history::ClusterId;
use crate::time::{Micros, SECOND};

/// What a probe shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ProbeResult {
    /// bit/s that the link carries.
    pub(crate) rate: f64,
    /// It does not carry more.
    pub(crate) saturated: bool,
}

/// Probes in flight at a time: the controller makes two, and later ones follow their results.
const TRACKED: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Cluster {
    id: ClusterId,
    /// What must arrive for a result.
    min_packets: u32,
    min_bytes: u64,
    packets: u32,
    bytes: u64,
    first_sent: Micros,
    last_sent: Micros,
    last_sent_size: u16,
    first_arrival: i64,
    last_arrival: i64,
    first_arrival_size: u16,
}

/// The clusters that feedback is awaited for.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterResults {
    clusters: [Option<Cluster>; TRACKED],
    next: usize,
}

impl ClusterResults {
    /// Awaits a probe of at least `packets` and `bytes`. It takes the place of the oldest.
    pub(crate) fn expect(&mut self, id: ClusterId, packets: u32, bytes: u64) {
        if let Some(place) = self.clusters.get_mut(self.next) {
            *place = Some(Cluster {
                id,
                min_packets: (f64::from(packets) * MIN_RECEIVED) as u32,
                min_bytes: (bytes as f64 * MIN_RECEIVED) as u64,
                packets: 0,
                bytes: 0,
                first_sent: Micros::NEVER,
                last_sent: Micros(0),
                last_sent_size: 0,
                first_arrival: i64::MAX,
                last_arrival: i64::MIN,
                first_arrival_size: 0,
            });
        }
        self.next = (self.next + 1) % TRACKED;
    }

    /// Adds a received packet. Returns the result of its probe, once enough of it arrived.
    pub(crate) fn add(&mut self, packet: &ArrivedPacket) -> Option<ProbeResult> {
        let id = packet.cluster?;
        let cluster = self
            .clusters
            .iter_mut()
            .flatten()
            .find(|cluster| cluster.id == id)?;
        cluster.add(packet);
        cluster.result()
    }
}

impl Cluster {
    fn add(&mut self, packet: &ArrivedPacket) {
        self.first_sent = self.first_sent.min(packet.sent);
        if packet.sent >= self.last_sent {
            self.last_sent = packet.sent;
            self.last_sent_size = packet.size;
        }
        if packet.arrival < self.first_arrival {
            self.first_arrival = packet.arrival;
            self.first_arrival_size = packet.size;
        }
        self.last_arrival = self.last_arrival.max(packet.arrival);
        self.packets += 1;
        self.bytes += u64::from(packet.size);
    }

    fn result(&self) -> Option<ProbeResult> {
        if self.packets < self.min_packets.max(2) || self.bytes < self.min_bytes {
            return None;
        }
        // The interval does not include the time that the last packet takes to leave, nor the first to arrive.
        let sent = rate(
            self.bytes - u64::from(self.last_sent_size),
            self.last_sent.since(self.first_sent),
        )?;
        let arrived = rate(
            self.bytes - u64::from(self.first_arrival_size),
            u64::try_from(self.last_arrival.checked_sub(self.first_arrival)?).ok()?,
        )?;
        if arrived > MAX_RATIO * sent {
            return None;
        }
        let saturated = arrived < UNSATURATED_RATIO * sent;
        // A little below the capacity, no queue builds up.
        let rate = if saturated {
            UTILIZATION * arrived
        } else {
            sent.min(arrived)
        };
        Some(ProbeResult { rate, saturated })
    }
}

fn rate(bytes: u64, interval: u64) -> Option<f64> {
    (interval > 0 && interval <= MAX_INTERVAL)
        .then(|| 8.0 * bytes as f64 * SECOND as f64 / interval as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ClusterId = ClusterId(std::num::NonZeroU8::MIN);

    /// Feeds five packets with these intervals in microseconds; returns the last result.
    fn probe(packets: u64, departure: u64, arrival: i64) -> Option<(f64, bool)> {
        let mut results = ClusterResults::default();
        results.expect(ID, 5, 5_000);
        (0..packets).fold(None, |_, n| {
            let result = results.add(&ArrivedPacket {
                sent: Micros(n * departure),
                size: 1_000,
                cluster: Some(ID),
                is_late: false,
                arrival: n as i64 * arrival,
            });
            result.map(|result| (result.rate, result.saturated))
        })
    }

    #[test]
    fn a_link_with_room_shows_the_rate_of_the_probe() {
        assert_eq!(probe(5, 4_000, 4_000), Some((2_000_000.0, false)));
        assert_eq!(probe(5, 4_000, 3_000), Some((2_000_000.0, false)));
    }

    #[test]
    fn a_saturated_link_shows_its_capacity_less_a_margin() {
        assert_eq!(probe(5, 4_000, 8_000), Some((950_000.0, true)));
    }

    #[test]
    fn too_few_packets_or_impossible_times_give_no_result() {
        assert_eq!(probe(3, 4_000, 4_000), None);
        assert_eq!(probe(5, 4_000, 0), None);
        assert_eq!(probe(5, 4_000, 1_000), None, "faster than sent");
        assert_eq!(probe(5, 4_000, 900_000), None, "over a second");
    }
}
