//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) of sent packets.

use hubbub_wire::rtcp::TransportFeedback;

use super::Results;
use crate::history::SendHistory;
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

    /// Replaces `results` by those of a feedback packet. Work is bounded by the size of the history.
    pub(crate) fn read(
        &mut self,
        now: Micros,
        feedback: &TransportFeedback<'_>,
        history: &mut SendHistory,
        results: &mut Results,
    ) {
        results.clear();
        self.count(feedback.feedback_count);
        let mut arrival = self.extend(feedback.reference_time) * REFERENCE;
        let most = history.capacity();
        let Some(mut packets) = history.reportable(now) else {
            return;
        };
        for status in feedback.statuses().take(most) {
            let at = status.delta_micros.map(|delta| {
                arrival += i64::from(delta);
                arrival
            });
            results.push(&mut packets, status.sequence_number, at);
        }
        results.sort();
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
    use crate::history::{News, SentPacket};

    struct Rig {
        reader: TransportCcReader,
        history: SendHistory,
        results: Results,
        count: u8,
    }

    fn rig(numbers: impl Iterator<Item = u16>) -> Rig {
        let mut history = SendHistory::default();
        for number in numbers {
            history.record(
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
        /// Feeds back arrivals in milliseconds. Returns news and arrival in microseconds.
        fn feed(&mut self, base: u16, arrivals: &[(u16, u64)]) -> Vec<(News, i64)> {
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
            let Some(Ok(RtcpPacket::TransportFeedback(feedback))) =
                Compound::parse(&buffer[..len]).unwrap().next()
            else {
                panic!("no feedback")
            };
            self.reader.read(
                Micros(2_000),
                &feedback,
                &mut self.history,
                &mut self.results,
            );
            let results = self.results.all().iter();
            results
                .map(|result| (result.news, result.arrival))
                .collect()
        }
    }

    #[test]
    fn arrivals_come_in_their_order_and_then_the_lost() {
        let mut rig = rig(10..14);
        assert_eq!(
            rig.feed(10, &[(11, 7), (12, 5), (13, 9)]),
            [
                (News::Received, 5_000),
                (News::Received, 7_000),
                (News::Received, 9_000),
                (News::Lost, 0)
            ]
        );
        assert_eq!(rig.feed(10, &[(10, 11)]), [(News::ReceivedLate, 11_000)]);
    }

    #[test]
    fn packets_of_lost_feedback_are_unknown() {
        let mut rig = rig(10..14);
        rig.feed(10, &[(10, 1)]);
        rig.count += 1;
        assert_eq!(rig.feed(13, &[(13, 8)]), [(News::Received, 8_000)]);
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
