//! RTP clocks: conversion between microseconds and ticks, and jumps.

use crate::api::Micros;

/// A later packet may have an earlier timestamp by this much: video codecs reorder frames.
const MAX_BACK_MICROS: u64 = 500_000;
/// Timestamps may run ahead of the time that has passed by this much: senders queue packets while the network is down.
const MAX_AHEAD_MICROS: u64 = 10_000_000;

/// An RTP timestamp, and when it was received or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RtpMoment {
    pub(crate) timestamp: u32,
    pub(crate) at: Micros,
}

impl RtpMoment {
    /// Whether an RTP clock of `clock_rate` Hz may show `next` after this. If not, it has jumped, or a receiver would take
    /// the step for one back in time: timestamps wrap, so that a step beyond half their range looks negative.
    pub(crate) fn continues_with(self, next: Self, clock_rate: u32) -> bool {
        let step = i64::from(next.timestamp.wrapping_sub(self.timestamp) as i32);
        let ticks = |micros| micros_to_ticks(micros, clock_rate).cast_signed();
        if step < 0 {
            return -step <= ticks(MAX_BACK_MICROS);
        }
        let ahead = ticks(MAX_AHEAD_MICROS);
        step <= ahead || step - ahead <= ticks(next.at.since(self.at))
    }
}

/// Ticks of a clock of `clock_rate` Hz in `micros` microseconds, modulo 2^64.
pub(crate) const fn micros_to_ticks(micros: u64, clock_rate: u32) -> u64 {
    let rate = clock_rate as u64;
    (micros / 1_000_000)
        .wrapping_mul(rate)
        .wrapping_add((micros % 1_000_000) * rate / 1_000_000)
}

/// Microseconds in `ticks` of a clock of `clock_rate` Hz; zero for a rate of zero.
pub(crate) fn ticks_to_micros(ticks: u32, clock_rate: u32) -> u64 {
    (u64::from(ticks) * 1_000_000)
        .checked_div(u64::from(clock_rate))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_continues_within_limits_and_jumps_beyond() {
        const HOUR: u64 = 3_600_000_000;
        let moment = |seconds: i64, elapsed| RtpMoment {
            timestamp: (seconds * 90_000) as u32,
            at: Micros(elapsed),
        };
        let continues =
            |seconds, elapsed| moment(0, 0).continues_with(moment(seconds, elapsed), 90_000);
        assert!(continues(0, 0));
        assert!(continues(10, 0));
        assert!(!continues(11, 0));
        assert!(!continues(-1, HOUR));
        assert!(continues(3_600, HOUR));
        assert!(continues(3_610, HOUR));
        assert!(!continues(3_611, HOUR));
        assert!(continues(1, HOUR));
        // Seven hours are more than half the range of timestamps.
        assert!(!continues(7 * 3_600, 7 * HOUR));
    }

    #[test]
    fn a_reordered_frame_is_no_jump() {
        let moment = |timestamp| RtpMoment {
            timestamp,
            at: Micros(0),
        };
        assert!(moment(45_000).continues_with(moment(0), 90_000));
        assert!(!moment(45_001).continues_with(moment(0), 90_000));
    }

    #[test]
    fn ticks_become_microseconds() {
        assert_eq!(ticks_to_micros(90, 90_000), 1_000);
        assert_eq!(ticks_to_micros(u32::MAX, 0), 0);
        assert_eq!(ticks_to_micros(u32::MAX, 1), 4_294_967_295_000_000);
    }
}
