//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) of sent packets.

use hubbub_wire::rtcp::{Run, TransportFeedback};

use super::Results;
use crate::history::{MAX_KEPT, SendHistory};
use crate::time::Micros;

/// Unit of the reference time, microseconds.
const REFERENCE: i64 = 64_000;

/// Reads the feedback of one transport: extends the receiver's clock and counts lost feedback.
#[derive(Debug, Clone, Default)]
pub(crate) struct TransportCcReader {
    /// The last reference time, 24 bits, and its extension.
    reference: Option<(i32, i64)>,
    last_count: Option<u8>,
    lost: u64,
}

impl TransportCcReader {
    /// Feedback packets that did not arrive, by their counter.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Replaces `results` by those of a feedback packet. What follows more lost packets than are kept is not read: two bytes
    /// report thousands of them.
    pub(crate) fn read(
        &mut self,
        now: Micros,
        feedback: &TransportFeedback<'_>,
        history: &mut SendHistory,
        results: &mut Results,
    ) {
        results.clear();
        self.count(feedback.feedback_count);
        let mut at = self.extend(feedback.reference_time) * REFERENCE;
        let mut packets = history.reported(now, feedback.base_sequence);
        let mut is_ordered = true;
        let mut lost_left = MAX_KEPT;
        for run in feedback.runs() {
            match run {
                Run::Lost(count) => {
                    let Some(left) = lost_left.checked_sub(count.into()) else {
                        break;
                    };
                    lost_left = left;
                    for _ in 0..count {
                        if let Some((packet, _)) = packets.next(false) {
                            results.add_lost(packet);
                        }
                    }
                }
                Run::Received(deltas) => deltas.for_each(|delta| {
                    at += i64::from(delta);
                    is_ordered &= delta >= 0;
                    if let Some((packet, news)) = packets.next(true) {
                        results.add_arrived(packet, news, at);
                    }
                }),
            }
        }
        if !is_ordered {
            results.sort();
        }
    }

    fn count(&mut self, count: u8) {
        if let Some(last) = self.last_count {
            let skipped = count.wrapping_sub(last).wrapping_sub(1);
            // A step back is a reordered feedback packet.
            if skipped < 128 {
                self.lost += u64::from(skipped);
            }
        }
        self.last_count = Some(count);
    }

    /// Extends the 24-bit reference time to the nearest value.
    fn extend(&mut self, reference: i32) -> i64 {
        let extended = match self.reference {
            None => i64::from(reference),
            Some((last, extended)) => {
                let step = reference.wrapping_sub(last) << 8 >> 8;
                extended.saturating_add(i64::from(step))
            }
        };
        self.reference = Some((reference, extended));
        extended
    }
}

#[cfg(test)]
mod tests {
    use hubbub_wire::rtcp::{Arrival, Compound, RtcpPacket, TransportFeedbackBuilder};

    use super::*;
    use crate::history::SentPacket;

    struct Rig {
        reader: TransportCcReader,
        history: SendHistory,
        results: Results,
        count: u8,
    }

    fn rig(numbers: impl Iterator<Item = u16>) -> Rig {
        let mut history = SendHistory::default();
        for number in numbers {
            let _ = history.record(
                number,
                SentPacket {
                    sent: Micros(1_000),
                    size: 1_200,
                    cluster: None,
                },
            );
        }
        Rig {
            reader: TransportCcReader::default(),
            history,
            results: Results::default(),
            count: 0,
        }
    }

    impl Rig {
        /// Feeds back arrivals in milliseconds. Returns those that are news, in microseconds.
        fn feed(&mut self, base: u16, arrivals: &[(u16, u64)]) -> Vec<i64> {
            let arrivals: Vec<Arrival> = arrivals
                .iter()
                .map(|(number, at)| Arrival {
                    sequence_number: *number,
                    arrival_micros: 1_000 * at,
                })
                .collect();
            let mut buffer = [0; 1_200];
            let len = TransportFeedbackBuilder {
                sender_ssrc: 1,
                media_ssrc: 2,
                feedback_count: self.count,
                base_sequence: base,
                arrivals: &arrivals,
            }
            .write(&mut buffer)
            .unwrap()
            .len;
            self.count = self.count.wrapping_add(1);
            self.feed_bytes(&buffer[..len])
        }

        fn feed_bytes(&mut self, packet: &[u8]) -> Vec<i64> {
            let Some(Ok(RtcpPacket::TransportFeedback(feedback))) =
                Compound::parse(packet).unwrap().next()
            else {
                panic!("no feedback")
            };
            self.reader.read(
                Micros(2_000),
                &feedback,
                &mut self.history,
                &mut self.results,
            );
            let arrived = self.results.arrived().iter();
            arrived.map(|packet| packet.arrival).collect()
        }
    }

    #[test]
    fn what_follows_more_lost_packets_than_are_kept_is_not_read() {
        for (lost, news) in [(MAX_KEPT, 1), (MAX_KEPT + 1, 0)] {
            let last = 10 + lost as u16;
            let mut rig = rig(10..=last);
            let arrived = rig.feed_bytes(&reports_lost(10, lost as u16));
            assert_eq!(arrived.len(), news, "{lost}");
        }
    }

    /// A feedback of packets that were lost, and one behind them that arrived.
    fn reports_lost(base: u16, lost: u16) -> Vec<u8> {
        let second = lost - 8_000;
        let mut packet = vec![0x8f, 205, 0, 7];
        for word in [
            0,
            1,
            0,
            2,
            base,
            lost + 1,
            0,
            0x100,
            8_000,
            second,
            0x2001,
            0x0400,
        ] {
            packet.extend(u16::to_be_bytes(word));
        }
        packet.extend([0; 4]);
        packet
    }

    #[test]
    fn arrivals_come_in_their_order() {
        let mut rig = rig(10..14);
        let arrivals = rig.feed(10, &[(11, 7), (12, 5), (13, 9)]);
        assert_eq!(arrivals, [5_000, 7_000, 9_000]);
        let reported = rig.results.reported().unwrap();
        assert_eq!((reported.received, reported.lost), (3 * 1_200, 1_200));
        assert_eq!(rig.feed(10, &[(10, 11)]), [11_000]);
        let reported = rig.results.reported().unwrap();
        assert_eq!((reported.received, reported.late), (0, 1_200));
        assert_eq!(rig.feed(10, &[(10, 11)]), []);
        assert_eq!(rig.results.reported(), None);
    }

    #[test]
    fn packets_of_lost_feedback_are_unknown() {
        let mut rig = rig(10..14);
        rig.feed(10, &[(10, 1)]);
        rig.count += 1;
        assert_eq!(rig.feed(13, &[(13, 8)]), [8_000]);
        let reported = rig.results.reported().unwrap();
        assert_eq!((reported.received, reported.lost), (1_200, 0));
        assert_eq!(rig.reader.lost(), 1);
    }

    #[test]
    fn the_reference_time_wraps() {
        let mut reader = TransportCcReader::default();
        let last = reader.extend(0x7F_FFFF);
        assert_eq!(reader.extend(-0x80_0000), last + 1);
        assert_eq!(reader.extend(0x7F_FFFF), last);
    }
}
