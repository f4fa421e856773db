//! The RTP clock of a received stream.

use hubbub_wire::NtpTime;

use crate::api::Micros;
use crate::receive::{ClockMapping, RtpMoment};

/// How long to wait for a stream's first sender report before using our clock, microseconds.
const REPORT_WAIT_US: u64 = 5_000_000;

/// What is known of a stream's RTP clock: from its packets, and from the sender reports since its last jump.
#[derive(Debug)]
pub(crate) struct StreamClock {
    /// Hz.
    rate: u32,
    mapping: Option<ClockMapping>,
    /// The first packet since the clock started or jumped.
    first: Option<RtpMoment>,
    /// The packet with the highest sequence number.
    newest: Option<RtpMoment>,
    /// Jumps of the clock; wraps around.
    jumps: u16,
    /// The extended number of the first packet since the last jump.
    jumped_at: u64,
}

impl StreamClock {
    pub(crate) const fn new(rate: u32) -> Self {
        Self {
            rate,
            mapping: None,
            first: None,
            newest: None,
            jumps: 0,
            jumped_at: 0,
        }
    }

    /// Hz.
    pub(crate) const fn rate(&self) -> u32 {
        self.rate
    }

    /// From the last sender report.
    pub(crate) const fn mapping(&self) -> Option<&ClockMapping> {
        self.mapping.as_ref()
    }

    /// Handles the packet with the highest sequence number so far. Returns whether the clock has jumped: a new encoder,
    /// another source, or hours of silence. Sender reports from before the jump say nothing about the time after it.
    pub(crate) fn follow(&mut self, now: Micros, timestamp: u32, sequence: u64) -> bool {
        let moment = RtpMoment { timestamp, at: now };
        self.first.get_or_insert(moment);
        let has_jumped = self
            .newest
            .replace(moment)
            .is_some_and(|newest| !newest.continues_with(moment, self.rate));
        if has_jumped {
            self.jumps = self.jumps.wrapping_add(1);
            self.jumped_at = sequence;
            self.first = Some(moment);
            self.mapping = None;
        }
        has_jumped
    }

    /// The number of jumps before a packet; wraps around.
    pub(crate) const fn jumps_before(&self, sequence: u64) -> u16 {
        if sequence < self.jumped_at {
            self.jumps.wrapping_sub(1)
        } else {
            self.jumps
        }
    }

    /// Handles a sender report: NTP (32.32) and RTP timestamp of the same moment.
    pub(crate) fn on_sender_report(&mut self, now: Micros, ntp: NtpTime, rtp: u32) {
        self.mapping = Some(ClockMapping::new(ntp.0, rtp, now, self.rate));
    }

    /// The clock for the sender reports of consumers: that of the client, so that its streams stay synchronized; ours if
    /// the client has sent no report for five seconds. `wall_clock_us`: Unix time at `Micros(0)`.
    pub(crate) fn for_reports(&self, now: Micros, wall_clock_us: u64) -> Option<ClockMapping> {
        self.mapping.or_else(|| {
            let RtpMoment { timestamp, at } = self
                .first
                .filter(|first| now.since(first.at) >= REPORT_WAIT_US)?;
            let ntp = NtpTime::from_unix_micros(wall_clock_us.wrapping_add(at.0));
            Some(ClockMapping::new(ntp.0, timestamp, at, self.rate))
        })
    }
}
