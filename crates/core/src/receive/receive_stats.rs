//! Loss and jitter of a received stream.

use hubbub_wire::{CompactNtp, NtpTime};

use super::rtp_clock::micros_to_ticks;
use crate::api::Micros;

/// A jump of the sequence number beyond this is a restart, not loss (MAX_DROPOUT of RFC 3550 appendix A.1).
const MAX_DROPOUT: u64 = 3_000;

/// A number of packets that were expected, and how many of them were lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) expected: u64,
    pub(crate) lost: u64,
}

impl Loss {
    /// The fraction lost, 1/256; 255 if all were lost, 0 if none were expected.
    #[must_use]
    pub(crate) fn fraction(self) -> u8 {
        let fraction = (self.lost << 8).checked_div(self.expected).unwrap_or(0);
        u8::try_from(fraction).unwrap_or(u8::MAX)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.lost += other.lost;
    }
}

/// The contents of a report block (RFC 3550 section 6.4.1), without the SSRC, and the loss that repair has left.
///
/// The block counts loss before repair, as in libwebrtc and mediasoup: a sender that adapts its bitrate to the loss must
/// see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReceptionReport {
    /// Loss since the last report, before repair.
    pub(crate) loss: Loss,
    /// Loss since the last report, after repair.
    pub(crate) unrepaired: Loss,
    /// Packets lost in total, before repair; signed, 24 bits.
    pub(crate) cumulative_lost: i32,
    /// Highest sequence number, with the number of cycles in the upper 16 bits.
    pub(crate) highest_sequence: u32,
    /// Interarrival jitter, RTP timestamp units.
    pub(crate) jitter: u32,
    /// LSR: the middle 32 bits of the NTP timestamp of the last sender report; 0 if there was none.
    pub(crate) last_sr: u32,
    /// DLSR: time since the last sender report, 1/65536 s; 0 if there was none.
    pub(crate) delay_since_last_sr: u32,
}

/// The counts at the last report.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    expected: u64,
    received: u64,
    repaired: u64,
}

/// Counts the packets of a stream as RFC 3550 appendices A.1, A.3 and A.8 do. Duplicates must be filtered out before.
#[derive(Debug, Clone)]
pub(crate) struct ReceiveStats {
    clock_rate: u32,
    /// Lowest and highest extended sequence number.
    range: Option<(u64, u64)>,
    /// Numbers within the range that were jumped over.
    jumped: u64,
    /// Packets received directly.
    received: u64,
    /// Packets received by RTX.
    repaired: u64,
    prior: Totals,
    /// Jitter, 1/16 of timestamp units.
    jitter: u64,
    /// Arrival time minus timestamp of the last packet, timestamp units.
    transit: Option<u32>,
    /// LSR, and when the report arrived.
    sender_report: Option<(CompactNtp, Micros)>,
}

