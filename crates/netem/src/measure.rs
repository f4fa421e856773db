//! The figures of the goals, from traces.

use hubbub_congestion::{MILLISECOND, SECOND};

use crate::cases::CLIFF;
use crate::layered::THREE;
use crate::trace::{Sample, Trace};

/// What happened at the cliff: the capacity falls to a quarter and returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CliffFigures {
    /// Seconds until fewer layers were forwarded; `None` for a fluid source.
    pub lower_after: Option<f64>,
    /// 95th percentile of the time in queues from 1 s after the fall until the capacity returns, milliseconds.
    pub delay: f64,
    /// Seconds until packets were less than 50 ms in queues.
    pub drained_after: Option<f64>,
    /// The longest time without a new frame, milliseconds.
    pub freeze: f64,
    /// The estimate 5 s after the fall, over the capacity.
    pub estimate: f64,
    /// Seconds until the best layers that fit into 90 % of the capacity were forwarded.
    pub best_after: Option<f64>,
    /// Seconds from the capacity's return until the top layer was forwarded again.
    pub top_after: Option<f64>,
    /// Seconds from the capacity's return until the estimate was 90 % of it.
    pub estimate_after: Option<f64>,
}

/// Measures a flow of [`crate::cases::cliff`].
#[must_use]
pub fn cliff(trace: &Trace) -> CliffFigures {
    let (fall, back) = (CLIFF.0 as f64, CLIFF.1 as f64);
    let capacity = trace.mean(fall + 0.1, back, |sample| sample.capacity as f64);
    let restored = trace.mean(back + 0.1, back + 10.0, |sample| sample.capacity as f64);
    let before = trace.between(fall - 0.2, fall).last().and_then(|s| s.step);
    let steps = THREE.steps();
    let best = steps
        .iter()
        .rposition(|step| step.bitrate as f64 <= 0.9 * capacity);
    let in_force = |seconds: Option<f64>, limit: f64| seconds.filter(|after| *after <= limit);
    let gaps = trace.between(fall, back).map(|sample| sample.gap);
    CliffFigures {
        lower_after: before
            .and_then(|before| trace.first(fall, |s| s.step.is_none_or(|step| step < before))),
        delay: trace.delay(fall + 1.0, back, 0.95),
        drained_after: drained(trace, fall),
        freeze: gaps.max().unwrap_or_default() as f64 / MILLISECOND as f64,
        estimate: trace
            .between(fall, fall + 5.0)
            .last()
            .map_or(0.0, |sample| sample.estimate as f64 / capacity),
        best_after: before.and_then(|_| settled(trace, fall, back, |step| step == best)),
        top_after: before.and_then(|_| {
            let top = Some(steps.len() - 1);
            in_force(trace.first(back, |sample| sample.step == top), 20.0)
        }),
        estimate_after: trace.first(back, |sample| sample.estimate as f64 >= 0.9 * restored),
    }
}

/// Seconds until queues are short after having been long.
fn drained(trace: &Trace, from: f64) -> Option<f64> {
    let start = (from * SECOND as f64) as u64;
    let long = trace
        .samples
        .iter()
        .find(|sample| sample.at.0 > start && sample.delay >= 100 * MILLISECOND)?;
    let short = trace.samples.iter().find(|sample| {
        sample.at > long.at && sample.delay < 50 * MILLISECOND && sample.delay > 0
    })?;
    Some((short.at.0 - start) as f64 / SECOND as f64)
}

/// Seconds from `from` on until a step is forwarded that stays for a second.
fn settled(
    trace: &Trace,
    from: f64,
    until: f64,
    is_right: impl Fn(Option<usize>) -> bool,
) -> Option<f64> {
    let samples: Vec<_> = trace.between(from, until).collect();
    let position = samples
        .windows(10)
        .position(|window| window.iter().all(|sample| is_right(sample.step)))?;
    let sample = samples.get(position)?;
    Some(sample.at.0 as f64 / SECOND as f64 - from)
}

/// What several cameras behind one link had of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraFigures {
    /// New payload that arrived, bit/s.
    pub goodput: f64,
    /// How often another encoding of a camera was started, per minute.
    pub switches: f64,
    /// Share of the packets that were lost.
    pub loss: f64,
    /// 95th percentile of the time in queues, milliseconds.
    pub delay: f64,
    /// The longest time without a new frame of a camera, milliseconds.
    pub freeze: f64,
}

/// Measures a flow of [`crate::cases::cameras`].
#[must_use]
pub fn cameras(trace: &Trace, from: f64, until: f64) -> CameraFigures {
    let sum = |figure: fn(&Sample) -> u64| trace.between(from, until).map(figure).sum::<u64>();
    let sent = sum(|sample| sample.packets_sent).max(1);
    let lost = sent.saturating_sub(sum(|sample| sample.packets_arrived));
    let gaps = trace.between(from, until).map(|sample| sample.gap);
    CameraFigures {
        goodput: goodput(trace, from, until),
        switches: 60.0 * sum(|sample| sample.switches.into()) as f64 / (until - from),
        loss: lost as f64 / sent as f64,
        delay: trace.delay(from, until, 0.95),
        freeze: gaps.max().unwrap_or_default() as f64 / MILLISECOND as f64,
    }
}

/// The estimate from a second on: its mean, and its lowest and highest mean of a second.
#[must_use]
pub fn estimate(trace: &Trace, from: f64, until: f64) -> (f64, f64, f64) {
    let mean = |from, until| trace.mean(from, until, |sample| sample.estimate as f64);
    let seconds =
        (from as u32..until as u32).map(|second| mean(f64::from(second), f64::from(second) + 1.0));
    let (lowest, highest) = seconds.fold((f64::INFINITY, 0.0_f64), |(low, high), mean| {
        (low.min(mean), high.max(mean))
    });
    (mean(from, until), lowest, highest)
}

/// New payload that arrived, bit/s.
#[must_use]
pub fn goodput(trace: &Trace, from: f64, until: f64) -> f64 {
    trace.mean(from, until, |sample| sample.goodput as f64)
}

/// Padding over all that was sent, in the minute that ends at a second.
#[must_use]
pub fn padding_share(trace: &Trace, until: f64) -> f64 {
    let from = (until - 60.0).max(0.0);
    let sent = trace.mean(from, until, |sample| sample.sent as f64);
    trace.mean(from, until, |sample| sample.padding as f64) / sent.max(1.0)
}
