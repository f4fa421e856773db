//! The feedback of a Chromium receiver (libwebrtc `remote_estimator_proxy.cc`).

use std::collections::BTreeMap;

use hubbub_congestion::{MILLISECOND, Micros, SECOND};
use hubbub_wire::rtcp::{Arrival, MAX_COMPOUND_LEN, TransportFeedbackBuilder};

const MIN_INTERVAL: u64 = 50 * MILLISECOND;
const MAX_INTERVAL: u64 = 250 * MILLISECOND;
/// Before the receiver knows its uplink.
const DEFAULT_INTERVAL: u64 = 100 * MILLISECOND;
/// Bytes of a feedback packet, as Chromium reckons them.
const REPORT_SIZE: u64 = 68;
/// Share of the uplink for feedback.
const SHARE: u64 = 20;
/// Reported arrivals are kept this long, since an older packet may still arrive.
const BACK_WINDOW: u64 = 500 * MILLISECOND;

/// The arrivals of one receiver, and when it reports them.
#[derive(Debug, Clone)]
pub struct TransportCcReceiver {
    interval: u64,
    /// Extended transport-wide number and time of arrival.
    arrivals: BTreeMap<u64, Micros>,
    /// The first number of the next feedback.
    start: Option<u64>,
    highest: Option<u64>,
    due: Micros,
    count: u8,
}

impl TransportCcReceiver {
    /// A receiver with an uplink in bit/s, of which feedback takes a twentieth; `None` if it sends nothing itself.
    #[must_use]
    pub fn new(now: Micros, uplink: Option<u64>) -> Self {
        let interval = uplink.map_or(DEFAULT_INTERVAL, |uplink| {
            (REPORT_SIZE * 8 * SECOND * SHARE / uplink.max(1)).clamp(MIN_INTERVAL, MAX_INTERVAL)
        });
        Self {
            interval,
            arrivals: BTreeMap::new(),
            start: None,
            highest: None,
            due: now.plus(interval),
            count: 0,
        }
    }

    /// Counts a packet.
    pub fn arrived(&mut self, now: Micros, number: u16) {
        let extended = match self.highest {
            None => 1 << 16 | u64::from(number),
            Some(highest) => {
                let step = number.wrapping_sub(highest as u16).cast_signed();
                highest.wrapping_add_signed(i64::from(step))
            }
        };
        self.highest = self.highest.max(Some(extended));
        self.arrivals.entry(extended).or_insert(now);
        self.start = Some(self.start.map_or(extended, |start| start.min(extended)));
    }

    /// When the next feedback is due.
    #[must_use]
    pub const fn due(&self) -> Micros {
        self.due
    }

    /// The RTCP packets of the feedback due; none if nothing arrived.
    pub fn feedback(&mut self, now: Micros) -> Vec<Vec<u8>> {
        self.due = now.plus(self.interval);
        let Some(start) = self.start else {
            return Vec::new();
        };
        let mut arrivals: Vec<Arrival> = self
            .arrivals
            .range(start..)
            .map(|(number, at)| Arrival {
                sequence_number: *number as u16,
                arrival_micros: at.0,
            })
            .collect();
        let mut packets = Vec::new();
        let mut base_sequence = start as u16;
        while !arrivals.is_empty() {
            let mut buffer = vec![0; MAX_COMPOUND_LEN];
            let builder = TransportFeedbackBuilder {
                sender_ssrc: 1,
                media_ssrc: 2,
                feedback_count: self.count,
                base_sequence,
                arrivals: &arrivals,
            };
            let Ok(written) = builder.write(&mut buffer) else {
                break;
            };
            self.count = self.count.wrapping_add(1);
            buffer.truncate(written.len);
            packets.push(buffer);
            base_sequence = written.next_sequence;
            arrivals.drain(..written.arrivals.clamp(1, arrivals.len()));
        }
        self.start = self.highest.map(|highest| highest + 1);
        self.arrivals.retain(|_, at| now.since(*at) < BACK_WINDOW);
        packets
    }
}

#[cfg(test)]
mod tests {
    use hubbub_wire::rtcp::{Compound, RtcpPacket};

    use super::*;

    /// The reported numbers, and whether they arrived.
    fn statuses(packets: &[Vec<u8>]) -> Vec<(u16, bool)> {
        let packets = packets
            .iter()
            .map(|packet| Compound::parse(packet).unwrap().next());
        packets
            .flat_map(|packet| match packet {
                Some(Ok(RtcpPacket::TransportFeedback(feedback))) => feedback.statuses(),
                other => panic!("{other:?}"),
            })
            .map(|status| (status.sequence_number, status.delta_micros.is_some()))
            .collect()
    }

    #[test]
    fn feedback_follows_the_uplink() {
        let interval = |uplink| TransportCcReceiver::new(Micros(0), uplink).due().0;
        assert_eq!(interval(None), 100 * MILLISECOND);
        assert_eq!(interval(Some(1_000_000)), 50 * MILLISECOND);
        assert_eq!(interval(Some(100_000)), 108_800);
        assert_eq!(interval(Some(1)), 250 * MILLISECOND);
    }

    #[test]
    fn a_late_arrival_is_reported_with_those_behind_it() {
        let mut receiver = TransportCcReceiver::new(Micros(0), None);
        assert!(receiver.feedback(Micros(0)).is_empty());
        for number in [65_534, 0] {
            receiver.arrived(Micros(1_000), number);
        }
        let first = statuses(&receiver.feedback(Micros(2_000)));
        assert_eq!(first, [(65_534, true), (65_535, false), (0, true)]);
        assert!(receiver.feedback(Micros(3_000)).is_empty());
        receiver.arrived(Micros(4_000), 65_535);
        receiver.arrived(Micros(5_000), 1);
        let second = statuses(&receiver.feedback(Micros(6_000)));
        assert_eq!(second, [(65_535, true), (0, true), (1, true)]);
    }
}
