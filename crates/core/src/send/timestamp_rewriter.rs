//! RTP timestamps of a sent stream.

use crate::api::{MediaKind, Micros};
use crate::receive::{ClockMapping, RtpMoment, micros_to_ticks};

/// A step derived from sender reports is ignored if it differs from the elapsed time by more than this.
const MAX_DISAGREEMENT_MICROS: u64 = 2_000_000;
/// Maximum step: beyond half the 32-bit range, a later timestamp would look like an earlier one.
const MAX_ELAPSED_TICKS: u64 = 1 << 30;
/// The minimum step of a switch is one frame at this frame rate: pictures, and packets of audio.
const PICTURE_RATE: u32 = 30;
const AUDIO_RATE: u32 = 50;

/// Maps the timestamps of successive sources to one timeline, with an offset per source.
///
/// The first source keeps its timestamps. Arithmetic is modulo 2^32.
#[derive(Debug, Clone)]
pub(crate) struct TimestampRewriter {
    clock_rate: u32,
    /// The minimum step of a switch.
    frame: u32,
    offset: u32,
    /// The highest output timestamp, and when it was first used.
    newest: Option<RtpMoment>,
}

impl TimestampRewriter {
    /// For sources with this RTP clock, Hz.
    #[must_use]
    pub(crate) const fn new(kind: MediaKind, clock_rate: u32) -> Self {
        let frame_rate = match kind {
            MediaKind::Audio => AUDIO_RATE,
            MediaKind::Video => PICTURE_RATE,
        };
        Self {
            clock_rate,
            frame: clock_rate / frame_rate,
            offset: 0,
            newest: None,
        }
    }

    /// The RTP clock, Hz.
    #[must_use]
    pub(crate) const fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    /// The output timestamp of a packet of the current source, forwarded at `now`.
    pub(crate) fn rewrite(&mut self, timestamp: u32, now: Micros) -> u32 {
        let out = timestamp.wrapping_add(self.offset);
        if self
            .newest
            .is_none_or(|newest| (out.wrapping_sub(newest.timestamp) as i32) > 0)
        {
            self.newest = Some(RtpMoment {
                timestamp: out,
                at: now,
            });
        }
        out
    }

    /// Continues with the same source after a pause, with a packet of this timestamp, forwarded at `now`.
    ///
    /// The step is that of the source, unless it would look like a step back in time to a receiver.
    pub(crate) fn resume_source(&mut self, first: u32, now: Micros) {
        let next = RtpMoment {
            timestamp: first.wrapping_add(self.offset),
            at: now,
        };
        if self
            .newest
            .is_some_and(|newest| !newest.continues_with(next, self.clock_rate))
        {
            self.switch_source(first, now, None, None);
        }
    }

    /// Switches to another source, whose first packet has timestamp `first` and is forwarded at `now`.
    ///
    /// With the clocks of both sources (`old`, `new`), the step is the time between the captures. Without them, or if
    /// they contradict the elapsed time by more than two seconds, it is the time since the last frame. It is at least
    /// one frame.
    pub(crate) fn switch_source(
        &mut self,
        first: u32,
        now: Micros,
        old: Option<&ClockMapping>,
        new: Option<&ClockMapping>,
    ) {
        let Some(RtpMoment {
            timestamp: newest,
            at,
        }) = self.newest
        else {
            // Nothing was sent yet, so there is no timeline to continue.
            self.offset = 0;
            return;
        };
        let elapsed = micros_to_ticks(now.since(at), self.clock_rate).min(MAX_ELAPSED_TICKS) as i64;
        let disagreement = micros_to_ticks(MAX_DISAGREEMENT_MICROS, self.clock_rate);
        let captured = old.zip(new).map(|(old, new)| {
            let out = old.rtp_at(new.ntp_at(first)).wrapping_add(self.offset);
            i64::from(out.wrapping_sub(newest) as i32)
        });
        let step = captured
            .filter(|step| step.abs_diff(elapsed) <= disagreement)
            .unwrap_or(elapsed);
        let step = step.max(i64::from(self.frame)) as u32;
        self.offset = newest.wrapping_add(step).wrapping_sub(first);
    }

    /// The newest output timestamp; 0 before the first.
    #[must_use]
    pub(crate) fn newest(&self) -> u32 {
        self.newest.map_or(0, |newest| newest.timestamp)
    }

