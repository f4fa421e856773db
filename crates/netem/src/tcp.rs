//! Model TCP flows: Reno and CUBIC with selective acknowledgement, without slow receivers.

use std::collections::BTreeMap;

use hubbub_congestion::{MILLISECOND, Micros, SECOND};

/// The congestion control of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpKind {
    /// RFC 5681.
    Reno,
    /// RFC 9438.
    Cubic,
}

const INITIAL_WINDOW: f64 = 10.0;
const REORDERING: u64 = 3;
const MIN_TIMEOUT: u64 = 200 * MILLISECOND;
const CUBIC_C: f64 = 0.4;
const CUBIC_BETA: f64 = 0.7;
const RENO_BETA: f64 = 0.5;

/// The sender of a flow. Windows are counted in segments.
#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    kind: TcpKind,
    /// Segments to send; `None`: without end.
    total: Option<u64>,
    next: u64,
    window: f64,
    threshold: f64,
    /// Number and departure of the segments in flight.
    flight: BTreeMap<u64, Micros>,
    lost: Vec<u64>,
    highest_acked: u64,
    /// A loss before this segment belongs to the last reduction.
    recovery: u64,
    rtt: f64,
    last_progress: Micros,
    timeout_factor: u64,
    /// CUBIC: the window before the last reduction, and its time.
    max_window: f64,
    epoch: Micros,
    acked: u64,
}

impl Tcp {
    /// A flow that starts with an empty path.
    pub(crate) fn new(now: Micros, kind: TcpKind, total: Option<u64>) -> Self {
        Self {
            kind,
            total,
            next: 0,
            window: INITIAL_WINDOW,
            threshold: f64::INFINITY,
            flight: BTreeMap::new(),
            lost: Vec::new(),
            highest_acked: 0,
            recovery: 0,
            rtt: 0.0,
            last_progress: now,
            timeout_factor: 1,
            max_window: 0.0,
            epoch: now,
            acked: 0,
        }
    }

    /// Whether all is delivered.
    pub(crate) fn is_done(&self) -> bool {
        self.total.is_some_and(|total| self.acked >= total)
    }

    /// The next segment to send now.
    pub(crate) fn poll(&mut self, now: Micros) -> Option<u64> {
        if self.flight.len() as f64 >= self.window {
            return None;
        }
        let segment = self.lost.pop().or_else(|| {
            let fresh = self.next;
            (self.total.is_none_or(|total| fresh < total)).then(|| {
                self.next += 1;
                fresh
            })
        })?;
        if self.flight.is_empty() {
            self.last_progress = now;
        }
        self.flight.insert(segment, now);
        Some(segment)
    }

    /// When [`Self::tick`] is to be called.
    pub(crate) fn timer(&self) -> Micros {
        if self.flight.is_empty() {
            return Micros::NEVER;
        }
        let timeout = ((2.0 * self.rtt) as u64)
            .max(MIN_TIMEOUT)
            .max(if self.rtt == 0.0 { SECOND } else { 0 });
        self.last_progress.plus(timeout * self.timeout_factor)
    }

    /// Handles a timeout, if one is due.
    pub(crate) fn tick(&mut self, now: Micros) {
        if now < self.timer() {
            return;
        }
        self.threshold = (self.window / 2.0).max(2.0);
        self.max_window = self.window;
        self.window = 1.0;
        self.lost.extend(self.flight.keys().rev());
        self.flight.clear();
        self.recovery = self.next;
        self.last_progress = now;
        self.timeout_factor = (2 * self.timeout_factor).min(64);
    }

    /// Handles the acknowledgement of a segment.
    pub(crate) fn acked(&mut self, now: Micros, segment: u64) {
        let Some(sent) = self.flight.remove(&segment) else {
            return;
        };
        self.acked += 1;
        self.last_progress = now;
        self.timeout_factor = 1;
        let sample = now.since(sent) as f64;
        self.rtt = if self.rtt == 0.0 {
            sample
        } else {
            0.875 * self.rtt + 0.125 * sample
        };
        self.highest_acked = self.highest_acked.max(segment);
        self.grow(now);
        self.detect_loss(now);
    }

    fn grow(&mut self, now: Micros) {
        if self.window < self.threshold {
            self.window += 1.0;
            return;
        }
        let reno = self.window + 1.0 / self.window;
        self.window = match self.kind {
            TcpKind::Reno => reno,
            TcpKind::Cubic => {
                let k = (self.max_window * (1.0 - CUBIC_BETA) / CUBIC_C).cbrt();
                let t = (now.since(self.epoch) as f64 + self.rtt) / SECOND as f64;
                let target = CUBIC_C * (t - k).powi(3) + self.max_window;
                let cubic = self.window + (target - self.window).max(0.0) / self.window;
                cubic
                    .min(1.5 * self.window)
                    .max(reno.min(self.window + 0.01))
            }
        };
    }

    fn detect_loss(&mut self, now: Micros) {
        let bound = self.highest_acked.saturating_sub(REORDERING);
        let mut reduces = false;
        while let Some((segment, sent)) = self.flight.first_key_value() {
            // A repeated segment is lost only after a round trip.
            if *segment >= bound || (now.since(*sent) as f64) < self.rtt {
                break;
            }
            reduces |= *segment >= self.recovery;
            self.lost.push(*segment);
            self.flight.pop_first();
        }
        self.lost.sort_unstable_by(|a, b| b.cmp(a));
        if reduces {
            let beta = match self.kind {
                TcpKind::Reno => RENO_BETA,
                TcpKind::Cubic => CUBIC_BETA,
            };
            self.max_window = self.window;
            self.window = (beta * self.window).max(2.0);
            self.threshold = self.window;
            self.epoch = now;
            self.recovery = self.next;
        }
    }
}
