//! Congestion control feedback of RFC 8888. Parsed and understood, but not offered: browsers do not send it.

use super::Results;
use crate::history::SendHistory;
use crate::time::{Micros, SECOND};

const TRANSPORT_LAYER_FEEDBACK: u8 = 205;
const FORMAT: u8 = 11;
const HEADER: usize = 8;

/// RFC 8888 section 3.1: the offset is at least 8,189 / 1,024 s.
const OFFSET_TOO_LARGE: u16 = 0x1FFE;
/// The arrival time is not known.
const OFFSET_UNKNOWN: u16 = 0x1FFF;

/// A feedback packet (RFC 8888 section 3.1), read in place.
#[derive(Debug, Clone, Copy)]
pub struct CongestionFeedback<'a> {
    /// SSRC of the receiver.
    pub sender_ssrc: u32,
    /// When the report was made: the middle 32 bits of an NTP time of the receiver.
    pub timestamp: u32,
    blocks: &'a [u8],
}

/// The report on one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamReport {
    /// SSRC of the reported stream.
    pub ssrc: u32,
    /// RTP sequence number of the packet.
    pub sequence: u16,
    /// Whether it arrived.
    pub received: bool,
    /// Microseconds from its arrival to the report; `None` if unknown or too large.
    pub offset: Option<u32>,
}

impl<'a> CongestionFeedback<'a> {
    /// Reads one RTCP packet, header included. `None` if it is another packet or malformed.
    #[must_use]
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let [first, kind, ..] = *packet else {
            return None;
        };
        if first & 0xDF != (2 << 6) | FORMAT || kind != TRANSPORT_LAYER_FEEDBACK {
            return None;
        }
        let blocks_end = packet.len().checked_sub(4)?;
        let feedback = Self {
            sender_ssrc: u32_at(packet, 4)?,
            timestamp: u32_at(packet, blocks_end)?,
            blocks: packet.get(HEADER..blocks_end)?,
        };
        let mut rest = feedback.blocks;
        while !rest.is_empty() {
            rest = split_block(rest)?.1;
        }
        Some(feedback)
    }

    /// The reports on all packets, stream by stream.
    pub fn reports(&self) -> impl Iterator<Item = StreamReport> + use<'a> {
        let mut rest = self.blocks;
        std::iter::from_fn(move || {
            let (block, after) = split_block(rest)?;
            rest = after;
            Some(block)
        })
        .flat_map(Block::reports)
    }

    /// Replaces `results` by those of the reported packets. `number_of` maps SSRC and RTP sequence number to the number
    /// under which the history has the packet.
    pub(crate) fn read(
        &self,
        now: Micros,
        history: &mut SendHistory,
        results: &mut Results,
        mut number_of: impl FnMut(u32, u16) -> Option<u16>,
    ) {
        results.clear();
        let made = (i64::from(self.timestamp) * SECOND as i64) >> 16;
        for report in self.reports() {
            // An arrival without a time is neither lost nor of use for the delay.
            let arrival = match (report.received, report.offset) {
                (true, None) => continue,
                (true, Some(offset)) => Some(made - i64::from(offset)),
                (false, _) => None,
            };
            if let Some(number) = number_of(report.ssrc, report.sequence) {
                let news = history.reported(now, number).next(arrival.is_some());
                match (news, arrival) {
                    (Some((packet, news)), Some(at)) => results.add_arrived(packet, news, at),
                    (Some((packet, _)), None) => results.add_lost(packet),
                    (None, _) => {}
                }
            }
        }
        results.sort();
    }
}

/// The reports on one stream.
#[derive(Debug, Clone, Copy)]
struct Block<'a> {
    ssrc: u32,
    first: u16,
    metrics: &'a [u8],
}

