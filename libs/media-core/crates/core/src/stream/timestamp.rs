//! The RTP timestamps that a consumer sees.

use super::ClockMapping;
use crate::api::Micros;

/// RTP clock ticks in so many microseconds at `clock_rate` Hz.
pub(super) const fn ticks(micros: u64, clock_rate: u32) -> u64 {
    let rate = clock_rate as u64;
    (micros / 1_000_000).wrapping_mul(rate).wrapping_add((micros % 1_000_000) * rate / 1_000_000)
}

/// Sender reports that disagree with the time that went by by more than this are not believed.
const MAX_DISAGREEMENT_MICROS: u64 = 2_000_000;
/// A longer silence is told as this one: beyond half the 32-bit range, later would look like earlier.
const MAX_ELAPSED_TICKS: u64 = 1 << 30;
/// The smallest step on a switch: a frame at 30 a second.
const FRAME_MICROS: u64 = 1_000_000 / 30;

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
        Self { clock_rate, offset: 0, newest: None }
    }

    /// The output timestamp of a packet of the current source that is forwarded at `now`.
    pub fn rewrite(&mut self, timestamp: u32, now: Micros) -> u32 {
        let out = timestamp.wrapping_add(self.offset);
        if self.newest.is_none_or(|(newest, _)| (out.wrapping_sub(newest) as i32) > 0) {
            self.newest = Some((out, now));
        }
        out
    }

    /// Another source takes over with a packet of timestamp `first`, about to be forwarded at `now`.
    ///
    /// With the clocks of both sources (`old`, `new`) its frames stand where they were captured; without, or when
    /// those are off by more than two seconds, where the time since the last frame puts them. In any case at least a
    /// frame after the last.
    pub fn switch_source(&mut self, first: u32, now: Micros, old: Option<&ClockMapping>, new: Option<&ClockMapping>) {
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
        let step = captured.filter(|step| step.abs_diff(elapsed) <= disagreement).unwrap_or(elapsed);
        let step = step.max(ticks(FRAME_MICROS, self.clock_rate) as i64) as u32;
        self.offset = newest.wrapping_add(step).wrapping_sub(first);
    }

    /// What is added to the current source's timestamps; for the consumer's sender reports.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}
