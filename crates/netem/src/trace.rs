//! What happened to a flow, in samples of a fixed interval.

use hubbub_congestion::{MILLISECOND, Micros, SECOND};

/// Time between samples.
pub(crate) const INTERVAL: u64 = 100 * MILLISECOND;

/// An interval of a flow. Rates are bit/s, delays microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// The end of the interval.
    pub at: Micros,
    /// The bottleneck's rate.
    pub capacity: u64,
    /// The estimate; for TCP what was sent.
    pub estimate: u64,
    /// What was sent, padding and repeats included.
    pub sent: u64,
    /// New payload that arrived.
    pub goodput: u64,
    /// That of the first camera.
    pub first_camera: u64,
    /// Padding that was sent.
    pub padding: u64,
    /// The longest time of a packet in queues.
    pub delay: u64,
    /// The step of the first camera that is forwarded.
    pub step: Option<usize>,
    /// How often another encoding of a camera was started.
    pub switches: u32,
    /// The longest time without a decoded frame of a camera, the current one included.
    pub gap: u64,
    /// Packets that were sent.
    pub packets_sent: u64,
    /// Packets that arrived.
    pub packets_arrived: u64,
}

/// The samples of a flow, and the delay of each of its packets.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// In order of time.
    pub samples: Vec<Sample>,
    /// Time of arrival and time in queues, microseconds.
    pub delays: Vec<(Micros, u64)>,
}

impl Trace {
    /// The samples that end in `from..=until`, seconds.
    pub fn between(&self, from: f64, until: f64) -> impl Iterator<Item = &Sample> + Clone {
        let (from, until) = (micros(from), micros(until));
        self.samples
            .iter()
            .filter(move |sample| from < sample.at && sample.at <= until)
    }

    /// The mean of a figure in an interval.
    pub fn mean(&self, from: f64, until: f64, figure: impl Fn(&Sample) -> f64) -> f64 {
        let samples = self.between(from, until);
        let count = samples.clone().count().max(1);
        samples.map(figure).sum::<f64>() / count as f64
    }

    /// A quantile (0 to 1) of the packets' time in queues, milliseconds.
    #[must_use]
    pub fn delay(&self, from: f64, until: f64, quantile: f64) -> f64 {
        let (from, until) = (micros(from), micros(until));
        let mut delays: Vec<u64> = self
            .delays
            .iter()
            .filter(|(at, _)| from <= *at && *at <= until)
            .map(|(_, delay)| *delay)
            .collect();
        delays.sort_unstable();
        let index = (quantile * delays.len() as f64) as usize;
        let delay = delays.get(index.min(delays.len().saturating_sub(1)));
        delay.map_or(0.0, |delay| *delay as f64 / MILLISECOND as f64)
    }

    /// The first time from `from` on, seconds after it, at which a sample fulfils a condition.
    pub fn first(&self, from: f64, condition: impl Fn(&Sample) -> bool) -> Option<f64> {
        let start = micros(from);
        let sample = self
            .samples
            .iter()
            .find(|sample| sample.at > start && condition(sample))?;
        Some(sample.at.since(start) as f64 / SECOND as f64)
    }
}

fn micros(seconds: f64) -> Micros {
    Micros((seconds * SECOND as f64) as u64)
}
