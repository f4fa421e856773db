//! What receiver reports say about the link to a client: the share of the sent bytes that it lost.
//!
//! A report counts the gaps of the publisher's uplink as lost, since they are gaps in our numbers as well. They are taken
//! off again.

use hubbub_wire::rtcp::ReportBlock;

/// What was sent until a report block arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentSoFar {
    /// The highest extended output number.
    pub(crate) highest: u64,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// What a report block says of what was sent since the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported {
    /// Packets that the client expected.
    pub(crate) expected: u64,
    /// Of these, packets that it lost.
    pub(crate) lost: u64,
    /// Bytes, in proportion.
    pub(crate) bytes_received: u64,
    /// Bytes, in proportion.
    pub(crate) bytes_lost: u64,
}

/// The last report block of a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReportedLoss {
    last: Option<(ReportBlock, SentSoFar)>,
}

impl ReportedLoss {
    /// Takes a report block. Returns what it says since the last one; `None` if there are none, or the block makes no sense.
    pub(crate) fn update(&mut self, block: &ReportBlock, sent: SentSoFar) -> Option<Reported> {
        let (last_block, last_sent) = self.last.replace((*block, sent))?;
        let expected = block
            .highest_sequence
            .wrapping_sub(last_block.highest_sequence);
        let lost = block
            .cumulative_lost
            .saturating_sub(last_block.cumulative_lost);
        let numbers = sent.highest.checked_sub(last_sent.highest)?;
        let packets = sent.packets.checked_sub(last_sent.packets)?;
        let bytes = sent.bytes.checked_sub(last_sent.bytes)?;
        // A client that expects more than the numbers that were used reports nonsense, or another stream.
        if expected == 0 || bytes == 0 || u64::from(expected) > 2 * numbers.max(1 << 10) {
            return None;
        }
        let gaps = numbers.saturating_sub(packets);
        let lost = u64::try_from(lost).unwrap_or(0).saturating_sub(gaps);
        let lost = lost.min(expected.into());
        let bytes_lost = bytes * lost / u64::from(expected);
        Some(Reported {
            expected: expected.into(),
            lost,
            bytes_received: bytes - bytes_lost,
            bytes_lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use hubbub_wire::CompactNtp;

    use super::*;

    fn block(highest_sequence: u32, cumulative_lost: i32) -> ReportBlock {
        ReportBlock {
            ssrc: 1,
            fraction_lost: 0,
            cumulative_lost,
            highest_sequence,
            jitter: 0,
            last_sender_report: CompactNtp(0),
            delay_since_last_sender_report: CompactNtp(0),
        }
    }

    const fn sent(highest: u64, packets: u64) -> SentSoFar {
        SentSoFar {
            highest,
            packets,
            bytes: packets * 1_000,
        }
    }

    #[test]
    fn the_first_block_only_begins() {
        let mut loss = ReportedLoss::default();
        assert_eq!(loss.update(&block(100, 3), sent(100, 100)), None);
    }

    #[test]
    fn the_lost_share_of_the_bytes_since_the_last_block_is_lost() {
        let mut loss = ReportedLoss::default();
        loss.update(&block(100, 3), sent(100, 100));
        let expected = Reported {
            expected: 100,
            lost: 10,
            bytes_received: 90_000,
            bytes_lost: 10_000,
        };
        assert_eq!(loss.update(&block(200, 13), sent(200, 200)), Some(expected));
    }

    #[test]
    fn gaps_of_the_uplink_are_not_lost_on_the_downlink() {
        let mut loss = ReportedLoss::default();
        loss.update(&block(100, 0), sent(100, 100));
        // Of 100 numbers, 20 had no packet; the client misses 30.
        let expected = Reported {
            expected: 100,
            lost: 10,
            bytes_received: 72_000,
            bytes_lost: 8_000,
        };
        assert_eq!(loss.update(&block(200, 30), sent(200, 180)), Some(expected));
    }

    #[test]
    fn a_client_may_expect_twice_the_numbers_that_were_used_but_not_more() {
        for (numbers, most) in [(10, 2_048), (1_024, 2_048), (3_000, 6_000)] {
            for (expected, is_possible) in [(most, true), (most + 1, false)] {
                let mut loss = ReportedLoss::default();
                loss.update(&block(0, 0), sent(0, 0));
                let reported = loss.update(&block(expected, 0), sent(numbers, numbers));
                assert_eq!(reported.is_some(), is_possible, "{expected} of {numbers}");
            }
        }
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let mut loss = ReportedLoss::default();
        loss.update(&block(100, 0), sent(100, 100));
        assert_eq!(loss.update(&block(100, 0), sent(200, 200)), None);
        assert_eq!(loss.update(&block(200, 0), sent(200, 200)), None);
    }

    #[test]
    fn nonsense_changes_nothing() {
        for (highest, lost) in [(100, 50), (99, 0), (3_000_000, 0), (200, i32::MIN)] {
            let mut loss = ReportedLoss::default();
            loss.update(&block(100, 0), sent(100, 100));
            let reported = loss.update(&block(highest, lost), sent(200, 200));
            assert!(
                reported.is_none_or(|reported| reported.lost == 0),
                "{highest} {lost}"
            );
        }
        // More lost than expected is all lost.
        let mut loss = ReportedLoss::default();
        loss.update(&block(100, 0), sent(100, 100));
        let reported = loss.update(&block(200, i32::MAX), sent(200, 200));
        assert_eq!(reported.map(|reported| reported.bytes_received), Some(0));
    }
}