impl<'a> Block<'a> {
    fn reports(self) -> impl Iterator<Item = StreamReport> + use<'a> {
        let numbers = (0..).map(move |index| self.first.wrapping_add(index));
        self.metrics
            .chunks_exact(2)
            .filter_map(|metric| metric.first_chunk())
            .zip(numbers)
            .map(move |(metric, sequence)| {
                let metric = u16::from_be_bytes(*metric);
                let offset = metric & 0x1FFF;
                StreamReport {
                    ssrc: self.ssrc,
                    sequence,
                    received: metric >> 15 == 1,
                    offset: (!matches!(offset, OFFSET_TOO_LARGE | OFFSET_UNKNOWN))
                        .then(|| u32::from(offset) * 15_625 / 16),
                }
            })
    }
}

/// Splits off the first stream's block. `None` if it is cut off.
fn split_block(data: &[u8]) -> Option<(Block<'_>, &[u8])> {
    let ssrc = u32_at(data, 0)?;
    let first = u16_at(data, 4)?;
    let count = usize::from(u16_at(data, 6)?);
    let metrics = data.get(8..8 + 2 * count)?;
    // Metrics are padded to whole words.
    let rest = data.get(8 + 4 * count.div_ceil(2)..)?;
    Some((
        Block {
            ssrc,
            first,
            metrics,
        },
        rest,
    ))
}

fn u16_at(data: &[u8], offset: usize) -> Option<u16> {
    data.get(offset..)?
        .first_chunk()
        .map(|bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(data: &[u8], offset: usize) -> Option<u32> {
    data.get(offset..)?
        .first_chunk()
        .map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::SentPacket;

    /// Two streams: packets 0xFFFF (arrived 1 s before), 0 (lost), 1 (arrived, time unknown); and packet 5 (arrived at
    /// the report, ECN-CE).
    const PACKET: [u8; 40] = [
        0x8B, 205, 0, 9, 0, 0, 0, 1, // header, sender
        0, 0, 0, 2, 0xFF, 0xFF, 0, 3, 0x84, 0x00, 0x00, 0x00, 0x9F, 0xFF, 0, 0, // stream 2
        0, 0, 0, 3, 0, 5, 0, 1, 0xE0, 0x00, 0, 0, // stream 3
        0, 10, 0x80, 0, // 10.5 s
    ];

    #[test]
    fn the_vector_is_read() {
        let feedback = CongestionFeedback::parse(&PACKET).unwrap();
        let report = |ssrc, sequence, received, offset| StreamReport {
            ssrc,
            sequence,
            received,
            offset,
        };
        assert_eq!((feedback.sender_ssrc, feedback.timestamp), (1, 0x000A_8000));
        assert_eq!(
            feedback.reports().collect::<Vec<_>>(),
            [
                report(2, 0xFFFF, true, Some(1_000_000)),
                report(2, 0, false, Some(0)),
                report(2, 1, true, None),
                report(3, 5, true, Some(0)),
            ]
        );
    }

    #[test]
    fn reports_become_results_of_the_packets_sent() {
        let mut history = SendHistory::default();
        for number in 0..4 {
            let packet = SentPacket {
                sent: Micros(1),
                size: 100,
                cluster: None,
            };
            let _ = history.record(number, packet);
        }
        let mut results = Results::default();
        CongestionFeedback::parse(&PACKET).unwrap().read(
            Micros(2),
            &mut history,
            &mut results,
            |ssrc, sequence| match (ssrc, sequence) {
                (2, sequence) => Some(sequence.wrapping_add(1)),
                (3, 5) => Some(3),
                _ => None,
            },
        );
        let arrivals = results.arrived().iter().map(|packet| packet.arrival);
        assert_eq!(arrivals.collect::<Vec<_>>(), [9_500_000, 10_500_000]);
        let reported = results.reported().unwrap();
        assert_eq!((reported.received, reported.lost), (200, 100));
    }

    #[test]
    fn a_packet_that_is_cut_off_is_refused() {
        for len in 0..PACKET.len() {
            let mut packet = PACKET[..len].to_vec();
            // At these lengths the blocks end with the stream's, or there are none.
            let whole = matches!(len, 12 | 28);
            if let [_, _, _, words, ..] = packet.as_mut_slice() {
                *words = (len / 4) as u8;
            }
            assert_eq!(CongestionFeedback::parse(&packet).is_some(), whole, "{len}");
        }
    }
}
