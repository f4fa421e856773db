//! The RTP timestamps that a consumer sees.

use super::ClockMapping;
use crate::api::Micros;

/// RTP clock ticks in so many microseconds at `clock_rate` Hz.
pub(super) const fn ticks(micros: u64, clock_rate: u32) -> u64 {
    let rate = clock_rate as u64;
    (micros / 1_000_000)
        .wrapping_mul(rate)
        .wrapping_add((micros % 1_000_000) * rate / 1_000_000)
}

/// Sender reports that disagree with the time that went by by more than this are not believed.
const MAX_DISAGREEMENT_MICROS: u64 = 2_000_000;
/// A longer silence is told as this one: beyond half the 32-bit range, later would look like earlier.
const MAX_ELAPSED_TICKS: u64 = 1 << 30;
/// The smallest step on a switch is a frame at this many a second.
const FRAME_RATE: u32 = 30;

/// Maps the timestamps of one source after another onto one time line, by an offset for each source.
///
/// The first source keeps its own timestamps. All arithmetic is modulo 2^32.
#[derive(Debug, Clone)]
pub struct TimestampRewriter {
    clock_rate: u32,
    offset: u32,
    /// The newest output and when it was first given out.
    newest: Option<(u32, Micros)>,
}

impl TimestampRewriter {
    /// For sources with this RTP clock, Hz.
    #[must_use]
    pub const fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            offset: 0,
            newest: None,
        }
    }

    /// The RTP clock, Hz.
    #[must_use]
    pub const fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    /// The output timestamp of a packet of the current source that is forwarded at `now`.
    pub fn rewrite(&mut self, timestamp: u32, now: Micros) -> u32 {
        let out = timestamp.wrapping_add(self.offset);
        if self
            .newest
            .is_none_or(|(newest, _)| (out.wrapping_sub(newest) as i32) > 0)
        {
            self.newest = Some((out, now));
        }
        out
    }

    /// Another source takes over with a packet of timestamp `first`, about to be forwarded at `now`.
    ///
    /// With the clocks of both sources (`old`, `new`) its frames stand where they were captured; without, or when
    /// those are off by more than two seconds, where the time since the last frame puts them. In any case at least a
    /// frame after the last.
    pub fn switch_source(
        &mut self,
        first: u32,
        now: Micros,
        old: Option<&ClockMapping>,
        new: Option<&ClockMapping>,
    ) {
        let Some((newest, at)) = self.newest else {
            // Nothing was sent, so there is nothing to continue.
            self.offset = 0;
            return;
        };
        let elapsed = ticks(now.since(at), self.clock_rate).min(MAX_ELAPSED_TICKS) as i64;
        let disagreement = ticks(MAX_DISAGREEMENT_MICROS, self.clock_rate);
        let captured = old.zip(new).map(|(old, new)| {
            let out = old.rtp_at(new.ntp_at(first)).wrapping_add(self.offset);
            i64::from(out.wrapping_sub(newest) as i32)
        });
        let step = captured
            .filter(|step| step.abs_diff(elapsed) <= disagreement)
            .unwrap_or(elapsed);
        let step = step.max(i64::from(self.clock_rate / FRAME_RATE)) as u32;
        self.offset = newest.wrapping_add(step).wrapping_sub(first);
    }

    /// What is added to the current source's timestamps; for the consumer's sender reports.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 90_000;
    const FRAME: u32 = RATE / FRAME_RATE;

    fn clock(ntp_seconds: u64, rtp: u32) -> ClockMapping {
        ClockMapping::new(ntp_seconds << 32, rtp, Micros(0), RATE)
    }

    #[test]
    fn the_first_source_keeps_its_timestamps() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.switch_source(1_000, Micros(0), None, None);
        assert_eq!(rewriter.rewrite(1_000, Micros(0)), 1_000);
        assert_eq!(rewriter.offset(), 0);
    }

    #[test]
    fn without_reports_the_time_that_went_by_counts() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(u32::MAX, Micros(0));
        rewriter.switch_source(5_000_000, Micros(100_000), None, None);
        assert_eq!(rewriter.rewrite(5_000_000, Micros(100_000)), 9_000 - 1);
        assert_eq!(rewriter.rewrite(5_003_000, Micros(133_000)), 12_000 - 1);
    }

    #[test]
    fn with_reports_frames_stand_where_they_were_captured() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(100, 700_000));
        // Captured 200 ms after the last frame, though it came 350 ms after.
        rewriter.switch_source(718_000, Micros(1_350_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(718_000, Micros(1_350_000)), 108_000);
    }

    #[test]
    fn offsets_of_successive_switches_add_up() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (low, high) = (clock(100, 90_000), clock(100, 700_000));
        rewriter.switch_source(718_000, Micros(1_200_000), Some(&low), Some(&high));
        rewriter.rewrite(718_000, Micros(1_200_000));
        rewriter.switch_source(126_000, Micros(1_400_000), Some(&high), Some(&low));
        assert_eq!(rewriter.rewrite(126_000, Micros(1_400_000)), 126_000);
    }

    #[test]
    fn never_goes_back_behind_the_last_frame() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(100, 700_000));
        rewriter.switch_source(691_000, Micros(1_010_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(691_000, Micros(1_010_000)), 90_000 + FRAME);
    }

    #[test]
    fn reports_that_lead_elsewhere_are_not_believed() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(3_700, 700_000));
        rewriter.switch_source(700_000, Micros(1_100_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(700_000, Micros(1_100_000)), 99_000);
    }

    #[test]
    fn a_day_of_silence_still_goes_forward() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.switch_source(1, Micros(86_400_000_000), None, None);
        let out = rewriter.rewrite(1, Micros(86_400_000_000));
        assert!((out.wrapping_sub(90_000) as i32) > 0);
    }

    #[test]
    fn a_frame_counts_from_its_first_packet() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.rewrite(90_000, Micros(20_000));
        rewriter.switch_source(10, Micros(100_000), None, None);
        assert_eq!(rewriter.rewrite(10, Micros(100_000)), 99_000);
    }

    #[test]
    fn a_late_packet_keeps_its_place() {
        let mut rewriter = TimestampRewriter::new(RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.rewrite(96_000, Micros(66_000));
        assert_eq!(rewriter.rewrite(93_000, Micros(70_000)), 93_000);
        // The time line still ends with the newest.
        rewriter.switch_source(10, Micros(166_000), None, None);
        assert_eq!(rewriter.rewrite(10, Micros(166_000)), 105_000);
    }
}