    /// The offset added to the current source's timestamps. Sender reports need it too.
    #[must_use]
    pub(crate) const fn offset(&self) -> u32 {
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 90_000;
    const FRAME: u32 = RATE / PICTURE_RATE;

    fn clock(ntp_seconds: u64, rtp: u32) -> ClockMapping {
        ClockMapping::new(ntp_seconds << 32, rtp, Micros(0), RATE)
    }

    #[test]
    fn the_first_source_keeps_its_timestamps() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.switch_source(1_000, Micros(0), None, None);
        assert_eq!(rewriter.rewrite(1_000, Micros(0)), 1_000);
        assert_eq!(rewriter.offset(), 0);
    }

    #[test]
    fn without_reports_the_step_is_the_elapsed_time() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(u32::MAX, Micros(0));
        rewriter.switch_source(5_000_000, Micros(100_000), None, None);
        assert_eq!(rewriter.rewrite(5_000_000, Micros(100_000)), 9_000 - 1);
        assert_eq!(rewriter.rewrite(5_003_000, Micros(133_000)), 12_000 - 1);
    }

    #[test]
    fn with_reports_the_step_is_the_time_between_captures() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(100, 700_000));
        // Captured 200 ms after the last frame, but received 350 ms after it.
        rewriter.switch_source(718_000, Micros(1_350_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(718_000, Micros(1_350_000)), 108_000);
    }

    #[test]
    fn offsets_of_successive_switches_accumulate() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (low, high) = (clock(100, 90_000), clock(100, 700_000));
        rewriter.switch_source(718_000, Micros(1_200_000), Some(&low), Some(&high));
        rewriter.rewrite(718_000, Micros(1_200_000));
        rewriter.switch_source(126_000, Micros(1_400_000), Some(&high), Some(&low));
        assert_eq!(rewriter.rewrite(126_000, Micros(1_400_000)), 126_000);
    }

    #[test]
    fn a_switch_never_goes_back_in_time() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(100, 700_000));
        rewriter.switch_source(691_000, Micros(1_010_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(691_000, Micros(1_010_000)), 90_000 + FRAME);
    }

    #[test]
    fn the_minimum_step_of_audio_is_one_packet() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Audio, 48_000);
        rewriter.rewrite(48_000, Micros(1_000_000));
        rewriter.switch_source(7, Micros(1_003_000), None, None);
        assert_eq!(rewriter.rewrite(7, Micros(1_003_000)), 48_960);
    }

    #[test]
    fn implausible_reports_are_ignored() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(1_000_000));
        let (old, new) = (clock(100, 90_000), clock(3_700, 700_000));
        rewriter.switch_source(700_000, Micros(1_100_000), Some(&old), Some(&new));
        assert_eq!(rewriter.rewrite(700_000, Micros(1_100_000)), 99_000);
    }

    #[test]
    fn time_advances_after_a_day_of_silence() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.switch_source(1, Micros(86_400_000_000), None, None);
        let out = rewriter.rewrite(1, Micros(86_400_000_000));
        assert!((out.wrapping_sub(90_000) as i32) > 0);
    }

    #[test]
    fn a_source_keeps_its_offset_after_a_pause() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.resume_source(3_600 * RATE, Micros(3_599_000_000));
        assert_eq!(rewriter.offset(), 0);
    }

    #[test]
    fn time_advances_after_a_pause_of_seven_hours() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(1_000, Micros(0));
        let (hours, now) = (7 * 3_600 * u64::from(RATE), Micros(7 * 3_600_000_000));
        let later = hours as u32 + 1_000;
        rewriter.resume_source(later, now);
        let resumed = rewriter.rewrite(later, now);
        assert!((resumed.wrapping_sub(1_000) as i32) > 0);
        rewriter.switch_source(5, now.plus(33_000), None, None);
        let switched = rewriter.rewrite(5, now.plus(33_000));
        assert!((2_900..=3_000).contains(&switched.wrapping_sub(resumed)));
    }

    #[test]
    fn elapsed_time_counts_from_the_first_packet_of_a_frame() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.rewrite(90_000, Micros(20_000));
        rewriter.switch_source(10, Micros(100_000), None, None);
        assert_eq!(rewriter.rewrite(10, Micros(100_000)), 99_000);
    }

    #[test]
    fn a_late_packet_keeps_its_timestamp() {
        let mut rewriter = TimestampRewriter::new(MediaKind::Video, RATE);
        assert_eq!(rewriter.newest(), 0);
        rewriter.rewrite(90_000, Micros(0));
        rewriter.rewrite(96_000, Micros(66_000));
        assert_eq!(rewriter.rewrite(93_000, Micros(70_000)), 93_000);
        // The timeline still ends with the newest frame.
        assert_eq!(rewriter.newest(), 96_000);
        rewriter.switch_source(10, Micros(166_000), None, None);
        assert_eq!(rewriter.rewrite(10, Micros(166_000)), 105_000);
    }
}