impl ReceiveStats {
    /// For a stream with this RTP clock, Hz.
    #[must_use]
    pub(crate) const fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            range: None,
            jumped: 0,
            received: 0,
            repaired: 0,
            prior: Totals {
                expected: 0,
                received: 0,
                repaired: 0,
            },
            jitter: 0,
            transit: None,
            sender_report: None,
        }
    }

    /// Counts packet `ext` (extended) with this RTP timestamp, received at `now`.
    pub(crate) fn received(&mut self, ext: u64, timestamp: u32, now: Micros) {
        self.extend_range(ext);
        self.received += 1;
        let transit = (micros_to_ticks(now.0, self.clock_rate) as u32).wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let difference = u64::from((transit.wrapping_sub(last) as i32).unsigned_abs());
            self.jitter = (self.jitter + difference).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// Counts packet `ext` (extended), received by RTX.
    pub(crate) fn repaired(&mut self, ext: u64) {
        self.extend_range(ext);
        self.repaired += 1;
    }

    /// Forgets the transit time, because the sender's RTP clock has jumped.
    pub(crate) fn clock_jumped(&mut self) {
        self.transit = None;
    }

    /// Records a sender report with this NTP timestamp (32.32), received at `now`.
    pub(crate) fn sender_report(&mut self, ntp: u64, now: Micros) {
        self.sender_report = Some((NtpTime(ntp).compact(), now));
    }

    /// The report block at `now`; `None` before the first packet. The next block's fraction lost starts here.
    pub(crate) fn report(&mut self, now: Micros) -> Option<ReceptionReport> {
        let (_, highest) = self.range?;
        let totals = Totals {
            expected: self.expected(),
            received: self.received,
            repaired: self.repaired,
        };
        let prior = std::mem::replace(&mut self.prior, totals);
        let expected = totals.expected.saturating_sub(prior.expected);
        let received = totals.received - prior.received;
        let repaired = totals.repaired - prior.repaired;
        let loss_without = |arrived| Loss {
            expected,
            lost: expected.saturating_sub(arrived),
        };
        let (last_sr, delay) = self.sender_report.map_or((0, 0), |(last_sr, at)| {
            (last_sr.0, CompactNtp::from_micros(now.since(at)).0)
        });
        Some(ReceptionReport {
            loss: loss_without(received),
            unrepaired: loss_without(received + repaired),
            cumulative_lost: self.missing_of(self.received).clamp(-0x80_0000, 0x7f_ffff) as i32,
            // Extended numbers start one cycle up.
            highest_sequence: highest.wrapping_sub(1 << 16) as u32,
            jitter: self.jitter(),
            last_sr,
            delay_since_last_sr: delay,
        })
    }

    /// Packets expected but received neither directly nor by RTX.
    #[must_use]
    pub(crate) fn lost(&self) -> i64 {
        self.missing_of(self.received + self.repaired)
    }

    /// Interarrival jitter, RTP timestamp units.
    #[must_use]
    pub(crate) fn jitter(&self) -> u32 {
        u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX)
    }

    fn extend_range(&mut self, ext: u64) {
        let (lowest, highest) = self.range.unwrap_or((ext, ext));
        let gap = ext.saturating_sub(highest + 1);
        if gap > MAX_DROPOUT {
            self.jumped += gap;
        }
        self.range = Some((lowest.min(ext), highest.max(ext)));
    }

    fn missing_of(&self, arrived: u64) -> i64 {
        (self.expected() as i64).wrapping_sub(arrived as i64)
    }

    fn expected(&self) -> u64 {
        self.range
            .map_or(0, |(lowest, highest)| highest - lowest + 1 - self.jumped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stats: &mut ReceiveStats, sequences: impl IntoIterator<Item = u64>) {
        for sequence in sequences {
            stats.received((1 << 16) + sequence, 0, Micros(0));
        }
    }

    #[test]
    fn reports_nothing_before_the_first_packet() {
        assert_eq!(ReceiveStats::new(90_000).report(Micros(0)), None);
    }

    #[test]
    fn counts_loss_per_interval_and_in_total() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, (0..100).filter(|n| n % 4 != 1));
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!(
            (
                report.loss.fraction(),
                report.cumulative_lost,
                report.highest_sequence
            ),
            (64, 25, 99)
        );
        feed(&mut stats, 100..200);
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!(
            (
                report.loss.fraction(),
                report.cumulative_lost,
                report.highest_sequence
            ),
            (0, 25, 199)
        );
    }

    #[test]
    fn a_repaired_packet_counts_as_lost_only_before_repair() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, [0, 1, 3]);
        stats.repaired((1 << 16) + 2);
        assert_eq!(stats.lost(), 0);
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!((report.loss.fraction(), report.cumulative_lost), (64, 1));
        assert_eq!(
            report.unrepaired,
            Loss {
                expected: 4,
                lost: 0
            }
        );
    }

    #[test]
    fn a_repair_counts_in_its_interval_only() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, [0, 1, 3]);
        stats.repaired((1 << 16) + 2);
        stats.report(Micros(0));
        feed(&mut stats, [4, 6]);
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!((report.loss.lost, report.unrepaired.lost), (1, 1));
    }

    #[test]
    fn a_repair_from_the_last_interval_makes_no_negative_fraction() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, [0, 3]);
        assert_eq!(stats.report(Micros(0)).unwrap().cumulative_lost, 2);
        stats.repaired((1 << 16) + 1);
        feed(&mut stats, [4]);
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!((report.loss.lost, report.unrepaired.lost), (0, 0));
        assert_eq!(stats.lost(), 1);
    }

    #[test]
    fn counts_sequence_number_cycles() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, [65_535, 65_536]);
        assert_eq!(stats.report(Micros(0)).unwrap().highest_sequence, 0x1_0000);
    }

    #[test]
    fn cumulative_loss_is_limited_to_24_bits() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, (0..3_000).map(|n| n * 3_000));
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!(
            (report.loss.fraction(), report.cumulative_lost),
            (255, 0x7f_ffff)
        );
    }

    #[test]
    fn a_large_jump_counts_no_loss() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, (0..50).chain(20_000..20_050));
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!((report.loss.lost, report.cumulative_lost), (0, 0));
        assert_eq!(report.highest_sequence, 20_049);
        feed(&mut stats, [20_051]);
        let report = stats.report(Micros(0)).unwrap();
        assert_eq!((report.loss.lost, report.cumulative_lost), (1, 1));
    }

    #[test]
    fn the_largest_gap_that_is_loss() {
        for (gap, lost) in [(3_000, 3_000), (3_001, 0)] {
            let mut stats = ReceiveStats::new(90_000);
            feed(&mut stats, [0, gap + 1]);
            assert_eq!(stats.lost(), lost);
        }
    }

    #[test]
    fn steady_arrival_has_no_jitter() {
        let mut stats = ReceiveStats::new(48_000);
        for n in 0..500u64 {
            stats.received((1 << 16) + n, n as u32 * 960, Micros(n * 20_000));
        }
        assert_eq!(stats.jitter(), 0);
    }

    #[test]
    fn jitter_converges_to_the_mean_difference() {
        let mut stats = ReceiveStats::new(48_000);
        for n in 0..500u64 {
            // Every second packet is 10 ms late, so transit differs by 480 each time.
            stats.received(
                (1 << 16) + n,
                n as u32 * 960,
                Micros(n * 20_000 + n % 2 * 10_000),
            );
        }
        assert!((475..=485).contains(&stats.jitter()), "{}", stats.jitter());
    }

    #[test]
    fn extreme_timestamps_do_not_overflow() {
        let mut stats = ReceiveStats::new(u32::MAX);
        for n in 0..500u64 {
            let timestamp = if n % 2 == 0 { 0 } else { 1 << 31 };
            stats.received((1 << 16) + n, timestamp, Micros(u64::MAX - n));
        }
        assert!(stats.jitter() > 1 << 30);
    }

    #[test]
    fn echoes_the_last_sender_report() {
        let mut stats = ReceiveStats::new(90_000);
        feed(&mut stats, [0]);
        assert_eq!(stats.report(Micros(0)).unwrap().last_sr, 0);
        stats.sender_report(0x1122_3344_5566_7788, Micros(1_000_000));
        let report = stats.report(Micros(1_500_000)).unwrap();
        assert_eq!(
            (report.last_sr, report.delay_since_last_sr),
            (0x3344_5566, 0x8000)
        );
    }
}
